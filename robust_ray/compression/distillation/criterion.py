"""What a student is to minimize."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from robust_ray.compression.distillation._answers_math import distillation_loss
from robust_ray.compression.distillation._layers import evenly
from robust_ray.compression.distillation._matching_math import relation_distance, state_distance
from robust_ray.compression.distillation._watching import Trace, Traces, tokens_seen, watch
from robust_ray.compression.distillation.matching import Matching
from robust_ray.core.examples import Example
from robust_ray.core.machine import Machine
from robust_ray.models import students
from robust_ray.models.students import Network
from robust_ray.models.training.answers import answers
from robust_ray.models.training.criterion import Assessment, Classification, Criterion, Prepared


@dataclass(frozen=True, eq=False)
class Mimicry(Classification):
    """Learning a teacher's answers; the best epoch is the most accurate one."""

    answers: Tensor
    """``(n, n_labels)`` logits of the teacher on the training split, on the CPU."""

    temperature: float
    """What logits are divided by before their softmax."""

    alpha: float
    """Weight of the cross-entropy on the true labels, in [0, 1]."""

    cosine: float
    """Weight of the angle between the answers."""

    def of(self, logits: Tensor, labels: Tensor, positions: Tensor) -> Tensor:
        """See :func:`distillation_loss`."""
        teacher = self.answers[positions].to(logits.device)
        return distillation_loss(logits, teacher, labels, self.temperature, self.alpha, self.cosine)


@dataclass(frozen=True, eq=False)
class Steady:
    """Another criterion for classes, judged on examples and as many variants behind them.

    The best epoch is the most accurate one on both alike; of equal ones, that which flips the fewest answers between an
    example and its variant.
    """

    answering: Criterion
    """How the answers are learned."""

    def prepare(self, network: Network, examples: Sequence[Example]) -> Prepared:
        """See :meth:`Criterion.prepare`."""
        return self.answering.prepare(network, examples)

    def loss(self, network: Network, split: Prepared, positions: Sequence[int], device: str) -> Tensor:
        """See :meth:`Criterion.loss`."""
        return self.answering.loss(network, split, positions, device)

    def assess(self, network: Network, split: Prepared, machine: Machine, device: str) -> Assessment:
        """See :meth:`Criterion.assess`: accuracy, and the share of flips."""
        logits = torch.from_numpy(answers(network, split.rows, split.lengths, machine, device))
        originals, variants = logits.argmax(1).chunk(2)
        accuracy = (logits.argmax(1) == split.targets).double().mean()
        flips = (originals != variants).double().mean()
        return Assessment(float(accuracy), float(flips) if logits.isfinite().all() else math.nan)


@dataclass(frozen=True, eq=False)
class Likeness:
    """Another criterion, and states and attention that are to be like the teacher's.

    The student's module has ``projections``, one for each stack, unless its states are as wide as the teacher's.
    """

    answering: Criterion
    """How the answers are learned."""

    matching: Matching

    teacher: Path = field(repr=False)
    """Its checkpoint, loaded where it is first needed."""

    _loaded: list[Network] = field(default_factory=list, repr=False)

    def prepare(self, network: Network, examples: Sequence[Example]) -> Prepared:
        """See :meth:`Criterion.prepare`."""
        return self.answering.prepare(network, examples)

    def loss(self, network: Network, split: Prepared, positions: Sequence[int], device: str) -> Tensor:
        """See :meth:`Criterion.loss`."""
        with watch(network.module) as ours:
            loss = self.answering.loss(network, split, positions, device)
        theirs = self.traces(split, positions, device)
        seen = tokens_seen(network, split, positions, device)
        maps = cast(Sequence[nn.Module], getattr(network.module, "projections", [nn.Identity()] * len(ours)))
        for (name, layers), project in zip(ours.items(), maps, strict=True):
            loss = loss + self._distance(layers, theirs[name], seen[name], project)
        return loss

    def assess(self, network: Network, split: Prepared, machine: Machine, device: str) -> Assessment:
        """See :meth:`Criterion.assess`."""
        return self.answering.assess(network, split, machine, device)

    def traces(self, split: Prepared, positions: Sequence[int], device: str) -> Traces:
        """What goes on in the teacher."""
        if not self._loaded:
            self._loaded.append(students.load(self.teacher))
        teacher = self._loaded[0]
        place = "cpu" if teacher.cpu_only else device
        teacher.module.to(place)
        with torch.no_grad(), watch(teacher.module) as traces:
            self.answering.loss(teacher, split, positions, place)
        return traces

    def __getstate__(self) -> dict[str, Any]:
        """Each process loads its own teacher."""
        return self.__dict__ | {"_loaded": []}

    def _distance(self, ours: Sequence[Trace], theirs: Sequence[Trace], seen: Tensor, project: nn.Module) -> Tensor:
        """Of one stack: the mean over the student's layers."""
        like = self.matching.layers or evenly(len(ours), len(theirs))
        total = torch.zeros((), device=seen.device)
        for layer, model in zip(ours, (theirs[i] for i in like), strict=True):
            if self.matching.hidden:
                wanted = model.states[0].to(seen.device).float()
                total += self.matching.hidden * state_distance(project(layer.states[0]).float(), wanted, seen)
            if self.matching.attention:
                for own, given in zip(layer.attention, model.attention, strict=True):
                    total += self.matching.attention * relation_distance(own, given.to(seen.device), seen)
        return total / len(ours)
