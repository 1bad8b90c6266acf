"""Operations: closures from frame to frame, chained by :func:`prepare`. Each does one thing to the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.labels import TEACHER
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import generator
from robust_ray.metrics import SEVERITY, bootstrap_interval, wilson_interval

Operation = Callable[[pd.DataFrame], pd.DataFrame]

SETTING = ["model_name", "task_name", "compression_name"]
IDENTITY = ["model", "model_params", "task", "task_params", "compression", "compression_params"]
CELL = SETTING + IDENTITY
"""A compression setting of a model on a task, all seeds together."""


def prepare(frame: pd.DataFrame, *operations: Operation) -> pd.DataFrame:
    """The frame after every operation, in order."""
    for operation in operations:
        frame = operation(frame)
    return frame


def where(expression: str | None) -> Operation:
    """Keep the rows for which a pandas expression holds; None keeps all.

    Raises:
        SweepError: the expression cannot be evaluated on these rows.
    """

    def keep(frame: pd.DataFrame) -> pd.DataFrame:
        if expression is None:
            return frame
        try:
            mask = frame.eval(expression, engine="python")
            return frame[np.asarray(mask, dtype=np.bool_)]
        except Exception as error:  # pandas raises what the expression raises: anything
            reason = str(error).split("\n")[0]
            columns = ", ".join(frame.columns)
            raise SweepError(
                f"--where {expression!r}: a condition on the columns {columns} is needed, but got {reason}; "
                "write e.g. \"task == 'defect_detection'\""
            ) from None

    return keep


def with_teacher() -> Operation:
    """Attack rows with the teacher's verdict, prediction and queries, ``teacher_…``: same attack, example and seed."""
    pair = ["teacher", "attack", "attack_params", "seed", "uid"]
    told = ["verdict", "prediction", "queries"]

    def add(frame: pd.DataFrame) -> pd.DataFrame:
        of_teacher = frame.loc[frame["compression"] == TEACHER, [*pair, *told]]
        named = of_teacher.rename(columns={name: f"teacher_{name}" for name in told})
        return frame.merge(named.drop_duplicates(pair), on=pair, how="left")

    return add


def worst_of_attacks() -> Operation:
    """One row an example and student: its verdict when every attack of the study is tried in turn.

    An example some attack was not run on (yet) has no such verdict, and drops out: it would look better than it is.
    """
    rank = {verdict.value: i for i, verdict in enumerate(SEVERITY)}
    study, example = ["model_name", "task_name"], ["student", "seed", "uid"]

    def reduce(frame: pd.DataFrame) -> pd.DataFrame:
        run = frame.groupby(example)["attack_name"].transform("nunique")
        complete = frame[run == frame.groupby(study)["attack_name"].transform("nunique")]
        ranked = complete.assign(severity=complete["verdict"].map(rank)).sort_values("severity", kind="stable")
        return ranked.drop_duplicates(example, keep="last").drop(columns="severity")

    return reduce


def summarize(by: Sequence[str], summary: Callable[[pd.DataFrame], Mapping[str, Any]]) -> Operation:
    """One row for each group of ``by``, holding the group's columns and what ``summary`` makes of its rows."""

    def reduce(frame: pd.DataFrame) -> pd.DataFrame:
        groups = frame.groupby(list(by), sort=False, dropna=False)
        rows = [dict(zip(by, key, strict=True)) | dict(summary(part)) for key, part in groups]
        return pd.DataFrame(rows, columns=None if rows else list(by))

    return reduce


def teacher_first(*further: str) -> Operation:
    """Rows in reading order: by model and task, the teacher before its students, then by name."""

    def order(frame: pd.DataFrame) -> pd.DataFrame:
        keyed = frame.assign(is_student=frame["compression"] != TEACHER)
        by = ["model_name", "task_name", "is_student", "compression_name", *further]
        return keyed.sort_values(by, kind="stable", ignore_index=True).drop(columns="is_student")

    return order


def share_interval(hits: npt.ArrayLike, clusters: npt.ArrayLike) -> tuple[float | None, float | None]:
    """95 % interval of a share: Wilson's where every example occurs once, else from resampling whole examples.

    Args:
        hits: ``(n,)`` whether it happened.
        clusters: ``(n,)`` uid of the example; several seeds on one example are not independent.
    """
    mask, names = np.asarray(hits, dtype=np.bool_), np.asarray(clusters)
    if len(np.unique(names)) == len(names):
        return wilson_interval(int(mask.sum()), len(mask)) or (None, None)
    return mean_interval(mask, names)


def mean_interval(values: npt.ArrayLike, clusters: npt.ArrayLike) -> tuple[float | None, float | None]:
    """95 % bootstrap interval of a mean, whole examples drawn; the same dice every time."""
    rng = generator("analysis", "bootstrap")
    found = bootstrap_interval(values, lambda drawn: float(drawn.mean()), rng, clusters=clusters)
    return found or (None, None)
