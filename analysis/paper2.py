"""Paper 2, claim by claim: do distilled students behave as their teachers do? (MetaCompress, arXiv 2511.05476)

    python -m analysis.paper2 --store results [--sweep NAME] [--where EXPRESSION] [--out DIR] [--html FILE]

Each claim is asked of the rows at hand: how large the effect is on the same examples, with its 95 % interval and a test
corrected for all tests of the page, and by one rule what follows. Below stand the paper's tables: violations of its
four relations, also at other thresholds, calibration, and how much more students lose under attack than teachers.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis import fidelity
from analysis.labels import TEACHER
from analysis.load import Rows
from analysis.papers import calibration_curves, thresholds
from analysis.papers import page as pages
from analysis.papers.findings import RELATIVE, SHARE, Finding, Side, judge
from analysis.papers.likeness import (
    Pairs,
    keeps_accuracy,
    largest_drop,
    largest_violation,
    pairs,
    violated_more_under_attack,
    violated_often,
    violated_unseen,
)
from analysis.papers.measures import lost
from analysis.papers.page import Page, Sheet
from analysis.papers.study import COMPRESSED, ORIGINALS, Group, Study, versus
from analysis.papers.thresholds import AGREEMENT, CALIBRATION, CONFIDENCE, SIMILARITY
from analysis.tables import by_victim

TITLE = "MetaCompress: do students behave as their teachers do?"
CITATION = "Awal, Rochan, Roy, “A Metamorphic Testing Perspective on Knowledge Distillation”, arXiv 2511.05476"

MODELS = ("codebert", "graphcodebert")
TASKS = ("clone_detection", "defect_detection")
DISTILLERS = {"compressor": "Compressor", "avatar": "AVATAR", "morph": "MORPH"}
ATTACKS = ("alert", "mhm", "wir_random", "beam_attack")
RELATIONS = {
    AGREEMENT: "prediction agreement",
    SIMILARITY: "probability similarity",
    CONFIDENCE: "high confidence preservation",
    CALIBRATION: "calibration alignment",
}

COMPARABLE = 0.02
"""Share of right answers that may be lost where accuracy is called kept."""

OFTEN = 0.05
"""Share of inputs from which on a relation is called often violated: one in twenty."""

UP_TO_DROP = 285.0
UP_TO_VIOLATED = 0.62
"""The paper's largest figures: a relative drop in per cent, and a share of inputs."""

PAPER = "arXiv 2511.05476, "
ACCURACY = "Do students keep their teacher's accuracy?"
DROP = "Do they lose more than their teacher under attack?"
CLEAN = "Do they behave as their teacher does, where accuracy sees nothing?"
ATTACKED = "Do they behave less alike on adversarial code?"

LOSS = "the accuracy that an attack takes, students' minus their teachers' on the same examples,"


def _of(compression: str) -> Group:
    def rows(study: Study) -> Any:
        return (study.attacked["compression"] == compression).to_numpy()

    words = f"students of {DISTILLERS[compression]}"
    return Group(words, rows, f"no attack on {words}")


def _keeps(compression: str | None, whose: str) -> Finding[Pairs]:
    return Finding(
        id=f"accuracy-{compression or 'all'}",
        question=ACCURACY,
        claim=f"{whose} are about as accurate as their teachers",
        source=PAPER + "“invisible to accuracy”",
        measure="their accuracy minus their teachers' on clean test code",
        evidence=keeps_accuracy(compression),
        side=Side.ABOVE,
        bound=-COMPARABLE,
    )


def _loses(compression: str | None, whose: str) -> Finding[Pairs]:
    evidence = versus(ORIGINALS, COMPRESSED if compression is None else _of(compression), lost)
    return Finding(
        id=f"drop-{compression or 'all'}",
        question=DROP,
        claim=f"{whose} lose more accuracy under attack than their teachers",
        source=PAPER + "motivation",
        measure=LOSS,
        evidence=lambda asked: evidence(asked.study),
        side=Side.ABOVE,
    )


def _often(relation: str) -> Finding[Pairs]:
    return Finding(
        id=f"violated-{relation}",
        question=CLEAN,
        claim=f"Students often violate {RELATIONS[relation]}",
        source=PAPER + RELATIONS[relation],
        measure="the share of clean inputs on which it is violated",
        evidence=violated_often(relation),
        side=Side.ABOVE,
        bound=OFTEN,
        scale=SHARE,
    )


def _more(relation: str) -> Finding[Pairs]:
    return Finding(
        id=f"attacked-{relation}",
        question=ATTACKED,
        claim=f"{RELATIONS[relation].capitalize()} is violated more often on adversarial code",
        source=PAPER + "relations under adversarial perturbation",
        measure="the violated share on programs with which an attack fooled teacher or student, minus that on the same "
        "programs before,",
        evidence=violated_more_under_attack(relation),
        side=Side.ABOVE,
    )


FINDINGS: Sequence[Finding[Pairs]] = (
    _keeps(None, "Students"),
    *(_keeps(name, f"Students of {words}") for name, words in DISTILLERS.items()),
    _loses(None, "Students"),
    *(_loses(name, f"Students of {words}") for name, words in DISTILLERS.items()),
    Finding(
        id="up-to-285",
        question=DROP,
        claim=f"Some student loses at least {UP_TO_DROP:.0f} % more than its teacher",
        source=PAPER + "abstract: “up to 285 %”",
        measure="the largest drop of a student relative to its teacher's",
        evidence=largest_drop,
        side=Side.ABOVE,
        bound=UP_TO_DROP,
        scale=RELATIVE,
    ),
    *(_often(relation) for relation in RELATIONS),
    Finding(
        id="unseen",
        question=CLEAN,
        claim="Students that keep their teacher's accuracy often answer otherwise",
        source=PAPER + "motivation",
        measure=f"the share of clean inputs that students losing at most {100 * COMPARABLE:g} points answer otherwise",
        evidence=violated_unseen(COMPARABLE),
        side=Side.ABOVE,
        bound=OFTEN,
        scale=SHARE,
    ),
    *(_more(relation) for relation in RELATIONS),
    Finding(
        id="up-to-62",
        question=ATTACKED,
        claim=f"Some relation is violated on at least {100 * UP_TO_VIOLATED:.0f} % of the inputs",
        source=PAPER + "abstract: “up to 62 %”",
        measure="the largest violated share of a student, relation and kind of input",
        evidence=largest_violation,
        side=Side.ABOVE,
        bound=UP_TO_VIOLATED,
        scale=SHARE,
    ),
)


def page(rows: Rows, expression: str | None = None) -> Page:
    """The whole page."""
    asked = pairs(rows, expression)
    students = asked.fidelity
    violated, together = fidelity.violations(students), fidelity.violations(thresholds.pooled(students))
    swept = thresholds.sweep(students)
    curves = calibration_curves.curves(students)
    here = {name: _values(asked, name) for name in ("model", "task", "compression", "attack")}
    there = {"model": MODELS, "task": TASKS, "compression": tuple(DISTILLERS), "attack": ATTACKS}
    nouns = {"model": "models", "task": "tasks", "compression": "students", "attack": "attacks"}
    return Page(
        name="paper2",
        title=TITLE,
        citation=CITATION,
        notes=pages.notes(rows, {nouns[name]: (here[name], there[name]) for name in here}),
        gaps=rows.gaps,
        judged=judge(FINDINGS, asked),
        sheets=(
            Sheet("violated relations", violated, fidelity.VIOLATIONS, _by_input(together)),
            Sheet("thresholds", swept, thresholds.COLUMNS, _by_relation(swept), "Read again from the rows' distances."),
            Sheet("calibration", fidelity.calibration(students), fidelity.CALIBRATION),
            Sheet("calibration curves", curves, calibration_curves.COLUMNS, _by_student(curves)),
            Sheet("loss under attack", fidelity.drops(asked.attacks), fidelity.DROPS),
        ),
    )


def _values(asked: Pairs, name: str) -> list[str]:
    """What occurs in the rows of distilled students."""
    columns = [
        frame.loc[frame["compression"] != TEACHER, name] for frame in (asked.attacks, asked.fidelity) if name in frame
    ]
    return sorted({str(value) for column in columns for value in column.unique()})


def _by_input(table: pd.DataFrame) -> dict[str, Any]:
    return {
        f"{victim}, {shown}": fidelity.draw(part)
        for victim, found in by_victim(table)
        for shown, part in found.groupby("input_name", sort=False)
    }


def _by_relation(table: pd.DataFrame) -> dict[str, Any]:
    return {
        f"{victim}, {RELATIONS[str(relation)]}": thresholds.draw(part)
        for victim, found in by_victim(table)
        for relation, part in found.groupby("relation", sort=False)
    }


def _by_student(table: pd.DataFrame) -> dict[str, Any]:
    return {
        f"{victim}, {student}": calibration_curves.draw(part)
        for victim, found in by_victim(table)
        for student, part in found.groupby("compression_name", sort=False)
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point."""
    return pages.main(page, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
