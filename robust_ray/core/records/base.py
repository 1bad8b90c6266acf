"""What all rows have, and what all rows about a student have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, kw_only=True)
class Record:
    """Base of every row."""

    table: ClassVar[str]
    """Folder of the store the rows lie in."""

    key: str
    """Key of the stage call that made the row; provenance is in its file's metadata."""


@dataclass(frozen=True, kw_only=True)
class CellRecord(Record):
    """The columns that name a cell: which model, on which task, compressed how."""

    student: str
    """Key of the checkpoint measured (for compression ``none``, that of an identical copy of the teacher)."""

    teacher: str
    """Key of the fine-tuned, uncompressed checkpoint."""

    model: str
    """Type of the model component."""

    model_params: str
    """Its parameters, canonical JSON."""

    task: str
    """Type of the task component."""

    task_params: str
    """Its parameters and data revision, canonical JSON."""

    compression: str
    """Type of the compression component; ``none`` for the teacher itself."""

    compression_params: str
    """Its parameters, canonical JSON."""

    seed: int
    """Seed of fine-tuning, compression and attack."""

    dtype: str
    """Number format of the victim's forward pass: ``float32`` or ``bfloat16``."""
