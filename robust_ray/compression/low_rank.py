"""Low rank: a linear layer becomes two thinner ones, smaller and faster together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from robust_ray.compression.base import COMPRESSIONS, Compression, Lesson, Trace
from robust_ray.compression.recovery import need_epochs, recover
from robust_ray.compression.scope import LinearScope
from robust_ray.compression.teacher import as_trained
from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.machine import Machine

if TYPE_CHECKING:
    from torch import Tensor

    from robust_ray.compression._low_rank_math import Factors


@COMPRESSIONS.register("low_rank")
@dataclass(frozen=True, kw_only=True)
class LowRank(Compression):
    """Split linear layers in the two factors of their nearest matrix of low rank, which then recover if asked to.

    Source: Xue, Li, Gong, "Restructuring of Deep Neural Network Acoustic Models with Singular Value Decomposition",
        Interspeech 2013: the largest singular values of trained layers are kept, then fine-tuning.
    Deviations: both factors take an even part in the singular values, so that neither learns faster. A layer that would
        not become smaller stays whole.
    """

    paper: ClassVar[str] = (
        "Xue, Li, Gong, Interspeech 2013, https://www.microsoft.com/en-us/research/publication/"
        "restructuring-of-deep-neural-network-acoustic-models-with-singular-value-decomposition"
    )

    leaves: ClassVar[frozenset[Trace]] = frozenset({"factors"})

    ratio: float | None = None
    """Numbers that two factors hold at most for each number of their layer, in (0, 1); null to go by `energy`."""

    energy: float | None = None
    """Share of the sum of the squared singular values of a layer that is kept at least, in (0, 1)."""

    scope: LinearScope = "linear"
    """``attention``: queries, keys, values; ``linear``: every linear layer. Never the head."""

    recovery_epochs: int = 0
    """Epochs of fine-tuning of the factors; 0 for none."""

    def __post_init__(self) -> None:
        if (self.ratio is None) is (self.energy is None):
            raise SweepError(
                f"exactly one of `ratio` and `energy` must be given, but got {self.ratio} and {self.energy}; "
                "`ratio` says how small, `energy` how near"
            )
        for name in ("ratio", "energy"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1:
                raise SweepError(f"`0 < {name} < 1` must hold, but got {value}; type 'none' is for no compression")
        need_epochs(self.recovery_epochs)

    def compress(self, teacher: Path, lesson: Lesson, workdir: Path, machine: Machine) -> None:
        """See :meth:`Compression.compress`.

        Raises:
            ModelError: the network has been quantized, or none of its layers would become smaller.
        """
        from robust_ray.compression._layers import layers_in, weight_of
        from robust_ray.models import students
        from robust_ray.models.alterations.factors import FactoredLinear

        network = as_trained(teacher, self.type, "put it before the quantization")
        layers = layers_in(self.scope, network.module)
        found = {name: self._factors(weight_of(layer)) for name, layer in layers.items()}
        factors = {name: each for name, each in found.items() if each is not None}
        if not factors:
            raise ModelError(
                f"compression 'low_rank': one of {len(layers)} linear layers in scope {self.scope!r} must become "
                "smaller, but none would; keep less of them, or use 'weight_sharing'"
            )
        ranks = {name: each.down.shape[0] for name, each in factors.items()}
        network = students.alter(network, {"type": "low_rank", "ranks": ranks})
        for name, each in factors.items():
            layer = network.module.get_submodule(name)
            assert isinstance(layer, FactoredLinear)
            layer.set(*each)
        students.save(recover(network, lesson, self.recovery_epochs, machine, workdir), workdir)

    def _factors(self, weight: Tensor) -> Factors | None:
        """Those of an ``(outputs, inputs)`` matrix; None where they would be no smaller."""
        from robust_ray.compression._low_rank_math import (
            Factors,
            is_smaller,
            nearest_of_rank,
            rank_of_energy,
            rank_of_ratio,
            take_apart,
        )

        outputs, inputs = weight.shape
        parts = take_apart(weight)
        if self.ratio is not None:
            rank = rank_of_ratio(outputs, inputs, self.ratio)
        else:
            assert self.energy is not None  # one of the two is given
            rank = rank_of_energy(parts.values, self.energy)
        if not is_smaller(outputs, inputs, rank):
            return None
        return Factors(*(each.to(weight.dtype) for each in nearest_of_rank(parts, rank)))
