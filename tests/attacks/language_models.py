"""A masked language model whose every answer is written down: no network, so that results can be worked out by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from robust_ray.core.arrays import FloatArray, IntArray
from robust_ray.core.language_model import Ids, LanguageModel, Look
from robust_ray.core.machine import Machine

PIECE = re.compile(r"_?[^\W_]+|_|[^\w\s]")


@dataclass
class ScriptedModel:
    """Sub-tokens are the parts of a name between underscores, and every sign."""

    guesses: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Sub-token → what is likely in its place, best first; ``?`` for one that is not listed."""

    likeness: Mapping[str, float] = field(default_factory=dict)
    """Sub-token → cosine of its embedding with that of any sub-token not listed here."""

    window: int = 100
    vocabulary: list[str] = field(default_factory=lambda: ["?"])
    predicted: list[Look] = field(default_factory=list)
    """Every look that was asked about, in order."""

    embedded: list[Look] = field(default_factory=list)
    compared: list[tuple[Ids, Ids]] = field(default_factory=list)
    masked: list[Look] = field(default_factory=list)

    def encode(self, texts: Sequence[str]) -> list[Ids]:
        """New sub-tokens enter the vocabulary."""
        return [tuple(map(self.id_of, PIECE.findall(text))) for text in texts]

    def decode(self, sequences: Sequence[Ids]) -> list[str]:
        """With the blank in front that byte-level tokenizers put before a word."""
        return [" " + "".join(self.vocabulary[i] for i in ids) for ids in sequences]

    def look_up(self, words: Sequence[str]) -> Ids:
        """Words of one letter are known."""
        return tuple(self.id_of(word) if len(word) == 1 else 0 for word in words)

    def predict(self, looks: Sequence[Look], count: int) -> list[IntArray]:
        """As scripted."""
        self.predicted += looks
        return [
            np.array([self._guesses(self.vocabulary[look.ids[position]], count) for position in look.positions])
            for look in looks
        ]

    def embed(self, looks: Sequence[Look]) -> list[FloatArray]:
        """Points on the unit circle, at the scripted cosine from the first axis."""
        self.embedded += looks
        cosines = [
            np.array([self.likeness.get(self.vocabulary[look.ids[position]], 1.0) for position in look.positions])
            for look in looks
        ]
        return [np.stack([cosine, np.sqrt(1 - cosine**2)], axis=1) for cosine in cosines]

    def log_likelihood(self, looks: Sequence[Look]) -> list[FloatArray]:
        """A sub-token of n letters has the probability 1 / n."""
        self.masked += looks
        return [-np.log([len(self.vocabulary[look.ids[position]]) for position in look.positions]) for look in looks]

    def similarity(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """1 for equal texts, else 0; NaN where one is empty."""
        return [float(first == second) if first and second else float("nan") for first, second in pairs]

    def logit_similarity(self, pairs: Sequence[tuple[Ids, Ids]]) -> list[float]:
        """Share of places with the same sub-token."""
        self.compared += pairs
        return [float(np.mean(np.array(first) == np.array(second))) for first, second in pairs]

    def id_of(self, piece: str) -> int:
        """Place of a sub-token in the vocabulary."""
        if piece not in self.vocabulary:
            self.vocabulary.append(piece)
        return self.vocabulary.index(piece)

    def text(self, look: Look) -> str:
        """What a look sees, with brackets around the places asked about."""
        parts = [self.vocabulary[i] for i in look.ids]
        return " ".join(f"[{part}]" if place in look.positions else part for place, part in enumerate(parts))

    def _guesses(self, piece: str, count: int) -> list[int]:
        return [self.id_of(guess) for guess in self.guesses.get(piece, ["?"] * count)[:count]]


@dataclass(frozen=True, kw_only=True)
class Given(LanguageModel):
    """A language model that is there already."""

    model: ScriptedModel

    def load(self, machine: Machine) -> ScriptedModel:
        """The one given."""
        return self.model
