"""What all quantizations have in common: linear layers change their numbers, perhaps after a rehearsal."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from robust_ray.compression.base import Compression, Lesson, Trace
from robust_ray.compression.recovery import recover
from robust_ray.compression.teacher import as_trained
from robust_ray.core.errors import SweepError
from robust_ray.core.machine import Machine

if TYPE_CHECKING:
    from robust_ray.models.students import Network

ONCE = "quantize the teacher, once"
"""What to do where a teacher is quantized already."""

SMALLEST_GROUP = 8
"""Weights; the scale of fewer would take as much space as they do."""


@dataclass(frozen=True, kw_only=True)
class Quantization(Compression):
    """Quantize every linear layer; norms and biases stay as they are, and so do embeddings unless a field says more.

    An output layer that shares its weights with the embeddings is treated as they are.
    """

    leaves: ClassVar[frozenset[Trace]] = frozenset({"integers"})

    bears: ClassVar[frozenset[Trace]] = frozenset({"zeros", "factors"})

    rehearsal_epochs: int = 0
    """Epochs of fine-tuning before, in which layers answer as if they were quantized already and gradients pass
    straight through (quantization-aware training); 0 for none. Embeddings are not rehearsed."""

    def __post_init__(self) -> None:
        if self.rehearsal_epochs < 0:
            raise SweepError(f"`rehearsal_epochs >= 0` must hold, but got {self.rehearsal_epochs}; 0 is for none")

    def compress(self, teacher: Path, lesson: Lesson, workdir: Path, machine: Machine) -> None:
        """See :meth:`Compression.compress`.

        Raises:
            ModelError: the network has been quantized already, or has no linear layers.
        """
        from robust_ray.models import students

        network = as_trained(teacher, self.type, ONCE)
        change = self.change(network, lesson, machine)
        if self.rehearsal_epochs:
            network = self._rehearsed(network, change, lesson, machine, workdir)
        students.save(students.alter(network, change), workdir)

    @abstractmethod
    def change(self, network: Network, lesson: Lesson, machine: Machine) -> Mapping[str, Any]:
        """The description of the alteration that quantizes the network."""

    def _rehearsed(
        self, network: Network, change: Mapping[str, Any], lesson: Lesson, machine: Machine, workdir: Path
    ) -> Network:
        """The network, its weights used to what will become of them."""
        from robust_ray.models import students
        from robust_ray.models.alterations import end_rehearsal

        before = network.alterations
        network = students.alter(network, {"type": "rehearsal", "of": change})
        network = recover(network, lesson, self.rehearsal_epochs, machine, workdir)
        return replace(network, module=end_rehearsal(network.module), alterations=before)

    def _need_bits(self, name: str, low: int, high: int) -> None:
        """Refuse more or fewer bits than a number may have."""
        bits = getattr(self, name)
        if not low <= bits <= high:
            raise SweepError(f"`{low} <= {name} <= {high}` must hold, but got {bits}; type 'none' is for all of them")

    def _need_group(self, size: int | None) -> None:
        """Refuse groups that are not worth their scale."""
        if size is not None and size < SMALLEST_GROUP:
            raise SweepError(f"`group_size >= {SMALLEST_GROUP}` must hold, but got {size}; 64 is usual")
