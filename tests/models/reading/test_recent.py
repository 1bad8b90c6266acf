"""A memory of bounded size that keeps what is used."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from robust_ray.models.reading.recent import Recent


def test_remembers_and_says_what_it_does_not() -> None:
    memory: Recent[int] = Recent(10)
    memory.keep("a", 1)
    assert memory.look_up(["a", "b", "a"]) == [1, None, 1]


def test_what_is_used_outlives_what_is_not() -> None:
    memory: Recent[int] = Recent(4)
    memory.keep("used", 1)
    for i in range(20):
        memory.keep(f"new{i}", i)
        assert memory.look_up(["used"]) == [1]
    assert memory.look_up(["new0"]) == [None]


@given(st.lists(st.tuples(st.text("ab", max_size=3), st.booleans())))
def test_is_bounded_and_never_wrong(steps: list[tuple[str, bool]]) -> None:
    memory: Recent[str] = Recent(6)
    for key, is_kept in steps:
        if is_kept:
            memory.keep(key, key)
        assert memory.look_up([key]) in ([key], [None])
        assert sum(map(len, (*memory._young, *memory._old))) <= 12
