"""Magnitude pruning: small weights go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from robust_ray.compression.base import COMPRESSIONS, Lesson
from robust_ray.compression.pruning.unstructured import RankedPruning
from robust_ray.core.machine import Machine

if TYPE_CHECKING:
    from robust_ray.compression.pruning._weight_scores import Scores
    from robust_ray.models.students import Network


@COMPRESSIONS.register("magnitude_pruning")
@dataclass(frozen=True, kw_only=True)
class MagnitudePruning(RankedPruning):
    """Zero the smallest weights, and fine-tune what is left if asked to.

    Source: d'Aloisio et al., "On the Compression of Language Models for Code", SANER 2025: scope ``attention``,
        sparsity 0.2, 0.4 or 0.6, all weights ranked together, no recovery.
    Deviations: biases are never pruned (the authors prune them too at 0.6 on defect detection); in summarization, the
        new decoder is pruned like the encoder.
    """

    paper: ClassVar[str] = "d'Aloisio et al., SANER 2025, https://arxiv.org/abs/2412.13737"

    @property
    def judges_anew(self) -> bool:
        """See :meth:`GradualPruning.judges_anew`."""
        return False

    def judge(self, network: Network, lesson: Lesson, machine: Machine, workdir: Path) -> tuple[Network, Scores]:
        """See :meth:`UnstructuredPruning.judge`."""
        from robust_ray.compression._layers import layers_in
        from robust_ray.compression.pruning._weight_scores import magnitudes

        return network, magnitudes(layers_in(self.scope, network.module))
