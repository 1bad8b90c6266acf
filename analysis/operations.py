"""Operations: closures from frame to frame, chained by :func:`prepare`. Each does one thing to the rows."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis import tables
from analysis.groups import grouped, matched, taken
from analysis.labels import TEACHER
from robust_ray import metrics
from robust_ray.core.arrays import IntArray
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import generator
from robust_ray.core.records import Verdict
from robust_ray.metrics import SEVERITY, wilson_interval
from robust_ray.metrics.columns import STANDING

Operation = Callable[[pd.DataFrame], pd.DataFrame]
Ends = tuple[float | None, float | None]

SETTING = ["model_name", "task_name", "compression_name"]
IDENTITY = ["model", "model_params", "task", "task_params", "compression", "compression_params"]
CELL = SETTING + IDENTITY
"""A compression setting of a model on a task, all seeds together."""

CONDITION = ["model_name", "task_name", "attack_name"]
"""What settings are compared under."""


def prepare(frame: pd.DataFrame, *operations: Operation) -> pd.DataFrame:
    """The frame after every operation, in order; what its rows lack, the rows made of them lack, too."""
    gaps = tables.gaps(frame)
    for operation in operations:
        frame = operation(frame)
    return tables.with_gaps(frame, gaps)


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


def names_in(expression: str | None) -> frozenset[str]:
    """The columns a condition speaks of; none where it cannot be read, which :func:`where` says."""
    try:
        tree = ast.parse(expression or "", mode="eval")
    except SyntaxError:
        return frozenset()
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def only(*columns: str) -> Operation:
    """Keep some columns, so that what follows has less to move."""
    return lambda frame: frame[list(dict.fromkeys(columns))]


def with_teacher() -> Operation:
    """Attack rows with the teacher's verdict, prediction and queries, ``teacher_…``: same attack, example and seed."""
    pair = ["teacher", "attack", "attack_params", "seed", "uid"]

    def add(frame: pd.DataFrame) -> pd.DataFrame:
        teachers = frame[["compression", *pair, "verdict", "prediction", "queries"]]
        teachers = teachers[teachers["compression"] == TEACHER]
        row = matched(frame, teachers, pair)
        return frame.assign(**{f"teacher_{name}": taken(teachers[name], row) for name in teachers.columns[-3:]})

    return add


def worst_of_attacks() -> Operation:
    """One row an example and student: its verdict when every attack of the study is tried in turn.

    An example some attack was not run on (yet) has no such verdict, and drops out: it would look better than it is.
    """
    rank = {verdict.value: i for i, verdict in enumerate(SEVERITY)}

    def reduce(frame: pd.DataFrame) -> pd.DataFrame:
        example, study = grouped(frame, ["student", "seed", "uid"]), grouped(frame, ["model_name", "task_name"])
        attacks = np.bincount(study.of_row[grouped(frame, ["model_name", "task_name", "attack_name"]).first])
        complete = np.flatnonzero(example.sizes[example.of_row] == attacks[study.of_row])
        severity = frame["verdict"].map(rank).to_numpy(dtype=np.int8)[complete]
        worst = example.last(complete[np.argsort(severity, kind="stable")])
        return frame.take(worst[worst >= 0])

    return reduce


def summarize(by: Sequence[str], summary: Callable[[pd.DataFrame], Mapping[str, Any]]) -> Operation:
    """One row for each group of ``by``, holding the group's columns and what ``summary`` makes of its rows."""

    def reduce(frame: pd.DataFrame) -> pd.DataFrame:
        groups = grouped(frame, by)
        keys = frame[list(by)].iloc[groups.first].to_dict("records")
        rows = [key | dict(summary(frame.take(part))) for key, part in zip(keys, groups.rows(), strict=True)]
        return pd.DataFrame(rows, columns=None if rows else list(by))

    return reduce


def standing(verdicts: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Robust accuracy of many victims at once: one row for each combination of ``by`` in which an attack did not break.

    Args:
        verdicts: Combinations of ``by`` and ``verdict``, and how many ``rows`` have them.
        by: Columns.
    """
    known = verdicts[verdicts["verdict"] != Verdict.ERROR]
    right = known.assign(standing=known["rows"].where(known["verdict"].isin(STANDING), 0), n=known["rows"])
    found = right.groupby(list(by), sort=False, as_index=False)[["n", "standing"]].sum()
    return found.assign(robust_accuracy=found["standing"] / found["n"])


def teacher_first(*further: str) -> Operation:
    """Rows in reading order: by model and task, the teacher before its students, then by name."""

    def order(frame: pd.DataFrame) -> pd.DataFrame:
        keyed = frame.assign(is_student=frame["compression"] != TEACHER)
        by = ["model_name", "task_name", "is_student", "compression_name", *further]
        return keyed.sort_values(by, kind="stable", ignore_index=True).drop(columns="is_student")

    return order


def share_interval(hits: npt.ArrayLike, clusters: npt.ArrayLike) -> Ends:
    """95 % interval of a share: Wilson's where every example occurs once, else from resampling whole examples.

    Where all rows agree, resampling would know of no doubt: then it is Wilson's of as many rows as there are examples.

    Args:
        hits: ``(n,)`` whether it happened.
        clusters: ``(n,)`` uid of the example; several seeds on one example are not independent.
    """
    mask, examples = np.asarray(hits, dtype=np.bool_), _numbered(clusters)
    distinct = int(np.count_nonzero(np.bincount(examples)))
    if distinct == len(mask) or mask.all() or not mask.any():
        return wilson_interval(int(mask[:distinct].sum()), distinct) or (None, None)
    return metrics.mean_interval(mask, generator("analysis", "bootstrap"), clusters=examples) or (None, None)


def mean_interval(values: npt.ArrayLike, clusters: npt.ArrayLike) -> Ends:
    """95 % bootstrap interval of a mean, whole examples drawn; the same dice every time."""
    rng = generator("analysis", "bootstrap")
    return metrics.mean_interval(values, rng, clusters=_numbered(clusters)) or (None, None)


def ratio_interval(numerators: npt.ArrayLike, denominators: npt.ArrayLike, clusters: npt.ArrayLike) -> Ends:
    """The same of a sum over another sum, as of names changed over names."""
    rng = generator("analysis", "bootstrap")
    examples = _numbered(clusters)
    return metrics.mean_interval(numerators, rng, weights=denominators, clusters=examples) or (None, None)


def _numbered(clusters: npt.ArrayLike) -> IntArray:
    """Whole numbers from 0 on for the names of examples."""
    names = clusters if isinstance(clusters, pd.Series) else pd.Series(clusters)
    codes = names.array.codes if isinstance(names.array, pd.Categorical) else pd.factorize(names)[0]
    return np.asarray(codes, dtype=np.int64)
