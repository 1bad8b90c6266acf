"""Unstructured pruning: small weights become zero, shapes stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from robust_ray.compression.base import COMPRESSIONS, Compression, Lesson
from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.machine import Machine

if TYPE_CHECKING:
    from torch import Tensor, nn

Scope = Literal["attention", "linear", "all"]

ATTENTION = frozenset({"query", "key", "value", "q_proj", "k_proj", "v_proj", "q", "k", "v", "c_attn"})
"""Layers that make queries, keys and values in RoBERTa, PLBART, T5 and GPT-2 (whose ``c_attn`` makes all three)."""


@COMPRESSIONS.register("magnitude_pruning")
@dataclass(frozen=True, kw_only=True)
class MagnitudePruning(Compression):
    """Zero the smallest weights of the encoder, ranked together, and fine-tune what is left if asked to.

    Source: d'Aloisio et al., "On the Compression of Language Models for Code", SANER 2025: scope ``attention``,
        sparsity 0.2, 0.4 or 0.6, no recovery.
    Deviations: biases are never pruned (the authors prune them too at 0.6 on defect detection).
    """

    paper: ClassVar[str] = "d'Aloisio et al., SANER 2025, https://arxiv.org/abs/2412.13737"

    sparsity: float
    """Share of the weights in scope that become zero, in (0, 1)."""

    scope: Scope = "attention"
    """``attention``: queries, keys, values; ``linear``: every linear layer; ``all``: embeddings too. Never the head."""

    recovery_epochs: int = 0
    """Epochs of fine-tuning with the zeros held at zero; 0 for none."""

    def __post_init__(self) -> None:
        if not 0 < self.sparsity < 1:
            raise SweepError(f"`0 < sparsity < 1` must hold, but got {self.sparsity}; type 'none' is for no pruning")
        if self.recovery_epochs < 0:
            raise SweepError(f"`recovery_epochs >= 0` must hold, but got {self.recovery_epochs}; 0 is for no recovery")

    def compress(self, teacher: Path, lesson: Lesson, workdir: Path, machine: Machine) -> None:
        """See :meth:`Compression.compress`.

        Raises:
            ModelError: the network has no weights in scope.
        """
        from robust_ray.compression._pruning_math import smallest
        from robust_ray.models import students, training

        network = students.load(teacher)
        weights = weights_in(self.scope, network.module)
        if not weights:
            raise ModelError(
                f"compression 'magnitude_pruning': scope {self.scope!r} must name layers of the network, "
                f"but {type(network.module).__name__} has none of them; use scope 'linear'"
            )
        masks = smallest(weights, self.sparsity)
        zero(weights, masks)
        if self.recovery_epochs:
            network = training.fine_tune(
                network,
                lesson.train,
                lesson.valid,
                replace(lesson.training, epochs=self.recovery_epochs),
                lesson.seed,
                machine,
                workdir,
                after_step=Hold(self.scope, masks),
            )
        students.save(network, workdir)


@dataclass(frozen=True, eq=False)
class Hold:
    """Puts pruned weights back to zero after every step in which the others recover."""

    scope: Scope
    masks: list[Tensor]

    def __call__(self, module: nn.Module) -> None:
        """Mask the module's weights, on whatever device they are; the masks stay there for the next step."""
        weights = weights_in(self.scope, module)
        self.masks[:] = [mask.to(weight.device) for mask, weight in zip(self.masks, weights, strict=True)]
        zero(weights, self.masks)


def weights_in(scope: Scope, module: nn.Module) -> list[nn.Parameter]:
    """The weights of a classifier's encoder that a scope names, each once, in the order of its layers."""
    from torch import nn
    from transformers import PreTrainedModel
    from transformers.pytorch_utils import Conv1D

    encoder: nn.Module = next(part for part in module.modules() if isinstance(part, PreTrainedModel)).base_model
    chosen: dict[nn.Parameter, None] = {}
    for name, layer in encoder.named_modules():
        linear = isinstance(layer, nn.Linear | Conv1D)
        wanted = linear and (scope != "attention" or name.rpartition(".")[2] in ATTENTION)
        if wanted or (scope == "all" and isinstance(layer, nn.Embedding)):
            chosen[layer.weight] = None
    return list(chosen)


def zero(weights: Sequence[nn.Parameter], masks: Sequence[Tensor]) -> None:
    """Put the masked weights to a zero without sign, in place: what a packer of files sees as a run of equal bytes."""
    for weight, mask in zip(weights, masks, strict=True):
        weight.data.masked_fill_(mask, 0.0)
