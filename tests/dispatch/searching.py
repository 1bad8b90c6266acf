"""A search over fake stages whose front is known: x up, x² + k down, x at most 0.8."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from optuna.trial import BaseTrial

from robust_ray.core.call import Stage
from robust_ray.core.errors import SweepError
from robust_ray.dispatch.asking import Known
from robust_ray.dispatch.attempt import read_rows
from robust_ray.dispatch.proposals import Measurement, Rung
from robust_ray.dispatch.study import OpenStudy
from robust_ray.search import Objective, Reading, Search
from robust_ray.store import Store
from tests.dispatch.fakes import Look, Make, call

SEARCH = Search(
    space={"fake": {"x": {"low": 0.0, "high": 1.0}}},
    objectives=(
        Objective(metric="clean_accuracy", direction="maximize"),
        Objective(metric="bytes", direction="minimize"),
    ),
    trials=14,
    max_concurrent=1,
)

RUNGS = (1, 2)
WHOLE = 4


def study(
    store: Store,
    known: Iterable[Mapping[str, Any]] = (),
    make: Callable[..., Stage] = Make,
    look: Callable[..., Stage] = Look,
    **changes: Any,
) -> OpenStudy:
    """The study of a store. Its first rungs see x up to 0.05 too large or too small, by turns."""
    changed = dataclasses.replace(SEARCH, **changes)

    def propose(trial: BaseTrial) -> Measurement:
        x, k = trial.suggest_float("x", 0.0, 1.0, step=0.001), trial.suggest_int("k", 0, 3)
        if k == 3:
            raise SweepError("k: at most 2 must hold, but got 3; lower it")
        student = call(make(value=round(1000 * x)))
        looks = [call(look(value=10 * n + k), student=student) for n in range(WHOLE)]

        def read(examples: int) -> Reading:
            seen = [read_rows(store, each.ref)[0].substitute.split("+") for each in looks[:examples]]  # type: ignore[attr-defined]  # Look's rows
            thousandths, offset = int(seen[0][0]), int(seen[0][1])
            if thousandths < 50:
                raise ValueError("too small to be measured")
            measured = thousandths / 1000
            noise = 0.05 * (-1) ** thousandths * (examples < WHOLE)
            values = (measured + noise, measured**2 + offset)
            ends = ((values[0] - 0.1 / examples, values[0] + 0.1 / examples), None)
            n = len(changed.objectives)
            violation = measured - 0.8
            return Reading(values[:n], {"x at most 0.8": violation}, ends[:n], is_hopeless=violation > 0)

        rungs = [Rung(n, [student, *looks[:n]], partial(read, n)) for n in (*changed.rungs, WHOLE)]
        return Measurement(f"x={x:g} k={k}", rungs)

    return OpenStudy(store.journal("fake"), changed, propose, map(Known, known))
