"""TextAttack, imported without a network, without a manual step, and without a trace.

By itself its import downloads word lists, dies where NLTK's stop words cannot be had, writes in the user's home, sets
everybody's logging, draws from the global random generators and moves Hugging Face's cache. Here it finds a temporary
folder in which all that looks done, and what it changed in the process is put back.

Whoever needs TextAttack writes ``from robust_ray.attacks.textattack.library import textattack``; Python's import lock
makes the first one wait for nobody and the others for the first.
"""

from __future__ import annotations

import importlib
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

import nltk
import numpy as np

from robust_ray.attacks.textattack.dice import Dice

__all__ = ["textattack"]

CACHE = "TA_CACHE_DIR"
"""Environment variable: where TextAttack keeps what it has downloaded. Hugging Face's and other caches follow it."""

DOWNLOADS_DONE = "post_install_check_3"
"""A file in that folder which says that the word lists need not be downloaded."""

BEFORE = ("datasets", "flair")
"""What TextAttack imports anyway and must find the user's caches: imported before those are moved."""


@contextmanager
def _undone() -> Iterator[None]:
    """Pretend that the installation was finished, and forget afterwards what the import has changed."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="textattack-")))
        (folder / DOWNLOADS_DONE).touch()
        stack.enter_context(Dice(np.random.default_rng(0)).rolled())
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        # Both TextAttack and flair configure logging for the whole process, which disables every logger there is.
        stack.enter_context(mock.patch("logging.config.dictConfig"))
        stack.enter_context(_environment(MPLCONFIGDIR=str(folder)))
        for name in BEFORE:
            importlib.import_module(name)
        stack.enter_context(_environment(**{CACHE: str(folder)}))
        stack.enter_context(_stopwords(folder))
        yield


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    """Environment variables for a while; in the end those that came up meanwhile are gone."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.update(before)
        for name in os.environ.keys() - before.keys():
            del os.environ[name]


@contextmanager
def _stopwords(folder: Path) -> Iterator[None]:
    """NLTK's stop words for a while: the user's own, or else a few that satisfy a default argument nobody uses."""
    try:
        nltk.corpus.stopwords.words("english")
    except LookupError:
        (folder / "corpora" / "stopwords").mkdir(parents=True)
        (folder / "corpora" / "stopwords" / "english").write_text("a\nan\nand\nis\nof\nthe\nto\n")
        nltk.data.path.append(str(folder))
        try:
            yield
        finally:
            nltk.data.path.remove(str(folder))
            nltk.corpus.stopwords._unload()
    else:
        yield


_cache = os.environ.get(CACHE, str(Path("~/.cache/textattack").expanduser()))

with _undone():
    import textattack

textattack.shared.utils.install.TEXTATTACK_CACHE_DIR = _cache
# Its validators doubt, for each goal function that is made, whether they know the victim.
textattack.shared.logger.addFilter(lambda record: record.module != "validators")
