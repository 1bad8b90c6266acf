"""What all structured prunings have in common: units are judged and taken out, and the rest recovers."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from robust_ray.compression.base import Lesson, Trace
from robust_ray.compression.pruning.gradual import GradualPruning
from robust_ray.compression.recovery import recover
from robust_ray.core.checks import at_least_one
from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.examples import Example, stable_order
from robust_ray.core.machine import Machine
from robust_ray.models import CodeModel, CompactRoberta, GraphCodeBERT, HuggingFace, ScratchRoberta, hub

if TYPE_CHECKING:
    from torch import nn

    from robust_ray.compression.pruning._unit_scores import Scores
    from robust_ray.models.students import Network

FAMILIES = ("bart", "bert", "gpt2", "plbart", "qwen2", "roberta", "t5")
"""Networks whose heads, neurons and layers we know where to find, as a ``config.json`` names them."""

Scratch = ScratchRoberta | CompactRoberta
"""Models that say themselves what they are made of."""

INSTEAD = f"use 'magnitude_pruning', which needs only linear layers, or a network of one of {', '.join(FAMILIES)}"

Sizes = Mapping[str, int]
"""Units of each block of a network, by its name."""


@dataclass(frozen=True, kw_only=True)
class StructuredPruning(GradualPruning):
    """Judge units, take the least important out for good, let the rest recover if asked to."""

    bears: ClassVar[frozenset[Trace]] = frozenset({"zeros"})

    unit: ClassVar[str]
    """What is taken out, in the plural."""

    sparsity: float
    """Share of the units (heads, neurons or layers) that are taken out, in (0, 1); every block keeps one at least."""

    calibration_examples: int = 128
    """Training examples that importance is measured on, where it is measured on examples."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._need_sparsity(self.sparsity)
        at_least_one("calibration_examples", self.calibration_examples)

    def fits(self, model: CodeModel) -> None:
        """Refuse a network of a family we do not know, and one too small to lose so much.

        Raises:
            SweepError: the model is such a one.
        """
        family = _family(model)
        if family is not None and family not in FAMILIES:
            raise SweepError(
                f"compression {self.type!r}: {self.unit} must be known where they lie, but model {model.type!r} is a "
                f"{family!r}; {INSTEAD}"
            )
        if isinstance(model, Scratch) and (problem := self._takes_too_many(self.planned_sizes(model))):
            raise SweepError(problem)

    def compress(self, teacher: Path, lesson: Lesson, workdir: Path, machine: Machine) -> None:
        """See :meth:`Compression.compress`.

        Raises:
            ModelError: the network is of a family we do not know, has been quantized, or has too few units.
        """
        from robust_ray.models import students

        network = students.load(teacher)
        whole = self._whole(network)

        def once(network: Network, progress: float) -> Network:
            shrunk = self._shrunk(network, whole, progress * self.sparsity, lesson, machine)
            return recover(shrunk, lesson, self.recovery_epochs, machine, workdir)

        self._in_rounds(network, once, workdir)

    @abstractmethod
    def planned_sizes(self, model: Scratch) -> Sizes:
        """What :meth:`sizes` will be of a classifier of this model."""

    @abstractmethod
    def sizes(self, module: nn.Module) -> Sizes:
        """The units there are, by block."""

    @abstractmethod
    def scores(self, network: Network, examples: Sequence[Example], machine: Machine) -> Scores:
        """How important each unit of each block is."""

    @abstractmethod
    def groups(self, names: Sequence[str]) -> list[list[str]]:
        """Which blocks are ranked together."""

    def _shrunk(self, network: Network, whole: Sizes, share: float, lesson: Lesson, machine: Machine) -> Network:
        """The network without this share of the units that it had as a whole."""
        from robust_ray.compression.pruning._unit_math import least_important
        from robust_ray.models import students
        from robust_ray.models.alterations.removal import spell

        scores = self.scores(network, stable_order(lesson.train)[: self.calibration_examples], machine)
        kept = {}
        for names in self.groups(list(scores)):
            gone_before = sum(whole[name] - len(scores[name]) for name in names)
            count = _goal(whole, names, share) - gone_before
            for name, gone in zip(names, least_important([scores[name] for name in names], count), strict=True):
                if gone.any():
                    kept[name] = spell((~gone).nonzero().flatten().tolist())
        return students.alter(network, {"type": f"keep_{self.unit}", "kept": kept}) if kept else network

    def _whole(self, network: Network) -> Sizes:
        """What a network has before anything is taken out of it, checked for what is asked."""
        where = f"compression {self.type!r}"
        if network.inference_only:
            raise ModelError(f"{where}: the network must have gradients, but is quantized; prune before quantizing")
        whole = self.sizes(network.module)
        if not whole:
            network_class = type(network.module).__name__
            raise ModelError(
                f"{where}: {self.unit} must be known where they lie, but of a {network_class} they are not; {INSTEAD}"
            )
        if problem := self._takes_too_many(whole) or self._takes_nothing(whole):
            raise ModelError(problem)
        return whole

    def _takes_too_many(self, whole: Sizes) -> str | None:
        """What is wrong if a block would be left with nothing."""
        for names in self.groups(list(whole)):
            total = sum(whole[name] for name in names)
            if _goal(whole, names, self.sparsity) > total - len(names):
                return (
                    f"compression {self.type!r}: one of the {self.unit} of each block must be left, but sparsity "
                    f"{self.sparsity} takes too many of {total} {self.unit} in {len(names)} blocks; lower it"
                )
        return None

    def _takes_nothing(self, whole: Sizes) -> str | None:
        """What is wrong if nothing would go."""
        if any(_goal(whole, names, self.sparsity) for names in self.groups(list(whole))):
            return None
        return (
            f"compression {self.type!r}: one of {sum(whole.values())} {self.unit} must be taken out at least, but "
            f"sparsity {self.sparsity} is less; raise it, or take a larger network"
        )


def _goal(whole: Sizes, names: Sequence[str], share: float) -> int:
    """Units of these blocks to be taken out of the whole network."""
    return round(share * sum(whole[name] for name in names))


def _family(model: CodeModel) -> str | None:
    """A model's family as far as it is known before its weights are: from the folder it lies in."""
    if not isinstance(model, HuggingFace | GraphCodeBERT):
        return None
    try:
        family = json.loads((Path(hub.locate(model.name)) / "config.json").read_text()).get("model_type")
    except (OSError, ValueError):
        return None
    return None if family is None else str(family)
