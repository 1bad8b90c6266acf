"""What a search may optimize or bound: each number of :mod:`robust_ray.metrics` by name, from the rows of a student.

``robust_accuracy`` is the worst case over the attacks: an example counts only if it stands under every one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from robust_ray import metrics
from robust_ray.core.records import AttackRecord, EvaluationRecord, FidelityRecord, Verdict
from robust_ray.search.settings import Quantity

CLEAN = "clean"
"""Perturbation of the rows of a relation on unchanged inputs."""


class Rows(NamedTuple):
    """What was measured of one student (of all its seeds) on one task."""

    evaluations: Sequence[EvaluationRecord] = ()
    attacks: Sequence[AttackRecord] = ()
    fidelity: Sequence[FidelityRecord] = ()

    def of(self, quantity: Quantity) -> Rows:
        """Those that a quantity is taken of."""
        return self._replace(
            attacks=[row for row in self.attacks if quantity.attack in (None, row.attack)],
            fidelity=[
                row
                for row in self.fidelity
                if quantity.attack in (None, row.perturbation) and quantity.relation in (None, row.relation)
            ],
        )


class Sample(NamedTuple):
    """What a number is made of: columns side by side, one entry for each thing that was measured."""

    columns: tuple[npt.NDArray[Any], ...]
    examples: npt.NDArray[np.str_]
    """The example each entry is about; empty where the number is not taken over examples."""


@dataclass(frozen=True)
class Metric:
    """A number by its name."""

    table: Literal["evaluations", "attacks", "fidelity"]
    """The rows it is taken from."""

    sample: Callable[[Rows, Rows], Sample]
    """From the rows of a student and those of its teacher."""

    number: Callable[..., float | None]
    """From the columns of the sample; None where there is no such number."""

    wants_text: bool | None = None
    """Whether it is measured on tasks that ask for a text alone (True), for a class alone (False), or on all."""

    under_attack: bool = False
    """Whether more attacked examples may change it."""

    of_teacher: bool = False
    """Whether the rows of the teacher are looked at."""


def _mean(values: npt.NDArray[Any]) -> float | None:
    """Over seeds; None where one is missing, or all are."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known and len(known) == len(values) else None


def _column(name: str, wants_text: bool | None = None) -> Metric:
    """The mean over seeds of a column of the evaluations."""

    def sample(student: Rows, teacher: Rows) -> Sample:
        values = np.asarray([getattr(row, name) for row in student.evaluations], dtype=np.object_)
        return Sample((values,), np.asarray([], dtype=np.str_))

    return Metric("evaluations", sample, _mean, wants_text)


def _flips(student: Rows, teacher: Rows) -> Sample:
    rows = [row for row in student.evaluations if row.rewritten]
    flips = np.asarray([row.flips for row in rows], dtype=np.float64)
    asked = np.asarray([row.rewritten for row in rows], dtype=np.float64)
    return Sample((flips / asked if rows else flips,), np.asarray([], dtype=np.str_))


def _verdicts(student: Rows, teacher: Rows) -> Sample:
    return _sample(student.attacks, "verdict")


def _verdicts_and_queries(student: Rows, teacher: Rows) -> Sample:
    return _sample(student.attacks, "verdict", "queries")


def _verdicts_and_rejected(student: Rows, teacher: Rows) -> Sample:
    return _sample(student.attacks, "verdict", "rejected")


def _worst_verdicts(student: Rows, teacher: Rows) -> Sample:
    worst = _worst_cases(student)
    return Sample((np.asarray(list(worst.values()), dtype=np.object_),), _examples(worst))


def _both_worst_verdicts(student: Rows, teacher: Rows) -> Sample:
    """On the examples that both were attacked on."""
    of_teacher, of_student = _worst_cases(teacher), _worst_cases(student)
    both = [example for example in of_student if example in of_teacher]
    columns = [np.asarray([worst[example] for example in both], dtype=np.object_) for worst in (of_teacher, of_student)]
    return Sample(tuple(columns), _examples(both))


def _clean_relations(student: Rows, teacher: Rows) -> Sample:
    return _sample([row for row in student.fidelity if row.perturbation == CLEAN], "applies", "holds")


def _attacked_relations(student: Rows, teacher: Rows) -> Sample:
    return _sample([row for row in student.fidelity if row.perturbation != CLEAN], "applies", "holds")


def _violation(applies: npt.NDArray[Any], holds: npt.NDArray[Any]) -> float | None:
    """Share of the inputs a relation says anything about on which it does not hold."""
    held = metrics.fidelity(applies, holds)
    return None if held is None else 1.0 - held


def _sample(rows: Sequence[AttackRecord] | Sequence[FidelityRecord], *names: str) -> Sample:
    columns = tuple(np.asarray([getattr(row, name) for row in rows], dtype=np.object_) for name in names)
    return Sample(columns, np.asarray([row.uid for row in rows], dtype=np.str_))


def _worst_cases(rows: Rows) -> dict[tuple[int, str], Verdict]:
    """Seed and example → the verdict over all attacks."""
    examples = [(row.seed, row.uid) for row in rows.attacks]
    return dict(
        zip(dict.fromkeys(examples), metrics.worst_case(examples, [r.verdict for r in rows.attacks]), strict=True)
    )


def _examples(worst: Sequence[tuple[int, str]] | Mapping[tuple[int, str], Hashable]) -> npt.NDArray[np.str_]:
    return np.asarray([uid for _, uid in worst], dtype=np.str_)


METRICS: Mapping[str, Metric] = {
    "clean_accuracy": _column("accuracy", wants_text=False),
    "precision": _column("precision", wants_text=False),
    "recall": _column("recall", wants_text=False),
    "f1": _column("f1", wants_text=False),
    "mcc": _column("mcc", wants_text=False),
    "flips": Metric("evaluations", _flips, _mean, wants_text=False),
    "bleu": _column("bleu", wants_text=True),
    "corpus_bleu": _column("corpus_bleu", wants_text=True),
    "rouge_l": _column("rouge_l", wants_text=True),
    "chrf": _column("chrf", wants_text=True),
    "exact_match": _column("exact_match", wants_text=True),
    "parameters": _column("parameters"),
    "nonzero_parameters": _column("nonzero_parameters"),
    "bytes": _column("bytes"),
    "compressed_bytes": _column("compressed_bytes"),
    "loaded_bytes": _column("loaded_bytes"),
    "flops": _column("flops"),
    "latency": _column("latency_p50"),
    "latency_p95": _column("latency_p95"),
    "throughput": _column("throughput"),
    "energy": _column("energy"),
    "peak_memory": _column("peak_memory"),
    "robust_accuracy": Metric("attacks", _worst_verdicts, metrics.robust_accuracy, under_attack=True),
    "robustness_drop": Metric(
        "attacks", _both_worst_verdicts, metrics.robustness_drop, under_attack=True, of_teacher=True
    ),
    "attack_success_rate": Metric("attacks", _verdicts, metrics.attack_success_rate, under_attack=True),
    "raw_attack_success_rate": Metric(
        "attacks", _verdicts_and_rejected, metrics.raw_attack_success_rate, under_attack=True
    ),
    "average_queries": Metric("attacks", _verdicts_and_queries, metrics.average_queries, under_attack=True),
    "average_queries_of_attempts": Metric(
        "attacks", _verdicts_and_queries, metrics.average_queries_of_attempts, under_attack=True
    ),
    "violation": Metric("fidelity", _clean_relations, _violation, wants_text=False),
    "violation_under_attack": Metric("fidelity", _attacked_relations, _violation, wants_text=False, under_attack=True),
}
"""What a search may optimize or bound, by name."""

MORE_IS_BETTER = frozenset(
    {
        *(
            "clean_accuracy",
            "precision",
            "recall",
            "f1",
            "mcc",
            "bleu",
            "corpus_bleu",
            "rouge_l",
            "chrf",
            "exact_match",
        ),
        *("throughput", "robust_accuracy", "average_queries", "average_queries_of_attempts"),
    }
)
"""Metrics of which a student should have no less than its teacher."""
