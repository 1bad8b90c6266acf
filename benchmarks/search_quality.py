"""How much of the best that there is does a search find, for how much of the cost of measuring everything?

Run: ``python benchmarks/search_quality.py`` (no data, no GPU), or with ``--only tpe random`` for some samplers,
``--seeds N`` for fewer, and ``--until 0.25`` to end early (GP thinks for seconds before each proposal). The students of
``search_grid.yaml`` have all been measured: see ``search_grid.py``.

Every sampler searches the same grid, by the study that `robust-ray run` drives, from answers on file. *Found* is the
hypervolume of the students measured so far that are accurate enough, in percent of that of the whole grid. Both are
taken up to the worst robust accuracy and the most bytes of all that are accurate enough. *Cost* is counted as a store
would: what is made or attacked twice is paid for once, so a proposal that repeats an earlier one is free, and a first
step that pipelines have in common is, too. What every search needs (the teacher, its answers, names for the attack) is
not counted. *95 % at* is the share of the grid's cost at which 95 % are found. Searches with *rungs* attack a proposal
on 25 examples, on 50 and on all 200, as ``search.rungs`` do: whoever is beaten beyond chance stays behind.

Numbers are medians over the seeds with 95 % bootstrap intervals. The second table holds each sampler's lead over random
search, in points, seed by seed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from optuna.trial import BaseTrial

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.search_grid import Grid, Student, read
from robust_ray.compression import Compression
from robust_ray.core.build import build
from robust_ray.core.call import Inputs, Stage, StageCall
from robust_ray.core.machine import Machine
from robust_ray.core.records import Record
from robust_ray.dispatch.frontier import Frontier
from robust_ray.dispatch.proposals import Measurement, Rung
from robust_ray.dispatch.study import OpenStudy
from robust_ray.metrics import bootstrap_interval, hypervolume, pareto_front, wilson_interval
from robust_ray.search import Objective, Reading, Search, suggest
from robust_ray.search.rungs import CONFIDENCE
from robust_ray.store import Store

BUDGETS = (0.05, 0.1, 0.15, 0.25, 0.5)
"""Shares of the grid's cost."""

ENOUGH = 0.95
"""Of the grid's hypervolume."""

OBJECTIVES = ("robust_accuracy", "bytes", "flops")

BASELINE = "random"
RUNGS = (25, 50)
SEARCHERS: Mapping[str, Mapping[str, Any]] = {
    BASELINE: {"sampler": "random"},
    "tpe": {"sampler": "tpe"},
    "nsgaii": {"sampler": "nsgaii"},
    "nsgaiii": {"sampler": "nsgaiii"},
    "gp": {"sampler": "gp"},
    "random, rungs": {"sampler": "random", "rungs": RUNGS},
    "tpe, rungs": {"sampler": "tpe", "rungs": RUNGS},
}
"""What differs in the search of ``search_grid.yaml``."""

Curve = Sequence[tuple[float, float]]
"""Share of the cost → share of the hypervolume, both rising; a step wherever something was found."""


@dataclass(frozen=True, kw_only=True)
class OnFile(Stage):
    """Work that has been done: making a student step by step, evaluating it, attacking it on a shard."""

    name: ClassVar[str] = "on_file"

    steps: tuple[Compression, ...]
    part: str

    def label(self) -> str:
        """See :meth:`Stage.label`."""
        return self.part

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        """Never asked."""
        raise NotImplementedError


class Work(NamedTuple):
    """What it takes to measure a student."""

    before: list[tuple[StageCall, float]]
    """Until it can be attacked; with the seconds of each."""

    shards: list[tuple[StageCall, float]]

    def until(self, shards: int) -> list[StageCall]:
        """What it takes to attack so many shards."""
        return [call for call, _ in (*self.before, *self.shards[:shards])]


def work(student: Student) -> Work:
    """What it takes to measure a student; equal keys are equal work."""
    steps = student.compression.in_order()
    made = [(_call(steps[: i + 1], "made"), seconds) for i, seconds in enumerate(student.made_seconds)]
    attacked = [(_call(steps, f"attacked {i}"), seconds) for i, seconds in enumerate(student.attacked_seconds)]
    return Work([*made, (_call(steps, "evaluated"), student.evaluated_seconds)], attacked)


def _call(steps: tuple[Compression, ...], part: str) -> StageCall:
    return StageCall(OnFile(steps=steps, part=part))


class Arena:
    """A grid to search, as one knows it who has measured everything."""

    def __init__(self, grid: Grid, objectives: Sequence[Objective]) -> None:
        self.grid = grid
        self.objectives = objectives
        self.losses = np.array([self.loss(student) for student in grid.feasible()])
        self.worst = self.losses.max(axis=0)
        self.work = {compression: work(student) for compression, student in grid.students.items()}
        parts = (part for each in self.work.values() for part in (*each.before, *each.shards))
        self.seconds = {call.key: seconds for call, seconds in parts}
        self._whole = hypervolume(self.losses, self.worst)

    def loss(self, student: Student) -> tuple[float, ...]:
        """The objectives, smaller is better."""
        values = self.grid.values(student, self.grid.sweep.examples.attack)
        return tuple(values[each.metric] * (-1 if each.direction == "maximize" else 1) for each in self.objectives)

    def share(self, found: Sequence[tuple[float, ...]]) -> float:
        """Of the hypervolume that there is."""
        return hypervolume(found, self.worst) / self._whole

    def describe(self) -> str:
        """What there is, in words."""
        teacher = self.loss(self.grid.teacher)
        ends = (
            f"{each.metric} {abs(worst):,g} (the teacher's is {abs(its):,g})"
            for each, worst, its in zip(self.objectives, self.worst, teacher, strict=True)
        )
        return (
            f"{len(self.grid.students)} students, {len(self.losses)} of them accurate enough, "
            f"{pareto_front(self.losses).sum()} on the front; {sum(self.seconds.values()):.0f} s in all\n"
            f"volumes up to {', '.join(ends)}"
        )


class Replay:
    """One search, from answers on file."""

    def __init__(self, arena: Arena, search: Search, budgets: Sequence[float] = BUDGETS) -> None:
        self._arena = arena
        self._end = max(budgets)
        self._search = replace(search, objectives=tuple(arena.objectives), trials=len(arena.grid.students))
        self._found: list[tuple[float, ...]] = []

    def curve(self) -> Curve:
        """What was found for how much, until the budget is spent or the proposals are at an end."""
        seconds, spent, curve = self._arena.seconds, 0.0, [(0.0, 0.0)]
        budget = self._end * sum(seconds.values())
        frontier = Frontier()
        with tempfile.TemporaryDirectory() as folder:
            study = OpenStudy(Store.open(folder).journal("search"), self._search, self._propose)
            study.advance(frontier)
            while spent < budget and (call := frontier.next_ready()) is not None:
                spent += seconds[call.key]
                before = len(self._found)
                frontier.done(call.key)
                study.advance(frontier)
                if len(self._found) > before:
                    curve.append((spent / sum(seconds.values()), self._arena.share(self._found)))
        return curve

    def _propose(self, trial: BaseTrial) -> Measurement:
        compression = build(Compression, suggest(trial, self._search), "search.space")
        student, examples = self._arena.grid.students[compression], self._arena.grid.sweep.examples
        todo = self._arena.work[compression]
        rungs = [
            Rung(attacked, todo.until(attacked // examples.shard), partial(self._read, student, attacked))
            for attacked in (*self._search.rungs, examples.attack)
        ]
        return Measurement(student.settings, rungs)

    def _read(self, student: Student, attacked: int) -> Reading:
        grid, objectives = self._arena.grid, self._arena.objectives
        values, violation = grid.values(student, attacked), grid.violation(student)
        if attacked == grid.sweep.examples.attack and violation <= 0:
            self._found.append(self._arena.loss(student))
        right = wilson_interval(round(values["robust_accuracy"] * attacked), attacked, CONFIDENCE)
        return Reading(
            values=tuple(values[each.metric] for each in objectives),
            constraints={"clean_accuracy": violation},
            intervals=tuple(right if each.metric == "robust_accuracy" else None for each in objectives),
            is_hopeless=violation > 0,
        )


def share_at(curve: Curve, budget: float) -> float:
    """What has been found for a budget."""
    return max(share for cost, share in curve if cost <= budget)


def budget_for(curve: Curve, share: float) -> float:
    """The budget for which a share has been found; 1, which finds everything, where the search has not."""
    return min((cost for cost, found in curve if found >= share), default=1.0)


def report(curves: Mapping[str, Sequence[Curve]], budgets: Sequence[float]) -> None:
    """Print what was found at each budget, and the lead over random search."""
    shares = {name: [[share_at(each, at) for each in found] for at in budgets] for name, found in curves.items()}
    heads = [f"{100 * budget:.0f} %" for budget in budgets]
    _print("found at", *heads, f"{100 * ENOUGH:.0f} % at")
    for name, found in curves.items():
        enough = summary([budget_for(each, ENOUGH) for each in found])
        _print(name, *map(summary, shares[name]), enough)
    _print("\nlead at", *heads)
    for name in curves:
        if name != BASELINE and BASELINE in curves:
            _print(name, *map(summary, np.subtract(shares[name], shares[BASELINE])))


def _print(name: str, *cells: str) -> None:
    print(f"{name:14}" + "".join(f"{cell:>20}" for cell in cells))


def summary(values: Sequence[float]) -> str:
    """Median and interval, in percent."""
    ends = bootstrap_interval(values, lambda rows: float(np.median(rows)), np.random.default_rng(0))
    assert ends is not None
    low, high = ends
    return f"{100 * np.median(values):.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def main() -> None:
    """Search the grid with each sampler, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=SEARCHERS, default=list(SEARCHERS))
    parser.add_argument("--seeds", type=int, default=40, help="of each sampler (default: 40)")
    parser.add_argument("--objectives", nargs="+", choices=OBJECTIVES, default=OBJECTIVES)
    parser.add_argument("--until", type=float, choices=BUDGETS, default=BUDGETS[-1], help="share of the grid's cost")
    options = parser.parse_args()
    budgets = [budget for budget in BUDGETS if budget <= options.until]
    grid = read()
    arena = Arena(grid, [each for each in grid.search.objectives if each.metric in options.objectives])
    print(arena.describe(), flush=True)
    curves = {}
    for name in options.only:
        start = time.perf_counter()
        search = replace(arena.grid.search, **SEARCHERS[name])
        curves[name] = [Replay(arena, replace(search, seed=seed), budgets).curve() for seed in range(options.seeds)]
        print(f"{name}: {(time.perf_counter() - start) / options.seeds:.1f} s a search", flush=True)
    report(curves, budgets)


if __name__ == "__main__":
    main()
