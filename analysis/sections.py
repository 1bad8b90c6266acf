"""The report's sections, in reading order: each is one question, answered by the module that is named like it.

To add one: write a function from rows to a :class:`Section`, and its name into :func:`sections`.
"""

from __future__ import annotations

from analysis import (
    costs,
    curves,
    data,
    failures,
    fidelity,
    pareto,
    ranking,
    robustness,
    significance,
    transfer,
    validity,
)
from analysis.load import Rows
from analysis.page import Cast, Figure, Section, figures, slim
from analysis.ranking import Ranking
from analysis.summary import Answers
from analysis.tables import by_victim

INTERVAL = "bars are 95 % intervals"


def sections(rows: Rows, found: Answers, ranked: Ranking, cast: Cast) -> list[Section]:
    """All that have something to say, and for those that lack rows a word on what is lacking."""
    return [
        _trade(found, cast),
        _attacks(found, cast),
        _significance(found, cast),
        _ranking(ranked, cast),
        _curves(found, cast),
        _effort(found, cast),
        _validity(rows, cast),
        _transfer(rows, cast),
        _fidelity(rows, found, cast),
        _calibration(rows, cast),
        _cost(found, cast),
        _data(rows, cast),
        _failures(rows, found, cast),
    ]


def _trade(found: Answers, cast: Cast) -> Section:
    volumes = pareto.volumes(found.points)
    covered = [
        f"Hypervolume, {victim}: "
        + ", ".join(
            f"{row.hypervolume:.3f} under {row.attack_name}" for row in part.itertuples() if row.size_kind == "on disk"
        )
        for victim, part in by_victim(volumes)
    ]
    words = (
        "Hypervolume is the share of the box between nothing and the teacher's size, and between no and full robust "
        "accuracy, that the students cover."
    )
    left_out = pareto.unjudged(found.points)
    return Section(
        "trade",
        "Size and robustness",
        "Which students keep most robustness for their size? Up and to the left is better. Filled points are on the "
        "Pareto front: no other student is as small and as robust, and better in one of them.",
        figures(
            "trade",
            found.points,
            pareto.draw,
            f"Robust accuracy by size of the weights; {INTERVAL}, the dashed line is the front.",
        ),
        [cast.table("size and robustness", pareto.students(found.points), pareto.COLUMNS)],
        [*covered, *([words] if covered else ()), *([f"Students {left_out}."] if left_out else ())],
    )


def _attacks(found: Answers, cast: Cast) -> Section:
    return Section(
        "attacks",
        "Attacks",
        "How robust is each student? Against which attack?",
        figures(
            "attacks",
            found.robustness,
            robustness.draw,
            f"Attack success rate: lower is more robust; {INTERVAL}.",
        ),
        [cast.table("robustness", found.robustness, robustness.COLUMNS)],
    )


def _significance(found: Answers, cast: Cast) -> Section:
    table = found.significance
    words = {"robust": "Robust accuracy", "fooled": "Fooled more often", "queries": "Queries"}
    families = [
        f"{words[question]}: {significance.family(table, question)}."
        for question in significance.QUESTIONS
        if len(table)
    ]
    how = (
        "Tests are two-sided and paired on examples: McNemar's exact test of one seed, Wilcoxon's signed ranks of "
        "several. Each p stands beside the one that Holm's correction makes of it, over all tests of its column."
    )
    return Section(
        "significance",
        "More than chance?",
        "Which differences between a student and its teacher, on the same attacked examples, are more than chance?",
        figures(
            "change",
            table,
            significance.draw,
            f"Robust accuracy, student minus teacher, on the same examples; left of nought is a loss; {INTERVAL}.",
        ),
        [
            cast.table("change against the teacher", table, significance.COLUMNS),
            cast.table("queries against the teacher", table, significance.EFFORT),
        ],
        [*families, *([how] if families else ())],
    )


def _ranking(found: Ranking, cast: Cast) -> Section:
    is_ranked = found.nemenyi is not None
    caption = "Mean rank over conditions, best first; a bar joins settings that are not told apart (Wilcoxon, Holm)."
    chart = [Figure("ranking", "all models, tasks and attacks", caption, slim(ranking.draw(found).to_dict()))]
    return Section(
        "ranking",
        "Ranking",
        "Which compression keeps most robustness wherever it was tried? A condition is a model, a task and an attack; "
        "ranks are by robust accuracy, within each.",
        chart if is_ranked else (),
        [cast.table("ranking", found.table, ranking.COLUMNS)] if is_ranked else (),
        [f"{ranking.verdict(found)}."] if is_ranked else (),
    )


def _curves(found: Answers, cast: Cast) -> Section:
    return Section(
        "curves",
        "Query budgets",
        "How robust would each student be against a poorer attacker? An attack that won at its 60th query would have "
        "lost with 50; a curve ends where the attack's own budget does.",
        figures(
            "curves",
            found.curves,
            curves.draw,
            "Attack success rate by queries allowed; shades are 95 % intervals, dashed lines the teacher's.",
        ),
        [cast.table("success by query budget", found.curves, curves.COLUMNS)],
    )


def _effort(found: Answers, cast: Cast) -> Section:
    return Section(
        "effort",
        "Effort",
        "What did the attacks spend, and how much did they change?",
        tables=[cast.table("effort", found.robustness, robustness.EFFORT)],
    )


def _validity(rows: Rows, cast: Cast) -> Section:
    table = validity.validity(rows.attacks)
    return Section(
        "validity",
        "Validity and naturalness",
        "Are the adversarial programs still programs that mean the same, and would a person write them?",
        [
            *figures(
                "refused", table, validity.draw, f"Claims of success that the validity check refused; {INTERVAL}."
            ),
            *figures("changed", table, validity.draw_naturalness, f"Tokens that a success changed; {INTERVAL}."),
        ],
        [
            cast.table("validity", table, validity.COLUMNS),
            cast.table("naturalness", table, validity.NATURALNESS),
        ],
    )


def _transfer(rows: Rows, cast: Cast) -> Section:
    table = transfer.matrix(rows.transfers)
    return Section(
        "transfer",
        "Transfer",
        "Do adversarial examples of one victim fool another? Each was found on its source, and replayed on its target.",
        figures(
            "transfer",
            table,
            transfer.draw,
            "Share of the source's adversarial examples that fool the target.",
        ),
        [
            cast.table("transfer", table, transfer.COLUMNS),
            cast.table("transfer by direction", transfer.directions(rows.transfers), transfer.DIRECTIONS),
        ],
    )


def _fidelity(rows: Rows, found: Answers, cast: Cast) -> Section:
    return Section(
        "fidelity",
        "Fidelity",
        "Teacher and student on the same input: how often is a property they should share broken?",
        figures(
            "fidelity",
            found.violations,
            fidelity.draw,
            f"Share of inputs on which a relation between teacher and student is violated; {INTERVAL}.",
        ),
        [
            cast.table("violated relations", found.violations, fidelity.VIOLATIONS),
            cast.table("loss under attack, relative to the teacher's", fidelity.drops(rows.attacks), fidelity.DROPS),
        ],
    )


def _calibration(rows: Rows, cast: Cast) -> Section:
    return Section(
        "calibration",
        "Calibration",
        "Is a student as sure of its answers as its teacher?",
        tables=[cast.table("calibration", fidelity.calibration(rows.fidelity), fidelity.CALIBRATION)],
    )


def _cost(found: Answers, cast: Cast) -> Section:
    return Section(
        "cost",
        "Quality and cost",
        "How good is each student on clean code, and what does it cost? Accuracy stands beside what a classifier "
        "reaches that only counts words.",
        figures("quality", found.costs, costs.draw, f"Quality on clean code, a dot a seed; {INTERVAL}."),
        tables=[
            cast.table("quality on clean code", found.costs, costs.QUALITY),
            cast.table("cost", found.costs, costs.COST),
        ],
    )


def _data(rows: Rows, cast: Cast) -> Section:
    return Section(
        "data",
        "Data",
        "What are the numbers measured on? A program that stands in the training split as well is no test of what was "
        "learned.",
        tables=[cast.table("data", data.splits(rows.datasets), data.SPLITS)],
        warnings=data.warnings(rows.datasets),
    )


def _failures(rows: Rows, found: Answers, cast: Cast) -> Section:
    tables = [
        cast.table("what became of every example", found.outcomes, failures.OUTCOMES),
        cast.table("skipped and broken examples", failures.unanswered(rows.attacks), failures.UNANSWERED),
        cast.table("calls that failed", failures.failures(rows.runs), failures.FAILURES),
        cast.table("attempts by stage", failures.attempts(rows.runs), failures.ATTEMPTS),
        cast.table("what the plan still lacks", failures.lacking(rows), failures.LACKING),
    ]
    return Section(
        "failures",
        "Failures and skips",
        "What became of every attacked example, and of every call? Examples the victim already got wrong, and those in "
        "which nothing may be changed, are skipped.",
        tables=tables,
    )
