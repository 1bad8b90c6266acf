"""Random pruning: what every other pruning must beat."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from robust_ray.compression.base import COMPRESSIONS, Lesson
from robust_ray.compression.pruning.unstructured import RankedPruning
from robust_ray.core.examples import generator
from robust_ray.core.machine import Machine

if TYPE_CHECKING:
    from robust_ray.compression.pruning._weight_scores import Scores
    from robust_ray.models.students import Network


@COMPRESSIONS.register("random_pruning")
@dataclass(frozen=True, kw_only=True)
class RandomPruning(RankedPruning):
    """Zero weights by chance. The draws are the same for every sparsity: what goes at 0.2 is gone at 0.4 too."""

    @property
    def judges_anew(self) -> bool:
        """See :meth:`GradualPruning.judges_anew`."""
        return False

    def judge(self, network: Network, lesson: Lesson, machine: Machine, workdir: Path) -> tuple[Network, Scores]:
        """See :meth:`UnstructuredPruning.judge`."""
        import numpy as np
        import torch

        from robust_ray.compression._layers import layers_in, weight_of

        rng = generator(str(self.type), lesson.seed)
        shapes = {name: weight_of(layer).shape for name, layer in layers_in(self.scope, network.module).items()}
        return network, {name: torch.from_numpy(rng.random(shape, np.float32)) for name, shape in shapes.items()}
