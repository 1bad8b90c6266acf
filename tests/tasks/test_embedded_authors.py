"""The embedded authorship data: balanced, told by habit and not by file."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from robust_ray.metrics import unigram_accuracy
from robust_ray.tasks._authors import AUTHORS, FUNCTIONS, SHARES, allotted, authors
from robust_ray.tasks.base import SPLITS, Split
from robust_ray.tasks.stdlib_corpus import compiles


def files(split: Split) -> set[str]:
    return {example.uid.partition(":")[0] for example in authors(split)}


def test_every_author_has_as_many_functions() -> None:
    for split in SPLITS:
        labels = [example.label for example in authors(split)]
        assert labels == list(range(len(AUTHORS))) * FUNCTIONS[split]


def test_the_label_is_the_package() -> None:
    for example in authors("test"):
        assert example.uid.startswith(AUTHORS[example.label] + ".")


def test_no_file_in_two_splits() -> None:
    for one, other in itertools.combinations(SPLITS, 2):
        assert not files(one) & files(other)


def test_no_text_and_no_uid_twice() -> None:
    examples = [example for split in SPLITS for example in authors(split)]
    assert len({example.segments for example in examples}) == len({example.uid for example in examples})
    assert len({example.uid for example in examples}) == len(examples)


def test_every_function_compiles_and_is_of_python() -> None:
    for example in authors("valid"):
        assert example.language == "python"
        assert compiles(example.segments[0])


def test_words_say_much_of_the_author_and_not_all() -> None:
    def texts(split: Split) -> tuple[list[tuple[str, ...]], list[int]]:
        return [example.segments for example in authors(split)], [example.label for example in authors(split)]

    accuracy = unigram_accuracy(*texts("train"), *texts("test"))
    assert accuracy is not None
    assert 0.45 < accuracy < 0.8


@given(st.dictionaries(st.text(min_size=1), st.integers(1, 100), min_size=1))
def test_files_are_shared_out_whole_whatever_their_order(sizes: dict[str, int]) -> None:
    splits = allotted(sizes.items())
    assert splits.keys() == sizes.keys()
    assert splits == allotted(reversed(sizes.items()))
    total, largest = sum(sizes.values()), max(sizes.values())
    for split, share in SHARES.items():
        assert sum(sizes[file] for file in sizes if splits[file] == split) <= share * total + largest
