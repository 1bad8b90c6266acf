"""MetaCompress's four metamorphic relations between a teacher and its student.

Source: Awal, Rochan, Roy, "A Metamorphic Testing Perspective on Knowledge Distillation for Language Models of Code",
arXiv 2511.05476. The paper names the relations; their definitions here are reconstructed, every threshold a parameter.

All four compare answers to the same input, clean or changed without changing its behaviour. A relation holds where its
``distance`` is small enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from robust_ray.core.arrays import FloatArray
from robust_ray.core.errors import SweepError
from robust_ray.fidelity.base import RELATIONS, Comparison, Relation
from robust_ray.metrics import js_divergence, kl_divergence

_METACOMPRESS = "Awal, Rochan, Roy, JSS 2026, https://arxiv.org/abs/2511.05476"


@RELATIONS.register("prediction_agreement")
@dataclass(frozen=True, kw_only=True)
class PredictionAgreement(Relation):
    """Teacher and student predict the same class.

    Reconstructed: violated where the most probable classes differ. The distance is 0 where they agree, else 1.
    """

    paper: ClassVar[str] = _METACOMPRESS

    def compare(self, teacher: FloatArray, student: FloatArray) -> Comparison:
        """See :meth:`Relation.compare`."""
        agree = teacher.argmax(axis=1) == student.argmax(axis=1)
        return Comparison(np.ones_like(agree), agree, np.where(agree, 0.0, 1.0))


@RELATIONS.register("probability_similarity")
@dataclass(frozen=True, kw_only=True)
class ProbabilitySimilarity(Relation):
    """Teacher and student spread their probability alike.

    Reconstructed: violated where the divergence of the student's from the teacher's distribution exceeds the threshold.
    """

    paper: ClassVar[str] = _METACOMPRESS

    divergence: Literal["kl", "js"] = "js"
    """``js``, symmetric and at most ln 2, or ``kl`` (teacher || student), both in nats."""

    threshold: float = 0.1
    """Largest divergence that still counts as similar, nats; 0.05, 0.1 and 0.2 are worth comparing."""

    def __post_init__(self) -> None:
        if self.threshold < 0:
            raise SweepError(f"`threshold >= 0` must hold, but got {self.threshold}; 0.1 is usual")

    def compare(self, teacher: FloatArray, student: FloatArray) -> Comparison:
        """See :meth:`Relation.compare`."""
        diverge = kl_divergence if self.divergence == "kl" else js_divergence
        distance = diverge(teacher, student)
        holds = distance <= self.threshold
        return Comparison(np.ones_like(holds), holds, distance)


@RELATIONS.register("high_confidence_preservation")
@dataclass(frozen=True, kw_only=True)
class HighConfidencePreservation(Relation):
    """Where the teacher is sure, the student is sure of the same class.

    Reconstructed: says something only where the teacher's confidence reaches the threshold; violated there unless the
    student predicts the same class with a confidence that reaches it too. The distance is what the student's confidence
    lacks to 1 where the classes agree, and 1 where they differ.
    """

    paper: ClassVar[str] = _METACOMPRESS

    threshold: float = 0.9
    """Confidence (largest class probability) from which a model is sure; 0.8, 0.9 and 0.95 are worth comparing."""

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1:
            raise SweepError(f"`0 < threshold < 1` must hold, but got {self.threshold}; 0.9 is usual")

    def compare(self, teacher: FloatArray, student: FloatArray) -> Comparison:
        """See :meth:`Relation.compare`."""
        agree = teacher.argmax(axis=1) == student.argmax(axis=1)
        confidence = student.max(axis=1)
        holds = agree & (confidence >= self.threshold)
        return Comparison(teacher.max(axis=1) >= self.threshold, holds, np.where(agree, 1.0 - confidence, 1.0))


@RELATIONS.register("calibration_alignment")
@dataclass(frozen=True, kw_only=True)
class CalibrationAlignment(Relation):
    """Teacher and student are equally confident.

    Reconstructed: violated where their largest class probabilities lie further apart than the threshold. On a whole
    data set, its counterpart is :func:`robust_ray.metrics.calibration_gap`.
    """

    paper: ClassVar[str] = _METACOMPRESS

    threshold: float = 0.1
    """Largest difference in confidence that still counts as aligned; 0.05, 0.1 and 0.2 are worth comparing."""

    def __post_init__(self) -> None:
        if not 0 <= self.threshold < 1:
            raise SweepError(f"`0 <= threshold < 1` must hold, but got {self.threshold}; 0.1 is usual")

    def compare(self, teacher: FloatArray, student: FloatArray) -> Comparison:
        """See :meth:`Relation.compare`."""
        distance = np.abs(teacher.max(axis=1) - student.max(axis=1))
        holds = distance <= self.threshold
        return Comparison(np.ones_like(holds), holds, distance)
