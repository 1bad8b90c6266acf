"""Tiny stages with real keys, real records and no models, for tests of what surrounds stages."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from robust_ray.core.call import Inputs, Ref, Stage, StageCall
from robust_ray.core.component import outside_key
from robust_ray.core.errors import DataError
from robust_ray.core.machine import Machine
from robust_ray.core.records import Record, SubstituteRecord


@dataclass(frozen=True, kw_only=True)
class Make(Stage):
    """Leaves a checkpoint: a number, and who made each of the ``steps``; a step made before a kill is kept."""

    name: ClassVar[str] = "finetune"
    most_gpus: ClassVar[float] = math.inf

    value: int
    steps: int = 1
    seconds: float = outside_key(0.0)

    def label(self) -> str:
        return "fake"

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        for step in range(self.steps):
            if not (workdir / f"step-{step}").exists():
                time.sleep(self.seconds)
                (workdir / f"step-{step}").write_text(str(os.getpid()))
        total = sum(int(path.joinpath("step-0").read_text()) for path in inputs.checkpoints.values())
        (workdir / "step-0").write_text(str(self.value + total))
        return []


@dataclass(frozen=True, kw_only=True)
class Look(Stage):
    """Three rows about a checkpoint."""

    name: ClassVar[str] = "attack"
    table: ClassVar[str] = SubstituteRecord.table

    value: int = 0
    seconds: float = outside_key(0.0)

    def label(self) -> str:
        return "fake"

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        assert not list(workdir.iterdir())
        (workdir / "scratch").write_text("half")
        time.sleep(self.seconds)
        folder = inputs.checkpoints.get("student")
        seen = machine.warm.get(inputs.keys["student"][0], (folder / "step-0").read_text) if folder else "0"
        return [row(key, f"{seen}+{self.value}", rank) for rank in range(3)]


@dataclass(frozen=True, kw_only=True)
class Compare(Stage):
    """One row about other rows."""

    name: ClassVar[str] = "fidelity"
    table: ClassVar[str] = SubstituteRecord.table

    def label(self) -> str:
        return "fake"

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        rows = inputs.rows("looks", SubstituteRecord)
        return [row(key, ",".join(found.substitute for found in rows), machine.threads)]


@dataclass(frozen=True, kw_only=True)
class Break(Look):
    """Goes wrong in its first attempts, each of which leaves a mark in ``marks``."""

    marks: str = outside_key("")
    times: int = outside_key(10**9)
    how: str = outside_key("raise")
    """``raise``, ``user`` (a user's mistake), ``kill`` (the whole process) or ``crash`` (that, with a last word)."""

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        marks = Path(self.marks)
        attempt = len(list(marks.glob(f"{key}-*")))
        (marks / f"{key}-{attempt}").touch()
        if attempt < self.times:
            if self.how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.how == "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            raise (
                DataError("data: nothing must be wrong, but all is; mend it")
                if self.how == "user"
                else RuntimeError("boom")
            )
        return super().run(key, inputs, workdir, machine)


@dataclass(frozen=True, kw_only=True)
class Fit(Look):
    """Lacks memory unless its batches are small; its rows do not depend on them."""

    fits: int = outside_key(10**9)
    """Padded tokens that fit."""

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        if machine.max_batch_tokens > self.fits:
            raise MemoryError("Unable to allocate 2.00 GiB for an array")
        return super().run(key, inputs, workdir, machine)


@dataclass(frozen=True, kw_only=True)
class Hold(Look):
    """Says on which GPUs it ran, once as many calls as it waits for run at the same time."""

    on_gpu: bool = True
    folder: str = outside_key("")
    """Where calls meet."""
    company: int = outside_key(1)
    """Calls that must have come there, itself counted."""

    @property
    def uses_gpu(self) -> bool:
        return self.on_gpu

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        Path(self.folder, key).touch()
        deadline = time.monotonic() + 240
        while len(list(Path(self.folder).iterdir())) < self.company:
            assert time.monotonic() < deadline, "not all came"
            time.sleep(0.05)
        gpus = os.environ.get("CUDA_VISIBLE_DEVICES", "")
        return [row(key, gpu, machine.devices) for gpu in filter(None, gpus.split(","))]


def row(key: str, substitute: str, rank: int) -> SubstituteRecord:
    """A row with just enough in it."""
    return SubstituteRecord(
        key=key, source="fake", uid=None, identifier=None, substitute=substitute, rank=rank, score=0.5
    )


def attempts(marks: Path, call: StageCall) -> int:
    """How often a :class:`Break` was tried."""
    return len(list(marks.glob(f"{call.key}-*")))


def call(stage: Stage, **inputs: StageCall | Sequence[StageCall]) -> StageCall:
    """A call of a stage on the outputs of other calls."""
    refs: dict[str, tuple[Ref, ...]] = {
        role: (made.ref,) if isinstance(made, StageCall) else tuple(each.ref for each in made)
        for role, made in inputs.items()
    }
    return StageCall(stage, refs)


def small_plan(students: int = 2, looks: int = 2, *, seconds: float = 0.0, steps: int = 1) -> list[StageCall]:
    """A teacher, its students, looks at each, and one comparison per student."""
    teacher = call(Make(value=1, seconds=seconds, steps=steps))
    made = [call(Make(value=10 * (n + 1), seconds=seconds, steps=steps), teacher=teacher) for n in range(students)]
    seen = [[call(Look(value=n, seconds=seconds), student=student) for n in range(looks)] for student in made]
    compared = [call(Compare(), student=student, looks=each) for student, each in zip(made, seen, strict=True)]
    return [teacher, *made, *(look for each in seen for look in each), *compared]
