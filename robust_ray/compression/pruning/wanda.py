"""Wanda: weights go that matter little for what a layer is given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from robust_ray.compression.base import COMPRESSIONS, Lesson
from robust_ray.compression.pruning.unstructured import RankedPruning, Ranking
from robust_ray.compression.scope import LinearScope
from robust_ray.core.checks import at_least_one
from robust_ray.core.examples import stable_order
from robust_ray.core.machine import Machine

if TYPE_CHECKING:
    from robust_ray.compression.pruning._weight_scores import Scores
    from robust_ray.models.students import Network


@COMPRESSIONS.register("wanda_pruning")
@dataclass(frozen=True, kw_only=True)
class WandaPruning(RankedPruning):
    """Zero the weights whose magnitude, times the norm of the inputs they are multiplied by, is the smallest.

    Source: Sun et al., 2024, section 3: weights are compared with those of the same output, nothing is trained.
    Deviations: inputs are those of training examples of the task, not of a corpus of the web; all layers are judged
        before any is pruned, rather than one after the other.
    """

    paper: ClassVar[str] = "Sun et al., ICLR 2024, https://arxiv.org/abs/2306.11695"

    scope: LinearScope = "linear"
    """``attention``: queries, keys, values; ``linear``: every linear layer. Never the head."""

    ranking: Ranking = "output"
    """``output``: the weights of each output of each layer, of which the same share goes, ``layer``: those of each
    layer; ``global``: all weights in scope together."""

    calibration_examples: int = 128
    """Training examples that inputs are measured on."""

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least_one("calibration_examples", self.calibration_examples)

    def judge(self, network: Network, lesson: Lesson, machine: Machine, workdir: Path) -> tuple[Network, Scores]:
        """See :meth:`UnstructuredPruning.judge`."""
        from robust_ray.compression._layers import layers_in
        from robust_ray.compression.pruning._weight_scores import contributions

        examples = stable_order(lesson.train)[: self.calibration_examples]
        return network, contributions(network, layers_in(self.scope, network.module), examples, machine)
