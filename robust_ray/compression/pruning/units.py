"""Structured pruning: heads, neurons or whole layers are taken out, and what is left is smaller and faster."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from robust_ray.compression.base import COMPRESSIONS
from robust_ray.compression.pruning.structured import Scratch, Sizes, StructuredPruning
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import Example
from robust_ray.core.machine import Machine
from robust_ray.models import CodeModel

if TYPE_CHECKING:
    from torch import nn

    from robust_ray.compression.pruning._unit_scores import Scores
    from robust_ray.models.alterations.anatomy import Block
    from robust_ray.models.students import Network


@dataclass(frozen=True, kw_only=True)
class BlockPruning(StructuredPruning):
    """What goes for heads and for neurons alike."""

    importance: Literal["taylor", "magnitude"] = "taylor"
    """``taylor``: how much the loss of an example would change if the unit's gate began to close; ``magnitude``: the
    norm of the unit's weights."""

    ranking: Literal["global", "layer"] = "global"
    """``global``: all units of the network together; ``layer``: those of each block, of which the same share goes."""

    @property
    def judges_anew(self) -> bool:
        """See :meth:`GradualPruning.judges_anew`: a magnitude changes only as those it is levelled with are fewer."""
        return self.importance == "taylor" or self.ranking == "global"

    @abstractmethod
    def blocks(self, module: nn.Module) -> dict[str, Block]:
        """Where the units lie."""

    def sizes(self, module: nn.Module) -> Sizes:
        """See :meth:`StructuredPruning.sizes`."""
        return {name: block.units for name, block in self.blocks(module).items()}

    def scores(self, network: Network, examples: Sequence[Example], machine: Machine) -> Scores:
        """See :meth:`StructuredPruning.scores`."""
        from robust_ray.compression.pruning._unit_scores import magnitudes, sensitivities, watch_blocks

        blocks = self.blocks(network.module)
        if self.importance == "magnitude":
            return magnitudes(blocks)
        return sensitivities(network, examples, lambda: watch_blocks(blocks), machine)

    def groups(self, names: Sequence[str]) -> list[list[str]]:
        """See :meth:`StructuredPruning.groups`."""
        return [list(names)] if self.ranking == "global" else [[name] for name in names]


@COMPRESSIONS.register("head_pruning")
@dataclass(frozen=True, kw_only=True)
class HeadPruning(BlockPruning):
    """Take out the attention heads that the loss depends on least, with all their weights.

    Source: Michel, Levy, Neubig, 2019, section 4: the mean absolute derivative of the loss by a gate on each head,
        scores made comparable between layers, a share of all heads taken out.
    Deviations: every attention keeps a head. Where query heads share a key (Qwen2), they go together.
    """

    paper: ClassVar[str] = "Michel, Levy, Neubig, NeurIPS 2019, https://arxiv.org/abs/1905.10650"

    unit: ClassVar[str] = "heads"

    def planned_sizes(self, model: Scratch) -> Sizes:
        """See :meth:`StructuredPruning.planned_sizes`."""
        return {str(layer): model.heads for layer in range(model.layers)}

    def blocks(self, module: nn.Module) -> dict[str, Block]:
        """See :meth:`BlockPruning.blocks`."""
        from robust_ray.models.alterations import anatomy

        return anatomy.heads(module)


@COMPRESSIONS.register("neuron_pruning")
@dataclass(frozen=True, kw_only=True)
class NeuronPruning(BlockPruning):
    """Take out the neurons of feed-forward blocks that the loss depends on least, with all their weights.

    Source: Molchanov et al., 2017, section 2.2: the mean absolute product of an activation and its gradient.
    """

    paper: ClassVar[str] = "Molchanov et al., ICLR 2017, https://arxiv.org/abs/1611.06440"

    unit: ClassVar[str] = "neurons"

    def planned_sizes(self, model: Scratch) -> Sizes:
        """See :meth:`StructuredPruning.planned_sizes`."""
        return {str(layer): model.intermediate for layer in range(model.layers)}

    def blocks(self, module: nn.Module) -> dict[str, Block]:
        """See :meth:`BlockPruning.blocks`."""
        from robust_ray.models.alterations import anatomy

        return anatomy.neurons(module)


@COMPRESSIONS.register("layer_pruning")
@dataclass(frozen=True, kw_only=True)
class LayerPruning(StructuredPruning):
    """Take out whole layers, the same share of an encoder's and of a decoder's.

    Source: Sajjad et al., 2023, whose best strategy for most tasks is to drop the last layers.
    """

    paper: ClassVar[str] = "Sajjad et al., Computer Speech & Language 2023, https://arxiv.org/abs/2004.03844"

    unit: ClassVar[str] = "layers"

    importance: Literal["position", "taylor"] = "position"
    """``position``: the last layers go; ``taylor``: those go whose gate, on what they change of the states, the loss
    depends on least."""

    @property
    def judges_anew(self) -> bool:
        """See :meth:`GradualPruning.judges_anew`."""
        return self.importance == "taylor"

    def fits(self, model: CodeModel) -> None:
        """See :meth:`StructuredPruning.fits`; every stack of a model has the same number of layers."""
        super().fits(model)
        if isinstance(model, Scratch) and (problem := self._takes_nothing(self.planned_sizes(model))):
            raise SweepError(problem)

    def model_of_student(self, model: CodeModel) -> CodeModel:
        """See :meth:`Compression.model_of_student`."""
        if not isinstance(model, Scratch):
            return model
        return replace(model, layers=model.layers - round(self.sparsity * model.layers))

    def planned_sizes(self, model: Scratch) -> Sizes:
        """See :meth:`StructuredPruning.planned_sizes`."""
        return {"encoder": model.layers}

    def sizes(self, module: nn.Module) -> Sizes:
        """See :meth:`StructuredPruning.sizes`."""
        from robust_ray.models.alterations import anatomy

        return {name: len(stack) for name, stack in anatomy.stacks(module).items()}

    def scores(self, network: Network, examples: Sequence[Example], machine: Machine) -> Scores:
        """See :meth:`StructuredPruning.scores`."""
        import torch

        from robust_ray.compression.pruning._unit_scores import sensitivities, watch_layers
        from robust_ray.models.alterations import anatomy

        stacks = anatomy.stacks(network.module)
        if self.importance == "position":
            return {name: torch.arange(len(stack), 0, -1).double() for name, stack in stacks.items()}
        layers = {f"{name}.{i}": layer for name, stack in stacks.items() for i, layer in enumerate(stack)}
        found = sensitivities(network, examples, lambda: watch_layers(layers), machine)
        return {name: torch.cat([found[f"{name}.{i}"] for i in range(len(stack))]) for name, stack in stacks.items()}

    def groups(self, names: Sequence[str]) -> list[list[str]]:
        """See :meth:`StructuredPruning.groups`."""
        return [[name] for name in names]
