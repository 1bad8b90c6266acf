"""What is left out of any data set, and how ids become unique."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robust_ray.core.errors import DataError
from robust_ray.core.examples import Example
from robust_ray.tasks.datasets import divided, limited, sift

CODES = st.sampled_from(["int a;", "int b;", " ", ""])


def example(uid: str, code: str, label: int = 0, reference: str | None = None) -> Example:
    return Example(uid=uid, segments=(code,), label=label, language="c", reference=reference)


@st.composite
def splits(draw: st.DrawFn) -> list[Example]:
    rows = draw(st.lists(st.tuples(CODES, st.integers(0, 1)), min_size=1, max_size=30))
    return [example(f"id of {code}", code, label) for code, label in [*rows, ("int c;", 0)]]


@given(splits(), st.booleans())
def test_every_example_is_kept_or_counted(examples: list[Example], drop: bool) -> None:
    kept, dropped = sift(examples, "here", drop_duplicates=drop)
    assert len(kept) + sum(dropped.values()) == len(examples)
    assert len({each.uid for each in kept}) == len(kept)
    said = [(each.segments, each.label) for each in kept]
    usable = [(each.segments, each.label) for each in examples if each.segments[0].strip()]
    assert said == (list(dict.fromkeys(usable)) if drop else usable)


@given(splits(), st.integers(1, 10))
def test_a_limit_keeps_the_order_and_counts_the_rest(examples: list[Example], count: int) -> None:
    sifted = sift(examples, "here", drop_duplicates=False)
    kept, dropped = limited(sifted, count)
    assert [each for each in sifted.examples if each in kept] == list(kept)
    assert len(kept) + sum(dropped.values()) == len(examples)
    assert set(limited(sifted, count + 1).examples) >= set(kept)


@given(splits(), st.floats(0.01, 0.99))
def test_a_division_is_of_the_whole_and_in_its_order(examples: list[Example], share: float) -> None:
    sifted = sift(examples, "here", drop_duplicates=True)
    n = len(sifted.examples)
    if not 0 < round(n * (1 - share)) < n:
        with pytest.raises(DataError, match="must have examples for two parts"):
            divided(sifted, share, "train")
        return
    rest, part = (divided(sifted, share, split) for split in ("train", "unlabelled"))
    assert len(rest.examples) == round(n * (1 - share))
    assert sorted([*rest.examples, *part.examples], key=sifted.examples.index) == list(sifted.examples)
    assert list(part.examples) == [each for each in sifted.examples if each in part.examples]
    assert (rest.dropped, part.dropped) == (sifted.dropped, {})


def test_another_summary_of_the_same_code_is_no_duplicate() -> None:
    examples = [example("1", "a;", reference="add"), example("1", "a;", reference="sum"), example("2", "b;", 0, " ")]
    kept, dropped = sift(examples, "here", drop_duplicates=True)
    assert [(each.uid, each.reference) for each in kept] == [("1", "add"), ("1#2", "sum")]
    assert dropped == {"no summary": 1}


def test_nothing_left() -> None:
    with pytest.raises(DataError, match="here: a split must hold at least one example, but there is none; fill it"):
        sift([example("1", " ")], "here", drop_duplicates=True)


def test_an_id_of_two_programs() -> None:
    with pytest.raises(DataError, match="here: an id must stand for one example, but '1' stands for different code"):
        sift([example("1", "a;"), example("1", "b;")], "here", drop_duplicates=False)
