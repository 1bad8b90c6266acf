"""A language model that no one attacks: it finds natural names, and says how natural or similar a program is.

Substitutes and naturalness know it by this protocol; ``models`` implements it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from robust_ray.core.component import Component, Registry
from robust_ray.core.machine import Machine


class MaskedLanguageModel(Protocol):
    """Fills in masked tokens, and sees how alike two texts are."""

    def similarity(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Cosine similarity, in [-1, 1], of what the model makes of the two texts of each pair."""
        ...


@dataclass(frozen=True, kw_only=True)
class LanguageModel(Component):
    """Which language model: one verb, ``load``."""

    @abstractmethod
    def load(self, machine: Machine) -> MaskedLanguageModel:
        """The model, ready to be asked on this machine."""


LANGUAGE_MODELS: Registry[LanguageModel] = Registry("language_model", LanguageModel)
