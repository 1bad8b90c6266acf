"""The model under attack, as everything above it sees it: strings in, probabilities out.

A victim encodes and answers; :class:`Answers` remembers, de-duplicates, sorts by length and cuts batches by token
count. Texts with the same encoding (a rename past the model's window, say) are one input to the victim, so equal
programs get bit-equal answers.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from robust_ray.core.examples import Input

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


class Encoding(NamedTuple):
    """One input as the victim reads it."""

    ids: Hashable
    """Token ids, nested tuples of ints; equal ids mean an equal answer."""

    length: int
    """Tokens the victim must compute, padding not counted."""


class Victim(Protocol):
    """Answers ``predict``; teacher and student alike."""

    @property
    def batch_invariant(self) -> bool:
        """Whether an answer is, up to rounding (1e-6), independent of its batch; if not, it is asked one at a time."""
        ...

    @property
    def n_labels(self) -> int:
        """Number of classes."""
        ...

    @property
    def mask_token(self) -> str:
        """Text that stands for 'no information' (``<mask>``, or the unknown token)."""
        ...

    def encode(self, inputs: Sequence[Input]) -> list[Encoding]:
        """Tokenize and truncate; pure, cheap beside :meth:`predict`."""
        ...

    def predict(self, encodings: Sequence[Encoding]) -> FloatArray:
        """``(n, n_labels)`` array of class probabilities, one row per encoding; the whole sequence is one batch."""
        ...


class Answer(NamedTuple):
    """What came back for a sequence of inputs."""

    probabilities: FloatArray
    """``(n, n_labels)``."""

    computed: BoolArray
    """``(n,)``: whether the victim computed this input now (a *forward*); else the memory or a twin answered."""


@dataclass
class Answers:
    """A victim's answers, each computed once."""

    victim: Victim
    max_batch_tokens: int = 16384
    """Padded tokens in one batch at most; a single longer input still makes a batch of one."""

    memory: dict[Any, FloatArray] = field(default_factory=dict)
    """Encoding ids → ``(n_labels,)`` probabilities."""

    def ask(self, inputs: Sequence[Input]) -> Answer:
        """Probabilities of every input, in order."""
        return self.answer(self.victim.encode(inputs))

    def answer(self, encodings: Sequence[Encoding]) -> Answer:
        """Probabilities of every encoded input, in order."""
        new: dict[Hashable, Encoding] = {}
        computed = np.zeros(len(encodings), dtype=np.bool_)
        for i, encoding in enumerate(encodings):
            if encoding.ids not in self.memory and encoding.ids not in new:
                new[encoding.ids] = encoding
                computed[i] = True
        asked = list(new.values())
        limit = self.max_batch_tokens if self.victim.batch_invariant else 1
        for positions in token_batches([encoding.length for encoding in asked], limit):
            batch = [asked[i] for i in positions]
            for encoding, row in zip(batch, self.victim.predict(batch), strict=True):
                self.memory[encoding.ids] = row
        rows = [self.memory[encoding.ids] for encoding in encodings]
        return Answer(np.stack(rows) if rows else np.zeros((0, self.victim.n_labels)), computed)


def token_batches(lengths: Sequence[int], max_tokens: int) -> list[list[int]]:
    """Positions sorted by length and cut so that ``count * longest <= max_tokens``; a longer one goes alone."""
    batches: list[list[int]] = []
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if batches and (len(batches[-1]) + 1) * lengths[i] <= max_tokens:
            batches[-1].append(i)
        else:
            batches.append([i])
    return batches
