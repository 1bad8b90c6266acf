"""How natural one adversarial example is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from robust_ray.core.records.base import CellRecord


@dataclass(frozen=True, kw_only=True)
class NaturalnessRecord(CellRecord):
    """How natural one adversarial example is, in the eyes of a language model that no one attacks."""

    table: ClassVar[str] = "naturalness"

    attack: str
    """Type of the attack recipe."""

    attack_params: str
    """Its parameters, canonical JSON."""

    uid: str
    """The example."""

    language_model: str
    """Type of the language model component."""

    language_model_params: str
    """Its parameters and revision, canonical JSON."""

    similarity: float | None
    """Cosine similarity of the mean embeddings of original and adversarial code; null where one of them is empty."""

    acs: float | None
    """Their similarity as Du et al. (2023) compute ACS: cosine of the model's logits for the first tokens of the code,
    each read as one word; null where the two codes have not as many tokens."""

    perplexity: float | None
    """Pseudo-perplexity of the original; null where it is empty."""

    adversarial_perplexity: float | None
    """Pseudo-perplexity of the adversarial code; null likewise."""
