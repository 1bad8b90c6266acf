"""The student that rows are about: its columns, and the victim it makes."""

from __future__ import annotations

from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from robust_ray.compression import Compression
from robust_ray.core.answer_cache import AnswerCache
from robust_ray.core.call import Inputs
from robust_ray.core.identity import parameters, parameters_and_revision
from robust_ray.core.machine import Machine
from robust_ray.core.victim import Precision
from robust_ray.models import CodeModel, Training
from robust_ray.tasks import Task

if TYPE_CHECKING:
    from robust_ray.models.victim import NetworkVictim


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Which student: the coordinates every row of it carries."""

    model: CodeModel
    task: Task
    training: Training
    compression: Compression
    seed: int
    teacher: str
    """Key of the fine-tuned checkpoint the student was made of."""
    dtype: Precision = "float32"
    """Number format of the forward pass of whatever is measured."""

    @property
    def uses_gpu(self) -> bool:
        """Whether the student can answer on a GPU."""
        return not self.compression.in_order()[-1].cpu_only

    def columns(self, key: str, student: str) -> dict[str, Any]:
        """The columns of :class:`~robust_ray.core.records.CellRecord`."""
        return {
            "key": key,
            "student": student,
            "teacher": self.teacher,
            "model": self.model.type,
            "model_params": parameters_and_revision(self.model),
            "task": self.task.type,
            "task_params": parameters_and_revision(self.task),
            "compression": self.compression.type,
            "compression_params": parameters(self.compression),
            "seed": self.seed,
            "dtype": self.dtype,
        }


def victim_of(inputs: Inputs, role: str, machine: Machine, dtype: Precision) -> NetworkVictim:
    """The checkpoint of ``role`` as a victim, loaded once while it stays warm.

    The vectors it remembers are of one call alone: they come from a batch of other shape in every call, and the last
    bits of a row must not depend on which calls this worker has made before.
    """
    from robust_ray.models import students

    key = f"{inputs.keys[role][0]} {dtype}"
    victim = machine.warm.get(key, lambda: students.load_victim(inputs.checkpoints[role], machine, dtype))
    victim.forget()
    return victim


def remembered(
    inputs: Inputs, role: str, machine: Machine, dtype: Precision
) -> AbstractContextManager[AnswerCache | None]:
    """What earlier calls on this machine have learned of the victim of ``role``; None where nothing is kept."""
    if machine.answers is None:
        return nullcontext()
    return closing(AnswerCache(machine.answers, f"{inputs.keys[role][0]} {dtype} {machine.device}"))
