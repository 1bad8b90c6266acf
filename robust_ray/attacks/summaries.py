"""A model that writes summaries, as a victim: its one probability is the BLEU of what it writes.

Source: Du et al., "An Extensive Study on Adversarial Attack against Pre-trained Models of Code", ESEC/FSE 2023, whose
attacks read the BLEU of a summary where they read the probability of the true class for a classifier.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol, cast

import numpy as np

from robust_ray.core.examples import Input
from robust_ray.core.victim import Encoding, FloatArray
from robust_ray.metrics import bleu


class Summarizer(Protocol):
    """Writes a summary of a program."""

    @property
    def batch_invariant(self) -> bool:
        """Whether a summary is independent of its batch neighbours."""
        ...

    @property
    def mask_token(self) -> str:
        """Text that stands for 'no information'."""
        ...

    def encode(self, inputs: Sequence[Input]) -> list[Encoding]:
        """Tokenize and truncate programs."""
        ...

    def generate(self, encodings: Sequence[Encoding]) -> list[str]:
        """A summary of each; the whole sequence is one batch."""
        ...


class _Referenced(NamedTuple):
    """A program, and what its summary should say."""

    ids: Hashable
    reference: str


@dataclass(frozen=True)
class ScoredSummaries:
    """A :class:`~robust_ray.core.victim.Victim` of one class. Its inputs are pairs: the program, and the reference."""

    summarizer: Summarizer
    n_labels: ClassVar[int] = 1

    @property
    def batch_invariant(self) -> bool:
        """Whether an answer is independent of its batch neighbours."""
        return self.summarizer.batch_invariant

    @property
    def mask_token(self) -> str:
        """Text that stands for 'no information'."""
        return self.summarizer.mask_token

    def encode(self, inputs: Sequence[Input]) -> list[Encoding]:
        """Token ids of the program, with the reference beside them."""
        encodings = self.summarizer.encode([(program,) for program, _ in inputs])
        return [
            Encoding(_Referenced(encoding.ids, reference), encoding.length, encoding.note)
            for encoding, (_, reference) in zip(encodings, inputs, strict=True)
        ]

    def predict(self, encodings: Sequence[Encoding]) -> FloatArray:
        """``(n, 1)``: BLEU of each summary, in [0, 1]."""
        asked = [cast(_Referenced, encoding.ids) for encoding in encodings]
        summaries = self.summarizer.generate(
            [Encoding(each.ids, encoding.length) for each, encoding in zip(asked, encodings, strict=True)]
        )
        return np.array([[bleu(each.reference, text)] for each, text in zip(asked, summaries, strict=True)])
