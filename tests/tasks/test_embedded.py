"""The embedded data sets: balanced, without leaks, the same everywhere."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys

import pytest

from robust_ray.core.examples import Example
from robust_ray.metrics import unigram_accuracy
from robust_ray.tasks import CloneDetection, DefectDetection, Split, Task
from robust_ray.tasks._weaknesses import FLOWS, NOTES, ORDERS, Flow, Order
from robust_ray.tasks.stdlib_corpus import compiles, embedded_revision, functions, ordered

SPLITS: tuple[Split, ...] = ("train", "valid", "test")
SIZES = {"defect_detection": (3000, 300, 400), "clone_detection": (2600, 300, 400)}

FINGERPRINT = """
import hashlib
from robust_ray.tasks import CloneDetection, DefectDetection
total = hashlib.sha256()
for task in (DefectDetection(), CloneDetection()):
    for example in task.load("valid"):
        total.update(repr((example.uid, example.segments, example.label)).encode())
print(total.hexdigest())
"""


@pytest.fixture(scope="module", params=[DefectDetection(), CloneDetection()], ids=lambda task: str(task.type))
def task(request: pytest.FixtureRequest) -> Task:
    chosen = request.param
    assert isinstance(chosen, Task)
    return chosen


def everything(task: Task) -> list[Example]:
    return [example for split in SPLITS for example in task.load(split)]


def origins(examples: tuple[Example, ...]) -> set[str]:
    """Top-level modules the functions come from."""
    return {part.split(":")[0].split(".")[0] for example in examples for part in re.findall(r"[\w.]+:", example.uid)}


class TestContract:
    def test_sizes(self, task: Task) -> None:
        assert tuple(len(task.load(split)) for split in SPLITS) == SIZES[task.type]

    def test_classes_are_balanced(self, task: Task) -> None:
        for split in SPLITS:
            examples = task.load(split)
            assert 2 * sum(example.label for example in examples) == len(examples)

    def test_no_uid_twice(self, task: Task) -> None:
        examples = everything(task)
        assert len({example.uid for example in examples}) == len(examples)

    def test_no_module_in_two_splits(self, task: Task) -> None:
        for one, other in itertools.combinations(SPLITS, 2):
            assert not origins(task.load(one)) & origins(task.load(other))

    def test_no_text_in_two_splits(self, task: Task) -> None:
        texts = [{example.segments for example in task.load(split)} for split in SPLITS]
        assert not any(one & other for one, other in itertools.combinations(texts, 2))

    def test_every_snippet_compiles(self, task: Task) -> None:
        assert all(compiles(text) for example in everything(task) for text in example.segments)

    def test_examples_are_small_and_in_python(self, task: Task) -> None:
        for example in everything(task):
            assert example.language == "python"
            assert all(len(text) < 1500 for text in example.segments)


def test_a_fresh_process_makes_the_same_examples() -> None:
    def run(hash_seed: str) -> str:
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", FINGERPRINT]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    assert run("1") == run("2")


def test_a_host_makes_one_example_of_each_class() -> None:
    examples = DefectDetection().load("test")
    for safe, vulnerable in zip(examples[::2], examples[1::2], strict=True):
        assert (safe.label, vulnerable.label) == (0, 1)
        assert safe.uid[:-1] == vulnerable.uid[:-1]
        assert safe.segments != vulnerable.segments


def test_a_clone_differs_from_its_original() -> None:
    assert all(len(set(example.segments)) == 2 for example in CloneDetection().load("test"))


@pytest.mark.parametrize("weakness", [*FLOWS, *ORDERS], ids=lambda weakness: weakness.title)
def test_right_and_wrong_are_made_of_the_same_words(weakness: Flow | Order) -> None:
    def words(*, sound: bool) -> list[str]:
        if isinstance(weakness, Flow):
            text = weakness.statements("raw", "clean", NOTES[0], weakness.sinks[0], sound=sound)
        else:
            text = weakness.statements("name", weakness.guards[0], weakness.uses[0], sound=sound)
        return re.findall(r"\w+", text)

    assert words(sound=True) != words(sound=False)
    assert sorted(words(sound=True)) == sorted(words(sound=False))


@pytest.mark.parametrize("task", [DefectDetection(), CloneDetection()], ids=lambda task: str(task.type))
def test_counting_words_does_not_solve_it(task: Task) -> None:
    def bags(split: Split) -> tuple[list[tuple[str, ...]], list[int]]:
        examples = task.load(split)
        return [("\n".join(example.segments),) for example in examples], [example.label for example in examples]

    accuracy = unigram_accuracy(*bags("train"), *bags("test"))
    assert accuracy is not None
    assert accuracy < 0.62


def test_functions_are_ordered_by_uid_alone() -> None:
    some = functions()[:50]
    assert ordered(some) == ordered(reversed(some))


def test_the_revision_names_the_python() -> None:
    assert embedded_revision().startswith(f"python-{sys.version_info.major}.{sys.version_info.minor}.")
