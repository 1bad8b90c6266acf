from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.torch

IMPORT = """
import logging, os, random, socket, sys, warnings

def refuse(*arguments, **options):
    print("asked for the network", arguments)
    raise OSError("no network")

socket.socket.connect = socket.getaddrinfo = refuse

import datasets, flair, nltk, numpy, torch

def state():
    loggers = [logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    return {
        "environment": dict(os.environ),
        "python": random.getstate(),
        "numpy": str(numpy.random.get_state()),
        "torch": torch.get_rng_state().tolist(),
        "warnings": list(warnings.filters),
        "disabled": [logger.name for logger in loggers if logger.disabled],
        "root": (logging.root.level, list(logging.root.handlers)),
        "threads": torch.get_num_threads(),
        "nltk": list(nltk.data.path),
    }

before = state()
from robust_ray.attacks.textattack.library import textattack
for name, value in state().items():
    if value != before[name]:
        print(name, "was", before[name], "is", value)

from pathlib import Path
assert textattack.shared.utils.install.TEXTATTACK_CACHE_DIR == str(Path.home() / ".cache" / "textattack")
try:
    nltk.corpus.stopwords.words("english")
except LookupError:
    pass
else:
    print("there are stop words")
"""


def test_the_import_needs_no_network_and_leaves_no_trace(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("TA_", "NLTK", "XDG", "HF"))
    }
    fresh = subprocess.run(
        [sys.executable, "-c", IMPORT],
        cwd=Path(__file__).parents[3],
        env={**environment, "HOME": str(home), "MPLCONFIGDIR": str(tmp_path / "matplotlib"), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (fresh.stdout, fresh.stderr, fresh.returncode) == ("", "", 0)
    assert not list(home.iterdir())
