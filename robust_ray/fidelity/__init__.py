"""Fidelity: how faithfully a student mimics its teacher, one metamorphic relation a component."""

from robust_ray.fidelity.base import RELATIONS, Comparison, Relation
from robust_ray.fidelity.comparison import compare
from robust_ray.fidelity.relations import (
    CalibrationAlignment,
    HighConfidencePreservation,
    PredictionAgreement,
    ProbabilitySimilarity,
)

__all__ = [
    "RELATIONS",
    "CalibrationAlignment",
    "Comparison",
    "HighConfidencePreservation",
    "PredictionAgreement",
    "ProbabilitySimilarity",
    "Relation",
    "compare",
]
