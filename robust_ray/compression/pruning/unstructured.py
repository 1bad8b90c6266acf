"""What all unstructured prunings have in common: weights are judged, the least important become zero, shapes stay."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from robust_ray.compression.base import Compression, Lesson, Trace
from robust_ray.compression.pruning.gradual import GradualPruning
from robust_ray.compression.recovery import recover
from robust_ray.compression.scope import Scope
from robust_ray.compression.teacher import as_trained
from robust_ray.core.errors import ModelError
from robust_ray.core.machine import Machine

if TYPE_CHECKING:
    from torch import Tensor

    from robust_ray.compression.pruning._weight_scores import Scores
    from robust_ray.models.students import Network

Ranking = Literal["global", "layer", "output"]


@dataclass(frozen=True, kw_only=True)
class UnstructuredPruning(GradualPruning):
    """Judge weights, zero the least important, let the rest recover if asked to. What is zero already goes first."""

    leaves: ClassVar[frozenset[Trace]] = frozenset({"zeros"})

    bears: ClassVar[frozenset[Trace]] = frozenset({"zeros", "factors"})

    scope: Scope = "attention"
    """``attention``: queries, keys, values; ``linear``: every linear layer; ``all``: embeddings too. Never the head."""

    def compress(self, teacher: Path, lesson: Lesson, workdir: Path, machine: Machine) -> None:
        """See :meth:`Compression.compress`.

        Raises:
            ModelError: the network has no weights in scope, has been quantized, or is as sparse already.
        """
        network = as_trained(teacher, self.type, "prune them before")
        self._need_weights(network)

        def once(network: Network, progress: float) -> Network:
            judged, scores = self.judge(network, lesson, machine, workdir)
            self._zero(judged, scores, progress)
            return recover(judged, lesson, self.recovery_epochs, machine, workdir)

        self._in_rounds(network, once, workdir)

    def changes(self, earlier: Sequence[Compression]) -> bool:
        """See :meth:`Compression.changes`."""
        for step in reversed(earlier):
            if not isinstance(step, UnstructuredPruning):
                break
            if self.is_done_by(step):
                return False
        return True

    @abstractmethod
    def is_done_by(self, earlier: UnstructuredPruning) -> bool:
        """Whether it is sure that whatever would become zero is so already, when this comes behind another."""

    @abstractmethod
    def judge(self, network: Network, lesson: Lesson, machine: Machine, workdir: Path) -> tuple[Network, Scores]:
        """How important each weight in scope is, and the network, which may have learned something on the way."""

    @abstractmethod
    def chosen(self, scores: list[Tensor], progress: float) -> list[Tensor]:
        """Which weights of each layer are to be zero when so much of the way is gone.

        Args:
            scores: ``(outputs, inputs)`` of each layer; minus infinity for what is zero.
            progress: In (0, 1].

        Returns:
            Bool tensors of the same shapes.
        """

    def _need_weights(self, network: Network) -> None:
        from robust_ray.compression._layers import layers_in

        where = f"compression {self.type!r}"
        if not layers_in(self.scope, network.module):
            raise ModelError(
                f"{where}: scope {self.scope!r} must name layers of the network, "
                f"but {type(network.module).__name__} has none of them; use scope 'linear'"
            )

    def _zero(self, network: Network, scores: Scores, progress: float) -> None:
        """Zeros without sign, which a packer of files sees as a run of equal bytes."""
        import torch

        from robust_ray.compression._layers import layers_in, weight_of

        weights = [weight_of(layer) for layer in layers_in(self.scope, network.module).values()]
        pairs = zip(weights, scores.values(), strict=True)
        standing = [score.masked_fill(weight == 0, -torch.inf) for weight, score in pairs]
        for weight, gone in zip(weights, self.chosen(standing, progress), strict=True):
            weight.masked_fill_(gone, 0.0)


@dataclass(frozen=True, kw_only=True)
class RankedPruning(UnstructuredPruning):
    """Zero a share of the weights, exact to the element."""

    sparsity: float
    """Share of the weights in scope that become zero, in (0, 1)."""

    ranking: Ranking = "global"
    """``global``: all weights in scope together; ``layer``: those of each layer, ``output``: those of each output of
    each layer, of which the same share goes, but where more is zero already."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._need_sparsity(self.sparsity)

    def _need_weights(self, network: Network) -> None:
        from robust_ray.compression._layers import layers_in, weight_of

        super()._need_weights(network)
        weights = [weight_of(layer) for layer in layers_in(self.scope, network.module).values()]
        zero, total = sum(int((weight == 0).sum()) for weight in weights), sum(weight.numel() for weight in weights)
        if zero >= round(self.sparsity * total):
            raise ModelError(
                f"compression {self.type!r}: sparsity must be more than there is, but got {self.sparsity} for {total} "
                f"weights of which {zero} are zero already; raise it"
            )

    def is_done_by(self, earlier: UnstructuredPruning) -> bool:
        """See :meth:`UnstructuredPruning.is_done_by`."""
        if not isinstance(earlier, RankedPruning) or earlier.scope != self.scope:
            return False
        return earlier.sparsity >= self.sparsity

    def chosen(self, scores: list[Tensor], progress: float) -> list[Tensor]:
        """See :meth:`UnstructuredPruning.chosen`."""
        from robust_ray.compression.pruning._weight_math import lowest, lowest_of_rows

        share = progress * self.sparsity
        if self.ranking == "global":
            return lowest(scores, share)
        if self.ranking == "layer":
            return [lowest([score], share)[0] for score in scores]
        return [lowest_of_rows(score, share) for score in scores]
