"""Whether two Python programs do the same, found out by running both on the same inputs.

They run in a process of their own (:mod:`robust_ray.sandbox`), where they can reach nothing of this machine: a
module, a file or a name they do not define themselves is a stand-in that notes what is asked of it. So a function that
deletes folders can be compared with its renamed twin: both ask the same stand-in for the same deletion.
"""

from __future__ import annotations

import contextlib
import json
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from robust_ray.source.compilers import python_module

INPUTS = 8
"""Times each pair of programs is run, each time with other arguments."""

SECONDS = 20.0
"""Longest wait for a pair; the process ends itself long before."""

_COMMAND = (sys.executable, "-P", "-S", "-s", "-B", "-m", "robust_ray.sandbox")
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "PYTHONPATH": str(Path(__file__).parents[2])}


class Comparison(NamedTuple):
    """What running two programs showed."""

    informative: int
    """Inputs on which the original ended: those that say something."""

    difference: str | None
    """Where the other first did something else; None when it never did."""


def compare(pairs: Iterable[tuple[str, str]], *, seed: int = 0, inputs: int = INPUTS) -> Iterator[Comparison]:
    """Run programs and their changed twins, one pair after the other.

    A program's text is executed, then each function it defines, methods included, is called with arguments drawn from
    ``seed``, passed by position. Compared are results and exceptions (by type), arguments after the call, output, and
    all that is asked of stand-ins, in order. A pair has no informative input when the original does not compile, runs
    for too long, or reaches into the interpreter's own objects, which is refused.

    Args:
        pairs: Original and changed program.
        seed: Decides the arguments, the same for every pair.
        inputs: Runs of each pair.
    """
    with tempfile.TemporaryDirectory(prefix="robust-ray-") as folder, _Sandbox(folder) as sandbox:
        for pair in pairs:
            original, changed = map(python_module, pair)
            request = {"original": original, "changed": changed, "seed": seed, "inputs": inputs}
            answer = sandbox.ask(request)
            if answer is None and sandbox.ask(request | {"changed": original}) is not None:
                answer = sandbox.ask(request) or Comparison(inputs, "it ends the process, the original does not")
            yield answer or Comparison(0, None)


class _Sandbox:
    """The process that runs programs; one that breaks it costs its own pair only."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def ask(self, request: dict[str, object]) -> Comparison | None:
        """The answer to a request; None when the process ended over it."""
        process = self.process = self.process or self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        line = b""
        with contextlib.suppress(OSError):
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], SECONDS)
            line = process.stdout.readline() if ready else b""
        if not line:
            self._stop()
            return None
        return Comparison(**json.loads(line))

    def _started(self) -> subprocess.Popen[bytes]:
        """A bare interpreter: no packages, an empty folder, an order of sets that never changes."""
        pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
        return subprocess.Popen(_COMMAND, stdin=pipe, stdout=pipe, stderr=nowhere, cwd=self.folder, env=_ENVIRONMENT)

    def _stop(self) -> None:
        """End the process, if there is one."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None
