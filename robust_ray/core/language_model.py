"""A language model that no one attacks: it finds natural names, and says how natural or similar a program is.

Substitutes and naturalness know it by this protocol; ``models`` implements it. Sub-tokens are the model's own: a
sequence of them never holds the special tokens around a text, which the model adds by itself.
"""

from __future__ import annotations

import itertools
import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from robust_ray.core.arrays import FloatArray, IntArray
from robust_ray.core.component import Component, Registry
from robust_ray.core.machine import Machine

Ids = tuple[int, ...]
"""Sub-tokens of a text."""


class Look(NamedTuple):
    """Places in a text that the model is asked about."""

    ids: Ids
    """The text: as many sub-tokens as the window holds, at most."""

    positions: tuple[int, ...]
    """Places in it, at least one."""


def pieces(ids: Ids, window: int) -> list[Ids]:
    """A text cut into as few pieces as fit the window, about equally long; none for an empty one."""
    count = math.ceil(len(ids) / window)
    ends = [len(ids) * i // count for i in range(count + 1)] if count else []
    return [ids[start:end] for start, end in itertools.pairwise(ends)]


class MaskedLanguageModel(Protocol):
    """Says what belongs in a place of a text, and what the text around makes of what stands there.

    Every operation takes many questions at once, and an answer is, up to rounding, independent of the others.
    """

    @property
    def window(self) -> int:
        """Sub-tokens of one text at most."""
        ...

    def encode(self, texts: Sequence[str]) -> list[Ids]:
        """Sub-tokens of each text, however long."""
        ...

    def decode(self, sequences: Sequence[Ids]) -> list[str]:
        """The text of each sequence; what stands for no text at all (a special token, half a letter) shows as such."""
        ...

    def look_up(self, words: Sequence[str]) -> Ids:
        """The entry of the vocabulary that is spelt exactly like each word; that of the unknown token for most."""
        ...

    def predict(self, looks: Sequence[Look], count: int) -> list[IntArray]:
        """``(n_positions, count)`` most likely sub-tokens at each place of the unmasked text, best first."""
        ...

    def embed(self, looks: Sequence[Look]) -> list[FloatArray]:
        """``(n_positions, hidden)`` contextual embeddings: the last hidden states."""
        ...

    def log_likelihood(self, looks: Sequence[Look]) -> list[FloatArray]:
        """``(n_positions,)`` natural logarithms of the probability of what stands there, all places masked at once."""
        ...

    def similarity(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Cosine similarity, in [-1, 1], of the mean embedding of the two texts; NaN where one has no sub-tokens."""
        ...

    def logit_similarity(self, pairs: Sequence[tuple[Ids, Ids]]) -> list[float]:
        """Cosine similarity of the logits, at all places and over the whole vocabulary, of two texts equally long."""
        ...


@dataclass(frozen=True, kw_only=True)
class LanguageModel(Component):
    """Which language model: one verb, ``load``."""

    @abstractmethod
    def load(self, machine: Machine) -> MaskedLanguageModel:
        """The model, ready to be asked on this machine.

        Raises:
            ModelError: the weights are missing, unreadable, or not those of a masked language model.
        """


LANGUAGE_MODELS: Registry[LanguageModel] = Registry("language_model", LanguageModel)
