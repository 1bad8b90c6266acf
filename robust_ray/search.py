"""The search, without Optuna and without Ray: from a trial to a compression, from rows to numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from robust_ray import metrics
from robust_ray.compression import Compression
from robust_ray.core.build import build
from robust_ray.core.errors import SweepError, did_you_mean
from robust_ray.core.records import AttackRecord, EvaluationRecord
from robust_ray.sweep import Bound, Search


class Trial(Protocol):
    """What a proposal asks: Optuna's trial, or anything that answers the same."""

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """One of ``choices``."""
        ...

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:
        """A number in [low, high]."""
        ...

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        """A whole number in [low, high]."""
        ...


class Rows(NamedTuple):
    """What was measured of one student (of all its seeds)."""

    evaluations: Sequence[EvaluationRecord]
    attacks: Sequence[AttackRecord]


def clean_accuracy(rows: Rows) -> float | None:
    """Mean test accuracy over seeds."""
    return float(np.mean([row.accuracy for row in rows.evaluations])) if rows.evaluations else None


def size_bytes(rows: Rows) -> float | None:
    """Mean size of the weights on disk."""
    return float(np.mean([row.bytes for row in rows.evaluations])) if rows.evaluations else None


def compressed_bytes(rows: Rows) -> float | None:
    """Mean size of the weights through zstd."""
    return float(np.mean([row.compressed_bytes for row in rows.evaluations])) if rows.evaluations else None


def latency(rows: Rows) -> float | None:
    """Mean of the median seconds for one example."""
    return float(np.mean([row.latency_p50 for row in rows.evaluations])) if rows.evaluations else None


def robust_accuracy(rows: Rows) -> float | None:
    """Share of attacked examples still right under *every* attack: the worst case over the sweep's attacks."""
    examples = [(row.seed, row.uid) for row in rows.attacks]
    return metrics.robust_accuracy(metrics.worst_case(examples, [row.verdict for row in rows.attacks]))


def success_rate(rows: Rows) -> float | None:
    """ASR over all attacks together."""
    return metrics.attack_success_rate([row.verdict for row in rows.attacks])


def queries(rows: Rows) -> float | None:
    """AMQ over all attacks together."""
    return metrics.average_queries([row.verdict for row in rows.attacks], [row.queries for row in rows.attacks])


METRICS: Mapping[str, Callable[[Rows], float | None]] = {
    "clean_accuracy": clean_accuracy,
    "robust_accuracy": robust_accuracy,
    "attack_success_rate": success_rate,
    "average_queries": queries,
    "bytes": size_bytes,
    "compressed_bytes": compressed_bytes,
    "latency": latency,
}
"""What a search may optimize or bound, by name."""


def check(search: Search, where: str) -> None:
    """Refuse a search that could not run: unknown metrics, compressions or fields, ranges that are none.

    Raises:
        SweepError: in one sentence.
    """
    for metric in (*(part.metric for part in search.objectives), *(part.metric for part in search.constraints)):
        if metric not in METRICS:
            raise SweepError(f"{where}: metric {metric!r} does not exist; {did_you_mean(metric, METRICS)}")
    for type_ in search.space:
        build(Compression, suggest(_Lowest(type_), search), f"{where}.space.{type_}")


def suggest(trial: Trial, search: Search) -> dict[str, Any]:
    """Let a trial choose one point of the space, as the mapping a sweep file would hold.

    The space is conditional: the compression's type is chosen first, then the fields of that type alone.
    """
    types = sorted(search.space)
    chosen = trial.suggest_categorical("compression", types) if len(types) > 1 else types[0]
    fields = search.space[chosen]
    return {"type": chosen} | {name: _choose(trial, f"{chosen}.{name}", fields[name]) for name in sorted(fields)}


def measure(rows: Rows, search: Search, teacher: Rows) -> tuple[tuple[float, ...], dict[str, float]]:
    """Objective values in order, and each constraint as a number that is feasible when at most 0.

    Raises:
        ValueError: a metric could not be measured (its rows are missing); such a proposal has failed.
    """
    values = tuple(_number(objective.metric, rows) for objective in search.objectives)
    return values, {_name(bound): _violation(bound, rows, teacher) for bound in search.constraints}


def _violation(bound: Bound, rows: Rows, teacher: Rows) -> float:
    value = _number(bound.metric, rows)
    if bound.at_most is not None:
        return value - bound.at_most
    if bound.at_least is not None:
        return bound.at_least - value
    assert bound.below_teacher is not None  # Bound holds exactly one of the three
    return _number(bound.metric, teacher) - bound.below_teacher - value


def _name(bound: Bound) -> str:
    kind = next(name for name in ("at_least", "at_most", "below_teacher") if getattr(bound, name) is not None)
    return f"{bound.metric} {kind} {getattr(bound, kind)}"


def _number(metric: str, rows: Rows) -> float:
    value = METRICS[metric](rows)
    if value is None or not np.isfinite(value):
        raise ValueError(f"the metric {metric!r} could not be measured on this student")
    return value


def _choose(trial: Trial, name: str, entry: object) -> Any:
    """One field: a fixed value, a component whose fields are entries in turn, a list of choices, or a range."""
    if not isinstance(entry, Mapping):
        return entry
    if "type" in entry:
        return {field: _choose(trial, f"{name}.{field}", entry[field]) for field in sorted(entry)}
    if set(entry) == {"choices"} and isinstance(entry["choices"], list) and entry["choices"]:
        return trial.suggest_categorical(name, entry["choices"])
    known = {"low", "high", "step", "log"}
    low, high, step, log = entry.get("low"), entry.get("high"), entry.get("step"), bool(entry.get("log", False))
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (low, high))
    if not set(entry) <= known or not numbers or not low < high:  # type: ignore[operator]  # numbers, as just checked
        raise SweepError(
            f"{name}: a value, {{low, high}} with low < high (and step or log), or {{choices: [...]}} must stand here, "
            f"but got {dict(entry)}; correct it"
        )
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(name, low, high, step=int(step or 1), log=log)
    return trial.suggest_float(name, float(low), float(high), step=step, log=log)  # type: ignore[arg-type]


class _Lowest:
    """A trial that takes a given compression and the first of everything, to check a space without Optuna."""

    def __init__(self, compression: str) -> None:
        self.compression = compression

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        return self.compression if name == "compression" else choices[0]

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:
        return low

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        return low
