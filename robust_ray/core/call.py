"""A stage and a stage call: the unit that is planned, dispatched, stored and never done twice.

A :class:`Stage` is a frozen dataclass whose fields are its parameters and whose one verb is ``run``. A
:class:`StageCall` adds the calls it takes its inputs from. The call's *key* is its identity.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeVar

from robust_ray.core.identity import digest, encode
from robust_ray.core.machine import Machine
from robust_ray.core.records import Record

R = TypeVar("R", bound=Record)


class Ref(NamedTuple):
    """Where an input lies in the store."""

    key: str
    table: str | None
    """The table of its rows, or None when it is a checkpoint."""


@dataclass(frozen=True)
class Inputs:
    """The outputs of earlier calls, already on this machine."""

    checkpoints: Mapping[str, Path] = field(default_factory=dict)
    """Role → directory."""

    tables: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    """Role → rows, of all its calls in order."""

    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Role → keys of the calls that made it."""

    def rows(self, role: str, of: type[R]) -> list[R]:
        """The rows of ``role``, checked to be of the record class asked for."""
        found = self.tables.get(role, ())
        wrong = next((row for row in found if not isinstance(row, of)), None)
        if wrong is not None:
            raise TypeError(f"input {role!r}: rows of {of.__name__} are needed, but got {type(wrong).__name__}")
        return [row for row in found if isinstance(row, of)]


class Stage(ABC):
    """A function from inputs and parameters to an output. It writes in ``workdir`` and nowhere else."""

    name: ClassVar[str]
    version: ClassVar[int] = 1

    table: ClassVar[str | None] = None
    """Table its rows go to, or None when its output is what it leaves in ``workdir`` (a checkpoint)."""

    most_gpus: ClassVar[float] = 1
    """GPUs that a call can use at most: none, one, or, where it trains, all that it is given (``math.inf``)."""

    shares_gpu: ClassVar[bool] = True
    """Whether other calls may use the same GPU meanwhile; not where times are measured."""

    @property
    def uses_gpu(self) -> bool:
        """Whether a GPU is of any use to this call."""
        return self.most_gpus > 0

    @abstractmethod
    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        """Do the work; return the rows (none for a checkpoint stage)."""

    @abstractmethod
    def label(self) -> str:
        """The word that makes the key readable, e.g. the attack's type."""


@dataclass(frozen=True)
class StageCall:
    """A stage with its arguments; equal keys are equal work."""

    stage: Stage
    inputs: Mapping[str, tuple[Ref, ...]] = field(default_factory=dict)
    """Role → where the inputs of that role lie."""

    after: tuple[Ref, ...] = ()
    """Calls that must have succeeded first though nothing is read of them; in no key."""

    @cached_property
    def key(self) -> str:
        """``stage-label-vN-hash``."""
        return f"{self.stage.name}-{self.stage.label()}-v{self.stage.version}-{digest(self._identity(self.stage))}"

    @property
    def ref(self) -> Ref:
        """How later calls name this one."""
        return Ref(self.key, self.stage.table)

    @property
    def needs(self) -> tuple[str, ...]:
        """Keys that must be in the store before this call can run."""
        return tuple(ref.key for refs in (*self.inputs.values(), self.after) for ref in refs)

    def describe(self) -> dict[str, Any]:
        """Everything the key was made of, for the provenance of what is stored at it."""
        return {"key": self.key, **self._identity(encode(self.stage))}

    def _identity(self, params: object) -> dict[str, Any]:
        return {
            "stage": self.stage.name,
            "version": self.stage.version,
            "params": params,
            "inputs": {role: [ref.key for ref in refs] for role, refs in self.inputs.items()},
        }
