"""What a training minimizes, and what it chooses its best epoch by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from robust_ray.core.examples import Example
from robust_ray.core.machine import Machine
from robust_ray.models.reading.encoding import Rows, encode, rows_of
from robust_ray.models.reading.forward import collate, forward
from robust_ray.models.students import Network
from robust_ray.models.training.answers import answers


class Prepared(NamedTuple):
    """A split, tokenized once."""

    rows: list[Rows]
    """What the network reads of each example."""

    lengths: list[int]
    """Tokens of each example; examples of like length are batched together."""

    targets: Any
    """What the criterion wants of each example, in whatever form it likes."""

    weights: list[float]
    """How much each example counts in the mean that :meth:`Criterion.loss` is: 1, or the tokens of its target."""


class Assessment(NamedTuple):
    """How good a network is on the validation split."""

    score: float
    """What the best epoch is chosen by; higher is better."""

    loss: float
    """What decides between equal scores; lower is better."""


class Criterion(Protocol):
    """One way to learn. Can be pickled, so that several processes may learn together."""

    def prepare(self, network: Network, examples: Sequence[Example]) -> Prepared:
        """Tokenize a split, cut to the network's ``max_length``."""
        ...

    def loss(self, network: Network, split: Prepared, positions: Sequence[int], device: str) -> Tensor:
        """What to minimize on the examples at ``positions``: a scalar, their mean weighted by ``split.weights``."""
        ...

    def assess(self, network: Network, split: Prepared, machine: Machine, device: str) -> Assessment:
        """Judge a network that is on ``device``, in evaluation mode and without gradients."""
        ...


@dataclass(frozen=True)
class Classification:
    """Cross-entropy with the true labels; the best epoch is the most accurate one."""

    def prepare(self, network: Network, examples: Sequence[Example]) -> Prepared:
        """See :meth:`Criterion.prepare`; targets are labels, ``(n,)`` int64."""
        encodings = encode(network, [example.segments for example in examples])
        return Prepared(
            rows=rows_of(encodings),
            lengths=[encoding.length for encoding in encodings],
            targets=torch.tensor([example.label for example in examples], dtype=torch.int64),
            weights=[1.0] * len(examples),
        )

    def loss(self, network: Network, split: Prepared, positions: Sequence[int], device: str) -> Tensor:
        """See :meth:`Criterion.loss`."""
        logits = forward(network.module, collate(network, [split.rows[i] for i in positions], device))
        indices = torch.tensor(positions)
        return self.of(logits, split.targets[indices].to(device), indices)

    def of(self, logits: Tensor, labels: Tensor, positions: Tensor) -> Tensor:
        """``(batch, n_labels)`` logits, ``(batch,)`` labels and ``(batch,)`` positions in the split → a scalar."""
        return nn.functional.cross_entropy(logits, labels)

    def assess(self, network: Network, split: Prepared, machine: Machine, device: str) -> Assessment:
        """See :meth:`Criterion.assess`: accuracy and cross-entropy."""
        logits = torch.from_numpy(answers(network, split.rows, split.lengths, machine, device))
        accuracy = (logits.argmax(1) == split.targets).double().mean()
        return Assessment(float(accuracy), float(nn.functional.cross_entropy(logits, split.targets)))


def usual(network: Network) -> Criterion:
    """The criterion of a network's fine-tuning, where no other is given."""
    from robust_ray.models.writing.criterion import Writing

    return Classification() if network.generation is None else Writing()
