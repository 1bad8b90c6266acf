"""Evidence from teacher and student side by side: on the same inputs, clean and adversarial."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.labels import TEACHER
from analysis.load import Rows
from analysis.operations import SETTING, prepare, with_teacher
from analysis.papers.contrasts import contrast, share, units
from analysis.papers.extremes import FEWEST, Cell, cell, largest
from analysis.papers.families import DISTILLED, ORIGINAL, family
from analysis.papers.findings import Evidence
from analysis.papers.study import Study, narrowed, study
from analysis.papers.thresholds import AGREEMENT, USUAL, at, middle, once
from robust_ray.core.arrays import BoolArray, FloatArray
from robust_ray.core.records import Verdict
from robust_ray.metrics import accuracy, relative_drop
from robust_ray.metrics.columns import STANDING

INPUT = ["student", "seed", "uid"]
"""A unit of these comparisons: teacher and student are in one row, clean and adversarial input are its sides."""


class Pairs(NamedTuple):
    """Distilled students and their teachers, ready to be asked."""

    study: Study
    attacks: pd.DataFrame
    fidelity: pd.DataFrame


Asked = Callable[[Pairs], Evidence]


def pairs(rows: Rows, expression: str | None = None) -> Pairs:
    """The distilled students for which the expression holds, and all teachers."""
    attacks, fidelity = (_distilled(narrowed(frame, expression)) for frame in (rows.attacks, rows.fidelity))
    return Pairs(study(rows._replace(attacks=attacks)), attacks, fidelity)


def keeps_accuracy(compression: str | None = None) -> Asked:
    """Accuracy of students minus that of their teachers, on clean test code."""

    def evidence(asked: Pairs) -> Evidence:
        clean = _clean(asked, compression)
        if clean.empty:
            return Evidence(missing=f"no relation of {compression or 'distilled'} students on clean code")
        return _accuracy_change(clean)

    return evidence


def violated_often(relation: str) -> Asked:
    """Share of clean inputs on which a relation is violated."""

    def evidence(asked: Pairs) -> Evidence:
        rows = _relation(asked, relation)
        rows = rows[_is_clean(rows)]
        return share(rows, _violated(rows) > 0) or Evidence(missing=f"{relation} was not measured on clean code")

    return evidence


def violated_unseen(margin: float) -> Asked:
    """Share of clean inputs on which students answer otherwise, of those that keep accuracy within a margin."""

    def evidence(asked: Pairs) -> Evidence:
        rows = _relation(asked, AGREEMENT)
        rows = rows[_is_clean(rows)]
        if rows.empty:
            return Evidence(missing=f"{AGREEMENT} was not measured on clean code")
        keeping = [part for _, part in rows.groupby(SETTING, observed=True) if _loses(part) <= margin]
        if not keeping:
            return Evidence(missing=f"no student loses at most {100 * margin:g} points of accuracy")
        kept = pd.concat(keeping)
        found = share(kept, _violated(kept) > 0)
        assert found is not None  # there is a row
        return found._replace(note=f"of {len(keeping)} of {rows.groupby(SETTING, observed=True).ngroups} students")

    return evidence


def violated_more_under_attack(relation: str) -> Asked:
    """How much more often a relation is violated on adversarial than on clean versions of the same programs."""

    def evidence(asked: Pairs) -> Evidence:
        rows = _relation(asked, relation)
        is_clean = _is_clean(rows)
        for side, words in ((is_clean, "clean"), (~is_clean, "adversarial")):
            if not side.any():
                return Evidence(missing=f"{relation} was not measured on {words} code")
        absent = Evidence(missing=f"no program on which {relation} was measured both clean and adversarial")
        return contrast(rows, _violated(rows), is_clean, ~is_clean) or absent

    return evidence


def largest_violation(asked: Pairs) -> Evidence:
    """The largest violated share of any student, relation and kind of input."""

    def cells() -> Iterator[Cell]:
        for relation in (AGREEMENT, *USUAL):
            rows = _relation(asked, relation)
            shown = rows.assign(shown=rows["attack_name"].astype(str).where(~_is_clean(rows), "clean code"))
            for (model, task, compression, name), part in shown.groupby([*SETTING, "shown"], sort=False, observed=True):
                words = f"{relation} of {compression} from {model} on {task}, {name}"
                yield cell(words, _violated(part), part["uid"])

    return largest(cells(), None, "shares") or Evidence(missing=f"no relation was measured on {FEWEST} inputs")


def largest_drop(asked: Pairs) -> Evidence:
    """The largest relative drop of any student under any attack."""
    known = prepare(asked.attacks, with_teacher())
    both = known["teacher_verdict"].notna() & (known[["verdict", "teacher_verdict"]] != Verdict.ERROR).all(axis=1)
    rows = known[both & known["prediction"].notna() & (known["compression"] != TEACHER)]

    def cells() -> Iterator[Cell]:
        conditions = rows.groupby([*SETTING, "attack_name"], sort=False, observed=True)
        for (model, task, compression, attack), part in conditions:
            sides = [
                part["teacher_prediction"] == part["label"],
                part["teacher_verdict"].isin(STANDING),
                part["prediction"] == part["label"],
                part["verdict"].isin(STANDING),
            ]
            values = np.column_stack(sides).astype(np.float64)
            yield cell(f"{compression} from {model} on {task} under {attack}", values, part["uid"])

    def relative(values: FloatArray) -> float | None:
        return relative_drop(*map(float, values.mean(axis=0)))

    absent = f"no student was attacked on {FEWEST} examples on which its teacher loses accuracy"
    return largest(cells(), relative, "students under an attack") or Evidence(missing=absent)


def _distilled(frame: pd.DataFrame) -> pd.DataFrame:
    kinds = {str(kind) for kind in frame["compression"].unique()}
    return frame[frame["compression"].isin([kind for kind in kinds if family(kind) in (DISTILLED, ORIGINAL)])]


def _clean(asked: Pairs, compression: str | None) -> pd.DataFrame:
    rows = once(asked.fidelity)
    chosen = _is_clean(rows) if compression is None else _is_clean(rows) & (rows["compression"] == compression)
    return rows[chosen]


def _accuracy_change(rows: pd.DataFrame) -> Evidence:
    numbered = units(rows, INPUT, SETTING)
    answers = [rows[f"{who}_prediction"] == rows["label"] for who in ("teacher", "student")]
    is_student = np.repeat([False, True], len(rows))
    found = contrast(
        pd.concat([numbered, numbered]),
        np.concatenate(answers).astype(np.float64),
        ~is_student,
        is_student,
        is_tested=False,
    )
    assert found is not None  # there is a row
    return found


def _loses(rows: pd.DataFrame) -> float:
    teacher, student = (accuracy(rows["label"], rows[f"{who}_prediction"]) for who in ("teacher", "student"))
    assert teacher is not None and student is not None  # noqa: PT018  # there is a row
    return teacher - student


def _relation(asked: Pairs, relation: str) -> pd.DataFrame:
    """A relation's rows at its usual threshold, where it says anything."""
    found = at(asked.fidelity, relation, middle(relation))
    return units(found[found["applies"].astype(bool)], INPUT, SETTING)


def _is_clean(rows: pd.DataFrame) -> BoolArray:
    return np.asarray(rows["perturbed_for"].isna(), dtype=np.bool_)


def _violated(rows: pd.DataFrame) -> FloatArray:
    return np.asarray(~rows["holds"].astype(bool), dtype=np.float64)
