"""A search over fake stages whose front is known: x up, x² + k down, x at most 0.8."""

from __future__ import annotations

import dataclasses

from optuna.trial import BaseTrial

from robust_ray.core.errors import SweepError
from robust_ray.dispatch.attempt import read_rows
from robust_ray.dispatch.study import Measurement, OpenStudy
from robust_ray.store import Store
from robust_ray.sweep import Objective, Search
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


def study(store: Store, **changes: object) -> OpenStudy:
    """The study of a store."""
    changed = dataclasses.replace(SEARCH, **changes)  # type: ignore[arg-type]  # fields of Search, by name

    def propose(trial: BaseTrial) -> Measurement:
        x, k = trial.suggest_float("x", 0.0, 1.0, step=0.001), trial.suggest_int("k", 0, 3)
        if k == 3:
            raise SweepError("k: at most 2 must hold, but got 3; lower it")
        student = call(Make(value=round(1000 * x)))
        look = call(Look(value=k), student=student)

        def read() -> tuple[tuple[float, ...], dict[str, float]]:
            seen = read_rows(store, look.ref)[0].substitute.split("+")  # type: ignore[attr-defined]  # Look's rows
            thousandths, offset = int(seen[0]), int(seen[1])
            if thousandths < 50:
                raise ValueError("too small to be measured")
            measured = thousandths / 1000
            values = (measured, measured**2 + offset)
            return values[: len(changed.objectives)], {"x at most 0.8": measured - 0.8}

        return Measurement([student, look], read)

    return OpenStudy(store.local_path("studies", "fake.journal"), changed, propose)
