"""What a data set is like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from robust_ray.core.records.base import Record


@dataclass(frozen=True, kw_only=True)
class DatasetRecord(Record):
    """One split of a data set, as the models are asked it."""

    table: ClassVar[str] = "datasets"

    task: str
    """Type of the task component."""

    task_params: str
    """Its parameters and data revision, canonical JSON."""

    language: str
    """Of the code."""

    split: str
    """``train``, ``unlabelled`` (the part of the training split that students alone learn from), ``valid`` or
    ``test``."""

    n: int
    """Examples."""

    labels: tuple[str, ...]
    """Names of the classes; none for tasks whose answer is a text."""

    label_counts: tuple[int, ...]
    """Examples of each."""

    dropped: int
    """Rows of the data set that were left out …"""

    dropped_for: str
    """… and why: reason → rows, canonical JSON."""

    functions: int
    """Distinct programs in the examples; layout and comments aside, as in all that follows."""

    tokens_p50: int
    """Words, literals and signs of an example, all its programs together: median, …"""

    tokens_p95: int
    """… 95th percentile, …"""

    tokens_max: int
    """… and most."""

    reference_words_p50: int | None
    """Words of a summary, median; null for tasks with classes."""

    repeated: int
    """Examples that are the same as an earlier one of the split."""

    nearly_repeated: int
    """Further examples that are nearly the same as an earlier one."""

    too_short: int
    """Examples with a program of too few words to be called nearly the same as another."""

    conflicting: int | None
    """Examples that stand in some split with another label, too; null for tasks whose answer is a text."""

    in_train: int | None
    """Examples that stand in the training split, its unlabelled part included; null for both of these, as in all such
    columns."""

    nearly_in_train: int | None
    """Further examples that are nearly the same as one of the training split."""

    functions_in_train: int | None
    """Of pairs, those with at least one program that stands in the training split; null where an example is one."""

    in_valid: int | None
    """Test examples that stand in the validation split; null for other splits."""

    nearly_in_valid: int | None
    """Further test examples that are nearly the same as one of the validation split."""

    warnings: tuple[str, ...]
    """What a reader of any score on this data must know, one line each."""
