"""The study in plain words: sentences made of the computed tables, each number with its interval."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pandas as pd

from analysis import costs, curves, failures, fidelity, pareto, ranking, robustness, significance
from analysis.fidelity import CLEAN
from analysis.labels import TEACHER
from analysis.load import Rows
from analysis.pareto import EVERY_ATTACK, ON_DISK, unjudged
from analysis.ranking import Ranking
from analysis.significance import LEVEL
from analysis.tables import NO_BREAK, Column, by_victim, cell, count, percent, points


class Answers(NamedTuple):
    """The tables the words are made of, in the order in which they are told."""

    costs: pd.DataFrame
    points: pd.DataFrame
    robustness: pd.DataFrame
    significance: pd.DataFrame
    curves: pd.DataFrame
    violations: pd.DataFrame
    outcomes: pd.DataFrame


def answers(rows: Rows) -> Answers:
    """The tables, each made once for the whole report."""
    return Answers(
        costs=costs.costs(rows.evaluations),
        points=pareto.points(rows),
        robustness=robustness.robustness(rows.attacks),
        significance=significance.significance(rows.attacks),
        curves=curves.curves(rows.attacks),
        violations=fidelity.violations(rows.fidelity),
        outcomes=failures.outcomes(rows.attacks),
    )


FEWEST = 2
"""Budgets without which there is nothing to compare."""


class Paragraph(NamedTuple):
    """What is to be said of one model on one task."""

    victim: str
    sentences: tuple[str, ...]


def paragraphs(found: Answers) -> list[Paragraph]:
    """One for each model and task, in reading order."""
    victims = dict.fromkeys(name for table in found for name, _ in by_victim(table))
    return [Paragraph(name, tuple(_sentences(_narrow(found, name)))) for name in victims]


def overall(found: Ranking) -> list[str]:
    """What is to be said of all models and tasks together: which setting ranks first, and whether that means much."""
    if found.nemenyi is None or found.test.p_value is None:
        return []
    best = _first(found.table)
    sentence = f"Over all models, tasks and attacks, {ranking.verdict(found)}."
    if found.test.p_value >= LEVEL:
        return [sentence]
    return [
        sentence,
        f"The best mean rank, {best.mean_rank:.1f} of {len(found.table)}, is that of {best.compression_name}.",
    ]


def _narrow(found: Answers, victim: str) -> Answers:
    """The tables' rows of one model and task."""
    return Answers(*(next((part for name, part in by_victim(table) if name == victim), table[:0]) for table in found))


def _sentences(found: Answers) -> Iterator[str]:
    """What each table has to say, where it has rows."""
    tellers = (_clean, _trade, _largest_loss, _certain, _budgets, _fidelity, _validity)
    for tell, table in zip(tellers, found, strict=True):
        if len(table):
            yield from tell(table)


def _clean(costs: pd.DataFrame) -> Iterator[str]:
    teacher = costs[costs["compression"] == TEACHER]
    if teacher.empty:
        return
    row = _first(teacher)
    if pd.isna(row.accuracy):
        yield f"On {count(row.n)} clean test examples the teacher's summaries reach a BLEU of {percent(row.bleu)}."
        return
    sentence = f"On {count(row.n)} clean test examples the teacher is right on {_interval(row, 'accuracy')}"
    if pd.isna(row.unigram_accuracy):
        yield sentence + "."
    elif row.accuracy_low > row.unigram_accuracy:
        yield f"{sentence}; counting words alone reaches {percent(row.unigram_accuracy)}."
    else:
        yield (
            f"{sentence}, no more than counting words reaches ({percent(row.unigram_accuracy)}) as far as this many "
            "examples can tell: read its robustness with that in mind."
        )


def _trade(points: pd.DataFrame) -> Iterator[str]:
    shown = points[(points["attack_name"] == EVERY_ATTACK) & (points["size_kind"] == ON_DISK)]
    teacher, students = (shown[(shown["compression"] == TEACHER) == is_teacher] for is_teacher in (True, False))
    students = students[students["is_whole"]]
    if len(teacher):
        row = _first(teacher)
        yield (
            f"After every attack has been tried on {count(row.n)} examples, the teacher is still right on "
            f"{_interval(row, 'robust_accuracy')}."
        )
    if len(students):
        row = _first(students.sort_values(["robust_accuracy", "size"], ascending=[False, True], kind="stable"))
        size = f", at {percent(row.bytes / _first(teacher).bytes)} of the teacher's size" if len(teacher) else ""
        yield f"The most robust student is {row.compression_name}, with {_interval(row, 'robust_accuracy')}{size}."
    if (left_out := unjudged(points)) is not None:
        yield f"Students {left_out}."


def _largest_loss(robustness: pd.DataFrame) -> Iterator[str]:
    compared = robustness[robustness["drop"].notna()]
    if compared.empty:
        return
    worst = _first(compared.sort_values("drop", kind="stable"))
    words = "The largest loss against the teacher" if worst.drop < 0 else "No student loses; nearest to a loss"
    yield (
        f"{words} is that of {worst.compression_name} under {worst.attack_name}: "
        f"{_points(worst)} points of robust accuracy over {count(worst.pairs)} attacks that both met."
    )


def _certain(table: pd.DataFrame) -> Iterator[str]:
    tested = table[table["robust_p"].notna()]
    if tested.empty:
        return
    certain = tested[tested["robust_p_holm"] < LEVEL]
    lost, gained = (int((certain["robust_change"] * sign > 0).sum()) for sign in (-1, 1))
    yield (
        f"Robust accuracy differs from the teacher's by more than chance explains in {count(len(certain))} of "
        f"{count(len(tested))} comparisons, after Holm's correction over all tests of this page: it is lower in "
        f"{count(lost)}, higher in {count(gained)}."
    )


def _budgets(table: pd.DataFrame) -> Iterator[str]:
    """What a poor and a rich attacker reach, by the attack that fools the teacher most."""
    of_teacher = table[table["compression"] == TEACHER]
    told = [budget for budget in curves.PRINTED if of_teacher[f"asr_{budget}"].notna().any()]
    if len(told) < FEWEST:
        return
    poor, rich = told[0], told[-1]
    row = _first(of_teacher.sort_values(f"asr_{rich}", ascending=False, kind="stable"))
    if pd.notna(getattr(row, f"asr_{poor}")):
        yield (
            f"With {count(poor)} queries {row.attack_name} fools the teacher on {_interval(row, f'asr_{poor}')} of the "
            f"examples it attempts, with {count(rich)} on {_interval(row, f'asr_{rich}')}."
        )


def _fidelity(violations: pd.DataFrame) -> Iterator[str]:
    measured = violations[violations["violated"].notna()]
    for is_clean, words in ((True, "clean code"), (False, "adversarial code")):
        part = measured[(measured["input_name"] == CLEAN) == is_clean]
        if len(part):
            row = _first(part.sort_values("violated", ascending=False, kind="stable"))
            shown = "" if is_clean else f" ({row.input_name})"
            yield (
                f"On {words}, the relation students break most is {row.relation_name}: {row.compression_name} "
                f"on {_interval(row, 'violated')} of {count(row.applies)} inputs{shown}."
            )


def _validity(outcomes: pd.DataFrame) -> Iterator[str]:
    won, refused = outcomes["SUCCEEDED"].sum(), outcomes["rejected"].sum()
    if won:
        yield (
            f"Each of the {count(won)} adversarial examples counted passed the validity check; "
            f"{count(refused)} further claims of success did not and were refused."
        )


def _first(frame: pd.DataFrame) -> Any:
    return next(frame.itertuples(index=False))


def _interval(row: Any, name: str) -> str:
    shown = cell(row, Column(name, "", percent))
    return f"{shown.text} {shown.interval}".replace(" ", NO_BREAK)


def _points(row: Any) -> str:
    shown = cell(row, Column("drop", "", points))
    return f"{shown.text} {shown.interval}".replace(" ", NO_BREAK)
