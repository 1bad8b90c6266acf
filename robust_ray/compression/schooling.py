"""How the students learn that a search proposes, and what is known of those that have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from robust_ray.compression.augmentation import Augmentation
from robust_ray.compression.rewritten import RewrittenPrograms
from robust_ray.models import CompactRoberta

Variants = Augmentation | RewrittenPrograms
"""Where variants of programs come from."""


@dataclass(frozen=True, kw_only=True)
class Schooling:
    """What students of one search have in common; rate, batch and window are each one's own, as it recommends them."""

    epochs: int
    """Passes over what the teacher has answered; the best is kept."""

    temperature: float
    """Of the distillation loss, as the next."""

    cosine: float = 0.0

    variants: Variants | None = None
    """Variants to learn from, too; and by one of each validation example the best epoch is chosen."""

    variants_answer: Literal["original", "own"] = "original"
    """What is to be answered on a variant: what the teacher answers on the original, or on the variant itself."""


@dataclass(frozen=True, kw_only=True)
class Apprentice:
    """A student to be trained and measured before a search, which learns from it what others would be like."""

    student: CompactRoberta
    schooling: Schooling


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What became of it, on the validation split."""

    student: CompactRoberta

    accuracy: float
    """Share of right answers."""

    flips: int | None
    """Answers that one variant of each example turns; None where no variants were asked for."""
