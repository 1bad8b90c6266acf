from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from robust_ray.attacks import ReferenceIdentifiers, Substitutes
from robust_ray.core.build import build
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import Example
from robust_ray.core.machine import Machine
from robust_ray.core.records import SubstituteRecord
from robust_ray.tasks import TASKS
from tests.contracts import SubstitutesContract


class TestReferenceIdentifiers(SubstitutesContract):
    @pytest.fixture
    def substitutes(self) -> ReferenceIdentifiers:
        return ReferenceIdentifiers(count=5)


ATTACKED = "def total(values):\n    for value in values:\n        print(value)\n"
ALIKE = "def show(words):\n    for word in words:\n        print(word)\n"
UNLIKE = "def load(path):\n    stream = open(path)\n    return stream.read()\n"
SMALL = "def one(item):\n    print(item)\n"


def example(text: str, label: int, language: str = "python") -> Example:
    return Example(uid="0", segments=(text,), label=label, language=language)


def collected(*corpus: Example, **fields: Any) -> list[SubstituteRecord]:
    return ReferenceIdentifiers(**fields).collect(corpus, [example(ATTACKED, 0)], Machine())


def pairs(rows: list[SubstituteRecord]) -> set[tuple[str | None, str]]:
    return {(row.identifier, row.substitute) for row in rows}


def test_variables_of_references_for_variables_and_functions_for_functions() -> None:
    rows = collected(example(ALIKE, 1))
    assert {row.uid for row in rows} == {"0"}
    assert pairs(rows) == {
        ("values", "words"),
        ("values", "word"),
        ("value", "words"),
        ("value", "word"),
        ("total", "show"),
    }


def test_a_reference_has_another_label_the_same_language_and_as_many_names() -> None:
    assert collected(example(ALIKE, 0), example(SMALL, 1), example(ALIKE, 1, "java")) == []


def test_the_most_similar_programs_are_references() -> None:
    corpus = [example(UNLIKE, 1), example(ALIKE, 1)]
    assert {name for _, name in pairs(collected(*corpus, references=1))} == {"words", "word", "show"}
    assert len({name for _, name in pairs(collected(*corpus))}) == 6


def test_names_that_the_program_has_are_not_offered() -> None:
    assert "print" not in {row.substitute for row in collected(example(ALIKE.replace("word", "print"), 1))}
    rows = collected(example(ALIKE.replace("words", "total"), 1))
    assert "total" not in {row.substitute for row in rows}


def test_a_sample_is_drawn_for_each_example_and_larger_than_what_is_kept() -> None:
    corpus = [example(ALIKE.replace("word", f"w{i}"), 1) for i in range(20)]
    few = ReferenceIdentifiers(sample=3, references=3)
    attacked = [Example(uid=str(i), segments=(ATTACKED,), label=0, language="python") for i in range(4)]
    rows = few.collect(corpus, attacked, Machine())
    drawn = [frozenset(row.substitute for row in rows if row.uid == each.uid) for each in attacked]
    assert {len(names) for names in drawn} == {3 * 2 + 1}
    assert len(set(drawn)) == 4


def test_offers_no_more_than_asked() -> None:
    assert {row.rank for row in collected(example(ALIKE, 1), count=1)} == {0}


def test_refuses_to_keep_more_than_it_draws() -> None:
    with pytest.raises(SweepError, match=r"`sample >= references` must hold, but got 8 and 9; draw more programs"):
        ReferenceIdentifiers(sample=8, references=9)


@pytest.mark.parametrize("name", ["references", "count"])
def test_refuses_to_offer_nothing(name: str) -> None:
    with pytest.raises(SweepError, match=rf"`{name} >= 1` must hold, but got 0"):
        build(Substitutes, {"type": "reference_identifiers", name: 0}, "here")


def test_nearly_every_real_function_finds_references(shared_data: Path) -> None:
    task = TASKS["defect_detection"](data=str(shared_data / "devign"))  # type: ignore[call-arg]
    train, test = task.load("train")[:400], task.load("test")[:60]
    rows = ReferenceIdentifiers().collect(train, test, Machine())
    assert len({row.uid for row in rows}) > 0.9 * len(test)
    assert max(row.rank for row in rows) == 63
