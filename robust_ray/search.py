"""The search, without Optuna and without Ray: from a trial to a compression, from rows to numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeGuard

import numpy as np

from robust_ray import metrics
from robust_ray.compression import COMPRESSIONS, Compression
from robust_ray.core.build import build
from robust_ray.core.errors import SweepError, did_you_mean
from robust_ray.core.records import AttackRecord, EvaluationRecord
from robust_ray.models import CodeModel
from robust_ray.sweep import Bound, Search
from robust_ray.tasks import Task


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
    return _mean([row.accuracy for row in rows.evaluations])


def bleu(rows: Rows) -> float | None:
    """Mean test BLEU over seeds, for tasks that ask for texts."""
    return _mean([row.bleu for row in rows.evaluations])


def size_bytes(rows: Rows) -> float | None:
    """Mean size of the weights on disk."""
    return _mean([row.bytes for row in rows.evaluations])


def compressed_bytes(rows: Rows) -> float | None:
    """Mean size of the weights through zstd."""
    return _mean([row.compressed_bytes for row in rows.evaluations])


def loaded_bytes(rows: Rows) -> float | None:
    """Mean size of the weights in memory."""
    return _mean([row.loaded_bytes for row in rows.evaluations])


def flops(rows: Rows) -> float | None:
    """Mean operations for one example."""
    return _mean([row.flops for row in rows.evaluations])


def latency(rows: Rows) -> float | None:
    """Mean of the median seconds for one example."""
    return _mean([row.latency_p50 for row in rows.evaluations])


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
    "bleu": bleu,
    "robust_accuracy": robust_accuracy,
    "attack_success_rate": success_rate,
    "average_queries": queries,
    "bytes": size_bytes,
    "compressed_bytes": compressed_bytes,
    "loaded_bytes": loaded_bytes,
    "flops": flops,
    "latency": latency,
}
"""What a search may optimize or bound, by name."""

RANGE = frozenset({"low", "high", "step", "log"})
"""What a range is told from other mappings by."""

OF_ATTACKS = frozenset({"robust_accuracy", "attack_success_rate", "average_queries"})
"""Those that need attack rows."""


def check(
    search: Search, where: str, *, tasks: Sequence[Task], models: Sequence[CodeModel] = (), attacked: bool
) -> None:
    """Refuse a search that could not run: unknown metrics, compressions or fields, ranges that are none.

    Args:
        search: What the sweep asks for.
        where: How to name it in a refusal.
        tasks: The sweep's.
        models: The sweep's.
        attacked: Whether the sweep has attacks.

    Raises:
        SweepError: in one sentence.
    """
    for metric in (*(part.metric for part in search.objectives), *(part.metric for part in search.constraints)):
        if metric not in METRICS:
            raise SweepError(f"{where}: metric {metric!r} does not exist; {did_you_mean(metric, METRICS)}")
        if metric in OF_ATTACKS and not attacked:
            raise SweepError(f"{where}: metric {metric!r} is measured by attacks, but the sweep has none; add one")
        for task in tasks:
            _check_quality(metric, task, where)
    for compression in search.space:
        corners = _Corners(compression)
        while corners.turn():
            place = f"{where}.space.{compression}"
            try:
                chosen = suggest(corners, search)
            except SweepError as error:
                raise SweepError(f"{place}: {error}") from None
            built = build(Compression, chosen, place)
            _check_use(built, tasks, models, place)


def _check_quality(metric: str, task: Task, where: str) -> None:
    """Refuse what is measured on tasks of the other kind alone."""
    own, others = ("bleu", "clean_accuracy") if task.question.wants_text else ("clean_accuracy", "bleu")
    if metric == others:
        raise SweepError(
            f"{where}: metric {metric!r} is not measured on the task {task.type!r}, but {own!r} is; "
            "use that, and a sweep for each kind of task"
        )


def _check_use(compression: Compression, tasks: Sequence[Task], models: Sequence[CodeModel], place: str) -> None:
    try:
        for task in tasks:
            compression.require(task.question)
        for model in models:
            compression.fits(model)
    except SweepError as error:
        raise SweepError(f"{place}: {error}") from None


def suggest(trial: Trial, search: Search) -> dict[str, Any]:
    """Let a trial choose one point of the space, as the mapping a sweep file would hold.

    The space is conditional: the compression's type is chosen first, then the fields of that type alone.
    """
    types = sorted(search.space)
    chosen = trial.suggest_categorical("compression", types) if len(types) > 1 else types[0]
    fields = search.space[chosen]
    return {"type": chosen} | {name: _choose(trial, f"{chosen}.{name}", fields[name]) for name in sorted(fields)}


def compressions(search: Search) -> set[str]:
    """Types of all compressions that a space names, wherever it does: steps of pipelines may be choices."""
    return {word for word in _words(search.space) if word in COMPRESSIONS}


def _words(entry: object) -> Iterator[str]:
    """All texts in an entry, names of fields too."""
    if isinstance(entry, str):
        yield entry
    elif isinstance(entry, Mapping):
        yield from (word for part in (*entry, *entry.values()) for word in _words(part))
    elif isinstance(entry, list):
        yield from (word for part in entry for word in _words(part))


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


def _mean(values: Sequence[float | None]) -> float | None:
    """None where one is missing, or all are."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known and len(known) == len(values) else None


def _number(metric: str, rows: Rows) -> float:
    value = METRICS[metric](rows)
    if value is None or not np.isfinite(value):
        raise ValueError(f"the metric {metric!r} could not be measured on this student")
    return value


def _choose(trial: Trial, name: str, entry: object) -> Any:
    """One field: a fixed value, a mapping or list whose parts are entries in turn, choices, or a range."""
    if isinstance(entry, list):
        return [_choose(trial, f"{name}[{i}]", part) for i, part in enumerate(entry)]
    if not isinstance(entry, Mapping):
        return entry
    if RANGE.isdisjoint(entry) and "choices" not in entry:
        return {field: _choose(trial, f"{name}.{field}", entry[field]) for field in sorted(entry, key=str)}
    if set(entry) == {"choices"} and isinstance(entry["choices"], list) and entry["choices"]:
        return trial.suggest_categorical(name, entry["choices"])
    low, high, step, log = entry.get("low"), entry.get("high"), entry.get("step"), entry.get("log", False)
    if not set(entry) <= RANGE or not _is_number(low) or not _is_number(high) or not low < high:
        raise SweepError(
            f"{name}: a value, {{low, high}} with low < high (and step or log), or {{choices: [...]}} must stand here, "
            f"but got {dict(entry)}; correct it"
        )
    whole = isinstance(low, int) and isinstance(high, int)
    if step is not None and (not _is_number(step) or step <= 0 or (whole and not isinstance(step, int))):
        kind = "a whole number" if whole else "a number"
        raise SweepError(f"{name}: `step` must be {kind} above 0, but got {step!r}; correct it")
    if not isinstance(log, bool) or (log and (step is not None or low <= 0)):
        raise SweepError(
            f"{name}: `log` must be true or false, and goes with `low > 0` and no `step`, but got {dict(entry)}"
        )
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(name, low, high, step=int(step or 1), log=log)
    return trial.suggest_float(name, float(low), float(high), step=step, log=log)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


class _Corners:
    """A trial that takes a given compression and, turn by turn, the low end, the high end and every choice of a field.

    Checks a space without Optuna: a value that no component accepts is at an end of its range or among its choices.
    """

    def __init__(self, compression: str) -> None:
        self.compression = compression
        self.turns = 2
        self.now = -1

    def turn(self) -> bool:
        """Go on to the next point; False when all have been taken."""
        self.now += 1
        return self.now < self.turns

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        if name == "compression":
            return self.compression
        self.turns = max(self.turns, len(choices))
        return choices[min(self.now, len(choices) - 1)]

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:
        return high if self.now else low

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        return high if self.now else low
