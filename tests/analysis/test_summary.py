"""What is said of a study in words, where its tables leave room for a mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from analysis import pareto, summary
from analysis.load import load


def test_the_most_robust_student_is_one_that_was_attacked_on_all_examples(store: Path) -> None:
    points = pareto.points(load(str(store)))
    nothing = points[:0]

    def told(is_whole: Any) -> str:
        tables = dict.fromkeys(summary.Answers._fields, nothing) | {"points": points.assign(is_whole=is_whole)}
        found = summary.Answers(**tables)
        (paragraph,) = summary.paragraphs(found)
        return paragraph.sentences[-1]

    assert told(True).startswith("The most robust student is dynamic_quantization bits=8, with 63.3")
    assert told(points["compression"] != "dynamic_quantization").startswith("The most robust student is magnitude_")
    assert told(points["compression"] == "none").startswith("After every attack"), "nobody is left to name"
