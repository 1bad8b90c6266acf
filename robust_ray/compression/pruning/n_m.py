"""N:M pruning: of each few neighbours only so many are left, a pattern that hardware can skip."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from robust_ray.compression.base import COMPRESSIONS, Lesson
from robust_ray.compression.pruning.unstructured import UnstructuredPruning
from robust_ray.compression.scope import LinearScope
from robust_ray.core.checks import at_least_one
from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.examples import stable_order
from robust_ray.core.machine import Machine

if TYPE_CHECKING:
    from torch import Tensor

    from robust_ray.compression.pruning._weight_scores import Scores
    from robust_ray.models.students import Network


@COMPRESSIONS.register("n_m_pruning")
@dataclass(frozen=True, kw_only=True)
class NMPruning(UnstructuredPruning):
    """Keep the most important of each few weights that a layer multiplies neighbouring inputs by; zero the others.

    Source: Mishra et al., 2021: 2 of 4, by magnitude; with ``wanda``, Sun et al., ICLR 2024, section 3.
    Deviations: a dense layer computes the zeros too. GPUs since NVIDIA's Ampere can skip those of 2:4, but nothing here
        makes them.
    """

    paper: ClassVar[str] = "Mishra et al., 2021, https://arxiv.org/abs/2104.08378"

    kept: int = 2
    """Weights that are left of each group: the N."""

    group: int = 4
    """Weights of a group: the M."""

    importance: Literal["magnitude", "wanda"] = "magnitude"
    """``magnitude``: of the weight; ``wanda``: the same times the norm of the inputs it is multiplied by."""

    scope: LinearScope = "linear"
    """``attention``: queries, keys, values; ``linear``: every linear layer. Never the head."""

    calibration_examples: int = 128
    """Training examples that inputs are measured on, for ``wanda``."""

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least_one("calibration_examples", self.calibration_examples)
        if not 0 < self.kept < self.group:
            raise SweepError(
                f"`0 < kept < group` must hold, but got {self.kept} of {self.group}; 2 of 4 is what GPUs can skip"
            )
        if self.rounds > self.group - self.kept:
            raise SweepError(
                f"`rounds <= {self.group - self.kept}` must hold where so many of each group go, but got "
                f"{self.rounds}; lower it"
            )

    @property
    def judges_anew(self) -> bool:
        """See :meth:`GradualPruning.judges_anew`."""
        return self.importance == "wanda"

    def _need_weights(self, network: Network) -> None:
        from robust_ray.compression._layers import layers_in
        from robust_ray.compression.pruning._weight_scores import magnitudes

        super()._need_weights(network)
        scores = list(magnitudes(layers_in(self.scope, network.module)).values())
        if not any(score[gone].any() for score, gone in zip(scores, self.chosen(scores, 1.0), strict=True)):
            raise ModelError(
                f"compression {self.type!r}: more than {self.kept} of some {self.group} weights must be left, but no "
                "more are; keep fewer"
            )

    def is_done_by(self, earlier: UnstructuredPruning) -> bool:
        """See :meth:`UnstructuredPruning.is_done_by`."""
        if not isinstance(earlier, NMPruning) or (earlier.scope, earlier.group) != (self.scope, self.group):
            return False
        return earlier.kept <= self.kept

    def judge(self, network: Network, lesson: Lesson, machine: Machine, workdir: Path) -> tuple[Network, Scores]:
        """See :meth:`UnstructuredPruning.judge`."""
        from robust_ray.compression._layers import layers_in
        from robust_ray.compression.pruning._weight_scores import contributions, magnitudes

        layers = layers_in(self.scope, network.module)
        if self.importance == "magnitude":
            return network, magnitudes(layers)
        examples = stable_order(lesson.train)[: self.calibration_examples]
        return network, contributions(network, layers, examples, machine)

    def chosen(self, scores: list[Tensor], progress: float) -> list[Tensor]:
        """See :meth:`UnstructuredPruning.chosen`."""
        from robust_ray.compression.pruning._weight_math import lowest_of_groups

        # rounded down, since rounded up the last round would find nothing left to do
        count = int(progress * (self.group - self.kept))
        return [lowest_of_groups(score, count, self.group) for score in scores]
