"""Of a worker that died there is one sentence: what it said itself, or else what Ray says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from robust_ray.dispatch import deaths

CRASHING = """
import ctypes, threading
from robust_ray.dispatch.deaths import last_words
stream = last_words()
threading.Thread(target=threading.Event().wait, daemon=True).start()
def parse():
    ctypes.string_at(0)
print(stream.name, flush=True)
parse()
"""

KILLED = """The actor died unexpectedly before finishing this task.
The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR Some common causes include: (1)"""


def test_a_crash_says_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROBUST_RAY_WORK", str(tmp_path))
    died = subprocess.run([sys.executable, "-c", CRASHING], capture_output=True, text=True, check=False)
    path = Path(died.stdout.strip())
    assert died.returncode < 0
    words = deaths.heard(path)
    assert deaths.reason(words, KILLED, "node7").startswith(
        "the worker died on node7: Segmentation fault, in string_at ("
    )
    assert "in parse" in words
    assert not path.exists()
    assert deaths.heard(path) == ""


@pytest.mark.parametrize(
    ("details", "sentence"),
    [
        (KILLED, "the worker died on node7 without a word, as if killed; `dmesg` there names what ran out of memory"),
        ("Failure\n  ModuleNotFoundError: x\n\n", "the worker died on node7: ModuleNotFoundError: x"),
        ("so " * 200, "the worker died on node7: " + "so " * 66 + "…"),
        ("", "the worker died on node7: Ray gives no reason"),
    ],
)
def test_without_a_last_word_there_is_what_ray_says(details: str, sentence: str) -> None:
    assert deaths.reason("", details, "node7") == sentence


def test_a_lost_node_is_the_reason_whatever_was_said() -> None:
    found = deaths.reason("Fatal Python error: Aborted", KILLED, "node7", is_lost=True)
    assert found == "the worker was lost with its node, node7"
