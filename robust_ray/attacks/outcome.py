"""What is known of one attacked example, and the row it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from robust_ray.attacks.base import Candidate
from robust_ray.core.examples import Example
from robust_ray.core.identity import canonical_json
from robust_ray.core.records import AttackRecord, Verdict
from robust_ray.source.distance import Changes, levenshtein
from robust_ray.source.validity import Validity


@dataclass(frozen=True)
class Adversarial:
    """The candidate that ended the attack."""

    found_by: str
    """Name of the attack."""

    query: int
    """Which query it was, from 1 on."""

    candidate: Candidate
    prediction: int | None
    confidence: float
    """Probability of the true class."""

    changes: Changes


@dataclass
class Outcome:
    """Facts about one example, filled in as they become known."""

    example: Example
    verdict: Verdict = Verdict.FAILED
    prediction: int | None = None
    """Class predicted for the original; None before it is known, and where there are no classes."""

    confidence: float | None = None
    """Probability of the true class, original."""

    note: str | None = None
    """What of the original the victim could not read."""

    tokens: int | None = None
    identifiers: int | None = None
    queries: int = 0
    forwards: int = 0
    rejected: int = 0
    budget_exhausted: bool = False
    validity: Validity | None = None
    """Of the last claim of success."""

    lowest: float | None = None
    """Lowest probability of the true class on a candidate that may count."""

    curve: list[tuple[int, float]] = field(default_factory=list)
    """Query and probability of the true class at each new low; the original's is the first to beat."""

    adversarial: Adversarial | None = None
    reason: str | None = None
    error: str | None = None

    def skip(self, reason: str) -> None:
        """Note that there is nothing to change."""
        self.verdict, self.reason = Verdict.SKIPPED_NO_TARGET, reason

    def win(self, found: Adversarial) -> None:
        """Note the candidate that ended the attack; it counts if the last check found it valid."""
        assert self.validity is not None
        self.adversarial = found
        self.budget_exhausted = False  # one of an ensemble may have come to the end of its own
        self.verdict = Verdict.SUCCEEDED if self.validity.is_valid else Verdict.INVALID

    def see(self, query: int, confidence: float) -> None:
        """Note the probability of the true class on the candidate that was the ``query``-th."""
        if self.lowest is None or confidence < self.lowest:
            self.lowest = confidence
            if self.confidence is None or confidence < self.confidence:
                self.curve.append((query, confidence))

    def fail(self, error: Exception) -> None:
        """Note what broke."""
        self.verdict = Verdict.ERROR
        self.error = f"{type(error).__name__}: {error}".rstrip().splitlines()[-1]

    def lose(self, reason: str) -> None:
        """Note that it is not to be touched."""
        self.verdict = Verdict.ERROR
        self.error = f"the process has died each time it came to this example, last with: {reason}"

    def record(self, columns: Mapping[str, Any]) -> AttackRecord:
        """The row: ``columns`` name the cell and the attack, the rest is known here."""
        found = self.adversarial
        return AttackRecord(
            **columns,
            uid=self.example.uid,
            language=self.example.language,
            verdict=self.verdict,
            original=self.example.segments[0],
            adversarial=found.candidate.text if found else None,
            context=self.example.input[1:],
            label=self.example.label,
            note=self.note,
            prediction=self.prediction,
            confidence=self.confidence,
            adversarial_prediction=found.prediction if found else None,
            adversarial_confidence=found.confidence if found else self.lowest,
            queries=self.queries,
            forwards=self.forwards,
            curve_queries=tuple(query for query, _ in self.curve),
            curve_confidence=tuple(confidence for _, confidence in self.curve),
            budget_exhausted=self.budget_exhausted,
            identifiers=self.identifiers,
            identifiers_changed=found.changes.identifiers_changed if found else None,
            tokens=self.tokens,
            tokens_changed=found.changes.tokens_changed if found else None,
            edit_distance=found.changes.edit_distance if found else None,
            name_distance=_name_distance(found.candidate.renames) if found else None,
            renames=canonical_json(found.candidate.renames if found else {}),
            edits=canonical_json(found.candidate.edits if found else ()),
            won_by=found.found_by if found else None,
            won_at=found.query if found else None,
            is_valid=self.validity.is_valid if self.validity else None,
            validity=self.validity.level if self.validity else None,
            rejected=self.rejected,
            reason=self.reason,
            error=self.error,
        )


def _name_distance(renames: Mapping[str, str]) -> float | None:
    """Mean relative edit distance of old and new names, over those that changed."""
    shares = [levenshtein(old, new) / max(len(old), len(new)) for old, new in renames.items() if old != new]
    return sum(shares) / len(shares) if shares else None
