"""Rows. A record's fields *are* the Parquet schema; null always means "not measured", never zero.

A row says only what its key determines, so it is true in every sweep that shares it. Rows are wide on purpose: no join
is needed to plot. Golden schemas in the tests make an accidental change fail.
"""

from __future__ import annotations

from robust_ray.core.records.attack import AttackRecord, Verdict
from robust_ray.core.records.base import CellRecord, Record
from robust_ray.core.records.dataset import DatasetRecord
from robust_ray.core.records.evaluation import EvaluationRecord
from robust_ray.core.records.fidelity import FidelityRecord
from robust_ray.core.records.naturalness import NaturalnessRecord
from robust_ray.core.records.run import RunRecord
from robust_ray.core.records.sample import SampleRecord
from robust_ray.core.records.substitute import SubstituteRecord
from robust_ray.core.records.transfer import TransferRecord

__all__ = [
    "RECORDS",
    "AttackRecord",
    "CellRecord",
    "DatasetRecord",
    "EvaluationRecord",
    "FidelityRecord",
    "NaturalnessRecord",
    "Record",
    "RunRecord",
    "SampleRecord",
    "SubstituteRecord",
    "TransferRecord",
    "Verdict",
]

RECORDS: tuple[type[Record], ...] = (
    DatasetRecord,
    EvaluationRecord,
    AttackRecord,
    FidelityRecord,
    NaturalnessRecord,
    TransferRecord,
    SubstituteRecord,
    SampleRecord,
    RunRecord,
)
"""One for each table."""
