"""A student that was trained so that a search may learn from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from robust_ray.core.records.base import Record


@dataclass(frozen=True, kw_only=True)
class SampleRecord(Record):
    """One configuration of a student, trained and measured on the validation split; its weights are not kept."""

    table: ClassVar[str] = "samples"

    answers: str
    """Key of the teacher's answers that it has learned."""

    task: str
    """Type of the task component."""

    task_params: str
    """Its parameters and data revision, canonical JSON."""

    student: str
    """Type of the model component."""

    student_params: str
    """The configuration: its parameters, canonical JSON."""

    schooling: str
    """How it has learned, canonical JSON."""

    seed: int
    """Of its weights, of the order of examples, and of the variants."""

    formula_parameters: int
    """Numbers of the network by the formula of Compressor, AVATAR and MORPH …"""

    formula_flops: int
    """… and operations of one forward pass over as many tokens as it reads at most, as they count them."""

    n: int
    """Examples of the validation split."""

    accuracy: float
    """Share of right answers."""

    rewritten: int | None
    """Examples of which there is a variant; null, as the next, where none were asked for."""

    flips: int | None
    """Of them, those whose variant is answered otherwise."""
