from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robust_ray.attacks.substitutes.name_vectors import Embedding, NameVectors, largest
from robust_ray.attacks.substitutes.programs import read
from robust_ray.core.errors import SweepError

LOOPS = [
    f"for (int {index} = 0; {index} < {limit}; {index}++) sum += data[{index}];"
    for index, limit in [("i", "n"), ("j", "count"), ("k", "size"), ("i", "count"), ("j", "n")]
]
CALLS = [
    f'FILE *{stream} = fopen({path}, "r"); fclose({stream}); free({path});'
    for stream, path in [("fp", "name"), ("file", "path"), ("stream", "filename"), ("fp", "path")]
]


@pytest.fixture(scope="module")
def vectors() -> NameVectors:
    texts = [f"void f{i}(int n, int count, int size) {{ {body} }}" for i, body in enumerate(LOOPS)]
    texts += [f"void g{i}(char *name, char *path, char *filename) {{ {body} }}" for i, body in enumerate(CALLS)]
    return Embedding(dimensions=8).learn([read(text, "c") for text in texts])


def neighbours(vectors: NameVectors, name: str, count: int = 2) -> list[str]:
    choices = ["i", "j", "k", "fp", "file", "stream", "name", "path", "filename", "n", "count", "size"]
    ((_, ranked),) = vectors.nearest([name], choices, count)
    return [other for other, _ in ranked]


def test_names_used_alike_are_near(vectors: NameVectors) -> None:
    assert set(neighbours(vectors, "i")) == {"j", "k"}
    assert set(neighbours(vectors, "fp")) == {"file", "stream"}


def test_an_unknown_name_is_placed_by_its_spelling(vectors: NameVectors) -> None:
    assert neighbours(vectors, "myFilename", 1) == ["filename"]
    assert neighbours(vectors, "out_stream", 1) == ["stream"]


def test_a_name_is_not_its_own_neighbour(vectors: NameVectors) -> None:
    assert "i" not in neighbours(vectors, "i", 12)
    assert len(neighbours(vectors, "i", 12)) == 11


def test_vectors_are_of_unit_length_or_zero(vectors: NameVectors) -> None:
    found = vectors.of(["i", "path", "unheard", "Ω"])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), [1.0, 1.0, 1.0, 0.0])
    assert found.shape[1] <= 8


def test_knows_how_to_know_nothing() -> None:
    nothing = Embedding().learn([])
    assert list(nothing.nearest(["a"], ["b", "c"], 5)) == [("a", [("b", 0.0), ("c", 0.0)])]
    assert list(nothing.nearest(["a"], [], 5)) == [("a", [])]


def test_a_vocabulary_keeps_the_most_frequent_names() -> None:
    programs = [read("def f(seen, once):\n    return seen + seen\n", "python")]
    assert Embedding(vocabulary=1).learn(programs).of(["once"]).any() == np.False_
    assert Embedding(vocabulary=1).learn(programs).of(["seen"]).any()


@given(st.lists(st.integers(-3, 3), max_size=12), st.integers(1, 14))
def test_largest_is_a_stable_sort_cut_short(values: list[int], count: int) -> None:
    expected = sorted(range(len(values)), key=lambda place: -values[place])[:count]
    assert largest(np.array(values, dtype=np.float64), count).tolist() == expected


@pytest.mark.parametrize("name", ["dimensions", "window", "vocabulary"])
def test_refuses_what_makes_no_vectors(name: str) -> None:
    with pytest.raises(SweepError, match=rf"`{name} >= 1` must hold, but got 0"):
        Embedding(**{name: 0})
