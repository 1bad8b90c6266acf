"""What an adversarial example found against one victim does to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from robust_ray.core.records.base import CellRecord


@dataclass(frozen=True, kw_only=True)
class TransferRecord(CellRecord):
    """One adversarial example of one victim, the source, replayed on another, the target: the cell's columns are its.

    Task, seed and number format are those of both.
    """

    table: ClassVar[str] = "transfers"

    source: str
    """Key of the checkpoint it was found against; ``student`` again where it is replayed on its own victim."""

    source_teacher: str
    """Key of the fine-tuned, uncompressed checkpoint of that."""

    source_model: str
    """Type of the source's model component."""

    source_model_params: str
    """Its parameters, canonical JSON."""

    source_compression: str
    """Type of the source's compression component."""

    source_compression_params: str
    """Its parameters, canonical JSON."""

    found_by: str
    """Key of the attack call that found it: the code is in that call's row of the same ``uid``."""

    attack: str
    """Type of the attack recipe."""

    attack_params: str
    """Its parameters, canonical JSON."""

    uid: str
    """The example."""

    label: int
    """The true class; 0 for tasks without classes."""

    applies: bool
    """Whether the target is right on the original, as attacks ask, so that there is something to lose."""

    prediction: int | None
    """Class the target predicts for the original; null for texts."""

    confidence: float
    """Its probability of the true class (BLEU for texts), original."""

    adversarial_prediction: int | None
    """Class the target predicts for the adversarial example; null for texts."""

    adversarial_confidence: float
    """Its probability of the true class there."""

    transferred: bool | None
    """Whether the attack's goal is achieved on the target, too; null where the target is wrong on the original."""
