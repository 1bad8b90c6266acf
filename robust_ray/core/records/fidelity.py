"""What teacher and student share on one input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from robust_ray.core.records.base import CellRecord


@dataclass(frozen=True, kw_only=True)
class FidelityRecord(CellRecord):
    """One relation between teacher and student on one input."""

    table: ClassVar[str] = "fidelity"

    relation: str
    """Type of the relation."""

    relation_params: str
    """Its parameters, canonical JSON."""

    perturbation: str
    """``clean``, or the attack's type."""

    perturbed_for: str | None
    """Whose adversarial example the input is: ``teacher`` (transferred) or ``student``; null for clean."""

    attack_params: str | None
    """Parameters of the attack, canonical JSON; null for clean."""

    uid: str
    """The example."""

    label: int
    """The true class."""

    applies: bool
    """Whether the relation says anything here (high confidence preservation needs a confident teacher)."""

    holds: bool | None
    """Whether it holds; null where it does not apply."""

    distance: float | None
    """The quantity compared with the threshold; null where it does not apply."""

    teacher_prediction: int
    """Class predicted by the teacher."""

    student_prediction: int
    """Class predicted by the student."""

    teacher_confidence: float
    """Largest class probability of the teacher."""

    student_confidence: float
    """Largest class probability of the student."""
