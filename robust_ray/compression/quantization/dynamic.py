"""Quantization by torch's own dynamic int8 kernels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from robust_ray.compression.base import COMPRESSIONS, Compression, Lesson, Trace
from robust_ray.compression.quantization.base import ONCE
from robust_ray.compression.teacher import as_trained
from robust_ray.core.machine import Machine


@COMPRESSIONS.register("dynamic_quantization")
@dataclass(frozen=True, kw_only=True)
class DynamicQuantization(Compression):
    """Store linear layers in int8 and quantize their inputs on the fly; nothing is trained or calibrated.

    Source: the numbers of ``torch.ao.quantization.quantize_dynamic``, which runs on the CPU alone. Embeddings, norms
        and biases stay float32.

    The scale of an input is taken over its whole batch, so an answer depends on its batch neighbours: the student is
    marked as not batch-invariant, and asked one example at a time.
    """

    leaves: ClassVar[frozenset[Trace]] = frozenset({"integers"})
    bears: ClassVar[frozenset[Trace]] = frozenset({"zeros", "factors"})
    computes: ClassVar[bool] = False
    cpu_only: ClassVar[bool] = True

    per_channel: bool = True
    """One scale for each output of a layer, rather than one for the layer."""

    def compress(self, teacher: Path, lesson: Lesson, workdir: Path, machine: Machine) -> None:
        """See :meth:`Compression.compress`.

        Raises:
            ModelError: the network has been quantized already, or this machine's torch has no kernels for it.
        """
        from robust_ray.models import students

        description = {"type": "int8_dynamic", "per_channel": self.per_channel}
        students.save(students.alter(as_trained(teacher, self.type, ONCE), description), workdir)
