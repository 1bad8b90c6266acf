"""What a survey counts, on data small enough to count by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from robust_ray.core.examples import Example, Question
from robust_ray.tasks import SPLITS, CloneDetection, DefectDetection, Split
from robust_ray.tasks.survey import SplitSurvey, survey, warnings
from tests import fakes

LONG = "int f(int a, int b) {\n" + "".join(f"  int v{i} = g{i}(a, b);\n" for i in range(12)) + "  return a;\n}\n"
"""A program of enough words to be called nearly the same as another."""

NEARLY = LONG.replace("return a", "return b - 1")
OTHER, ANOTHER, THIRD = (f"int {name}(void) {{ return {name}; }}" for name in ("x", "y", "z"))
LAID_OUT = OTHER.replace(" ", "\n")


def example(uid: str, *segments: str, label: int = 0, reference: str | None = None) -> Example:
    return Example(uid=uid, segments=segments, label=label, language="c", reference=reference)


def alone(*texts: str | tuple[str, int]) -> list[Example]:
    """Examples of one program each, with label 0 where none is given."""
    labelled = [(text, 0) if isinstance(text, str) else text for text in texts]
    return [example(str(i), text, label=label) for i, (text, label) in enumerate(labelled)]


def looked_at(
    train: Sequence[Example], valid: Sequence[Example], test: Sequence[Example], question: Question | None = None
) -> dict[Split, SplitSurvey]:
    return survey({"train": train, "valid": valid, "test": test}, question or fakes.asks(2, language="c"))


def test_sizes_balance_and_lengths() -> None:
    train = looked_at(alone((OTHER, 1), (ANOTHER, 1), LONG), alone(THIRD), alone(THIRD))["train"]
    assert (train.n, train.label_counts, train.functions, train.too_short) == (3, (1, 2), 3, 2)
    assert (train.tokens_p50, train.tokens_p95, train.tokens_max) == (10, 134, 134)
    assert train.reference_words_p50 is None


def test_within_a_split() -> None:
    train = looked_at(alone(OTHER, LAID_OUT, OTHER, LONG, NEARLY), alone(THIRD), alone(THIRD))["train"]
    assert (train.n, train.functions, train.repeated, train.nearly_repeated) == (5, 3, 2, 1)


def test_between_splits() -> None:
    found = looked_at(alone(OTHER, LONG), alone(LAID_OUT, THIRD), alone(NEARLY, LONG, THIRD, ANOTHER))
    train, valid, test = (found[split] for split in SPLITS)
    assert (train.in_train, train.nearly_in_train, train.in_valid, train.nearly_in_valid) == (None,) * 4
    assert (valid.in_train, valid.nearly_in_train, valid.in_valid, valid.nearly_in_valid) == (1, 0, None, None)
    assert (test.in_train, test.nearly_in_train, test.in_valid, test.nearly_in_valid) == (1, 1, 1, 0)


def test_what_students_learn_from_counts_as_training_data() -> None:
    parts: dict[Split, Sequence[Example]] = {
        "train": alone(LONG),
        "unlabelled": alone(OTHER, LONG),
        "test": alone(LAID_OUT, LONG, THIRD),
    }
    found = survey(parts, fakes.asks(2, language="c"))
    assert (found["test"].in_train, found["unlabelled"].in_train, found["train"].in_train) == (2, None, None)


def test_the_same_code_with_two_answers() -> None:
    found = looked_at(alone((OTHER, 0), (ANOTHER, 0)), alone((LAID_OUT, 1)), alone((ANOTHER, 0)))
    assert [found[split].conflicting for split in SPLITS] == [1, 1, 0]


def test_the_order_of_a_pair_does_not_matter() -> None:
    train = [example("1", OTHER, LONG), example("2", LONG, OTHER), example("3", NEARLY, OTHER)]
    test = [example("4", OTHER, NEARLY), example("5", OTHER, THIRD), example("6", THIRD, THIRD)]
    found = looked_at(train, test, test, fakes.asks(2, segments=2, language="c"))
    assert (found["train"].repeated, found["train"].nearly_repeated, found["train"].functions) == (1, 1, 3)
    assert (found["test"].in_train, found["test"].nearly_in_train, found["test"].functions_in_train) == (1, 0, 2)
    assert found["train"].functions_in_train is None


def test_a_task_that_asks_for_a_text() -> None:
    train = [example("1", OTHER, reference="gives x"), example("2", OTHER, reference="gives the value of x")]
    found = looked_at(train, train, train, fakes.asks(0, language="c"))["train"]
    assert (found.label_counts, found.conflicting, found.reference_words_p50) == ((), None, 2)


def test_sound_data_has_no_warnings() -> None:
    found = looked_at(
        alone((OTHER, 0), (LONG, 1)), alone((ANOTHER, 0), (fakes.C[0], 1)), alone((THIRD, 0), (fakes.C[1], 1))
    )
    assert [line for split in SPLITS for line in warnings(split, found[split], ("safe", "vulnerable"))] == []


def test_warnings_count() -> None:
    found = looked_at(alone(OTHER, (LONG, 1)), alone((THIRD, 1), ANOTHER), alone(LAID_OUT, NEARLY, THIRD))
    assert list(warnings("test", found["test"], ("safe", "vulnerable"))) == [
        "test examples in the training split, too: 1 of 3",
        "test examples nearly the same as one of the training split: 1 of 3",
        "test examples in the validation split, too: 1 of 3",
        "test examples in the data with another label, too: 1 of 3",
        "classes without a test example: vulnerable",
    ]


@pytest.mark.parametrize("task", [DefectDetection(), CloneDetection()])
def test_the_embedded_data_does_not_leak(task: DefectDetection | CloneDetection) -> None:
    found = survey({split: task.load(split) for split in SPLITS}, task.question)
    test = found["test"]
    assert (test.in_train, test.nearly_in_train, test.in_valid, test.nearly_in_valid) == (0, 0, 0, 0)
    assert test.functions_in_train in (None, 0)


def test_real_data_leaks_a_little(shared_data: Path) -> None:
    task = DefectDetection(data=str(shared_data / "devign"))
    test = survey({split: task.load(split) for split in SPLITS}, task.question)["test"]
    assert (test.n, test.in_train, test.nearly_in_train, test.nearly_in_valid) == (400, 0, 4, 1)
