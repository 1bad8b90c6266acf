"""Refusals of searches that could not run, before anything does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from robust_ray.attacks import AttackRecipe
from robust_ray.compression import Compression
from robust_ray.core.build import build
from robust_ray.core.errors import SweepError, did_you_mean
from robust_ray.fidelity import Relation
from robust_ray.models import CodeModel
from robust_ray.search.measures import METRICS, MORE_IS_BETTER
from robust_ray.search.settings import Bound, Quantity, Search
from robust_ray.search.space import BRANCH, suggest
from robust_ray.tasks import Task


def check(
    search: Search,
    where: str,
    *,
    tasks: Sequence[Task],
    models: Sequence[CodeModel] = (),
    attacks: Sequence[AttackRecipe] = (),
    relations: Sequence[Relation] = (),
) -> None:
    """Refuse a search that could not run: unknown metrics, compressions or fields, ranges that are none.

    Args:
        search: What the sweep asks for.
        where: How to name it in a refusal.
        tasks: The sweep's.
        models: The sweep's.
        attacks: The sweep's.
        relations: The sweep's.

    Raises:
        SweepError: in one sentence.
    """
    for quantity in (*search.objectives, *search.constraints):
        if quantity.metric not in METRICS:
            raise SweepError(
                f"{where}: metric {quantity.metric!r} does not exist; {did_you_mean(quantity.metric, METRICS)}"
            )
        _check_measured(quantity, where, [each.type for each in attacks], [each.type for each in relations])
        for task in tasks:
            _check_quality(quantity.metric, task, where)
    for bound in search.constraints:
        _check_bound(bound, where)
    if search.rungs and not attacks:
        raise SweepError(f"{where}: `rungs` are numbers of attacked examples, but the sweep has no attacks; add one")
    one_by_one = replace(search, sampler="random")  # or a mistake on one branch would be told of another
    for name in sorted(search.space):
        _check_branch(one_by_one, name, f"{where}.space", tasks, models)


def _check_measured(quantity: Quantity, where: str, attacks: Sequence[str], relations: Sequence[str]) -> None:
    """Refuse what the sweep has no attacks or relations to measure by."""
    metric = METRICS[quantity.metric]
    for kind, is_needed, chosen, known in (
        ("attack", metric.under_attack, quantity.attack, attacks),
        ("relation", metric.table == "fidelity", quantity.relation, relations),
    ):
        if is_needed and not known:
            raise SweepError(
                f"{where}: metric {quantity.metric!r} is measured by {kind}s, but the sweep has none; add one"
            )
        if chosen is not None and not is_needed:
            raise SweepError(f"{where}: metric {quantity.metric!r} knows no {kind}, but got {chosen!r}; leave it out")
        if chosen is not None and chosen not in known:
            raise SweepError(f"{where}: the sweep has no {kind} {chosen!r}; {did_you_mean(chosen, known)}")


def _check_bound(bound: Bound, where: str) -> None:
    """Refuse to let a number fall below the teacher's that should not rise above it."""
    if bound.below_teacher is not None and bound.metric not in MORE_IS_BETTER:
        raise SweepError(
            f"{where}: `below_teacher` bounds a metric of which more is better, but got {bound.metric!r}; "
            "bound it with `at_most`"
        )


def _check_quality(metric: str, task: Task, where: str) -> None:
    """Refuse what is measured on tasks of the other kind alone."""
    wants_text = METRICS[metric].wants_text
    if wants_text is not None and wants_text != task.question.wants_text:
        own = "bleu" if task.question.wants_text else "clean_accuracy"
        raise SweepError(
            f"{where}: metric {metric!r} is not measured on the task {task.type!r}, but {own!r} is; "
            "use that, and a sweep for each kind of task"
        )


def _check_branch(search: Search, name: str, where: str, tasks: Sequence[Task], models: Sequence[CodeModel]) -> None:
    """Refuse a branch with an end of a range, or a choice, with which nothing could be built.

    Each is tried with the first and with the last of everything else: values that are fine alone need not be so
    together, and proposals of such are given up one by one.
    """
    place = f"{where}.{name}"
    pending, seen = [_Corner(name, {}, last=False), _Corner(name, {}, last=True)], set[tuple[str, int]]()
    while pending:
        corner = pending.pop()
        taken = _At(corner)
        _point(taken, search, place)
        if corner.fixed or not taken.options:
            error = _error_at(corner, search, place, tasks, models)
            if error is not None and _error_at(corner._replace(last=not corner.last), search, place, tasks, models):
                raise error
        for parameter, count in taken.options.items():
            for option in ((parameter, i) for i in range(count) if (parameter, i) not in seen):
                seen.add(option)
                way = {choice: j for choice, j in taken.taken.items() if parameter.startswith(f"{choice}.")}
                pending.append(corner._replace(fixed=way | dict([option])))


class _Corner(NamedTuple):
    """A point of a branch: some parameters at a given option, the others at their first or last."""

    branch: str
    fixed: dict[str, int]
    last: bool


class _At:
    """A trial at a corner, which takes down what it took and could have taken."""

    def __init__(self, corner: _Corner) -> None:
        self.corner = corner
        self.options: dict[str, int] = {}
        self.taken: dict[str, int] = {}

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        return self.corner.branch if name == BRANCH else self._one_of(name, choices)

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:
        return float(self._one_of(name, (low, high)))

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        return int(self._one_of(name, (low, high)))

    def _one_of(self, name: str, options: Sequence[Any]) -> Any:
        self.options[name] = len(options)
        self.taken[name] = self.corner.fixed.get(name, len(options) - 1 if self.corner.last else 0)
        return options[self.taken[name]]


def _point(trial: _At, search: Search, place: str) -> dict[str, Any]:
    try:
        return suggest(trial, search)
    except SweepError as error:
        raise SweepError(f"{place}: {error}") from None


def _error_at(
    corner: _Corner, search: Search, place: str, tasks: Sequence[Task], models: Sequence[CodeModel]
) -> SweepError | None:
    """Why a corner cannot be built or used; None where it can."""
    try:
        compression = build(Compression, _point(_At(corner), search, place), place)
    except SweepError as error:
        return error
    try:
        for task in tasks:
            compression.require(task.question)
        for model in models:
            compression.fits(model)
    except SweepError as error:
        return SweepError(f"{place}: {error}")
    return None
