"""Movement pruning: weights go that fine-tuning moves towards zero."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from robust_ray.compression.base import COMPRESSIONS, Lesson
from robust_ray.compression.pruning.unstructured import RankedPruning
from robust_ray.compression.recovery import recover
from robust_ray.compression.scope import Scope
from robust_ray.core.checks import at_least_one
from robust_ray.core.machine import Machine

if TYPE_CHECKING:
    from robust_ray.compression.pruning._weight_scores import Scores
    from robust_ray.models.students import Network


@COMPRESSIONS.register("movement_pruning")
@dataclass(frozen=True, kw_only=True)
class MovementPruning(RankedPruning):
    """Fine-tune, and zero the weights that the gradient has drawn most towards zero, however large they are.

    A weight's score is the sum, over the steps of fine-tuning, of minus the weight times its gradient.

    Source: Sanh, Wolf, Rush, 2020, section 4, with its cubic schedule over ``rounds``.
    Deviations: weights go at the end of each round, for good; there they are chosen anew before every step, and may
        return. Gradients are those the optimizer sees, clipped, and weights those behind its step.
    """

    paper: ClassVar[str] = "Sanh, Wolf, Rush, NeurIPS 2020, https://arxiv.org/abs/2005.07683"

    scope: Scope = "linear"
    """``attention``: queries, keys, values; ``linear``: every linear layer; ``all``: embeddings too. Never the head."""

    movement_epochs: int = 1
    """Epochs of fine-tuning at the beginning of each round, over which movement is watched; the weights and scores of
    the best one are taken."""

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least_one("movement_epochs", self.movement_epochs)

    def judge(self, network: Network, lesson: Lesson, machine: Machine, workdir: Path) -> tuple[Network, Scores]:
        """See :meth:`UnstructuredPruning.judge`."""
        from robust_ray.compression._layers import layers_in, matrix
        from robust_ray.models import students
        from robust_ray.models.alterations.movement import forget_movement, note_movement

        names = list(layers_in(self.scope, network.module))
        watched = students.alter(network, {"type": "watch_movement", "layers": names})
        learned = recover(watched, lesson, self.movement_epochs, machine, workdir, after_step=note_movement)
        layers = {name: learned.module.get_submodule(name) for name in names}
        scores = {name: matrix(layer, forget_movement(layer)) for name, layer in layers.items()}
        return replace(learned, alterations=network.alterations), scores
