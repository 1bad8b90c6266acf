from __future__ import annotations

import pytest

from robust_ray.attacks import RandomNames
from robust_ray.core.errors import SweepError
from robust_ray.core.machine import Machine
from tests.contracts import SubstitutesContract


class TestRandomNames(SubstitutesContract):
    @pytest.fixture
    def substitutes(self) -> RandomNames:
        return RandomNames(count=20)


def names(**fields: int) -> list[str]:
    return [row.substitute for row in RandomNames(**fields).collect([], [], Machine())]


def test_makes_as_many_as_asked_and_more_only_adds() -> None:
    assert len(set(names(count=300))) == 300
    assert names(count=300)[:20] == names(count=20)


def test_names_are_short_words_of_letters() -> None:
    assert all(name.isascii() and name.islower() and name.isalpha() for name in names(count=300))
    assert {len(name) for name in names(count=300)} == set(range(3, 11))


def test_another_seed_makes_other_names() -> None:
    assert not set(names(count=20)) & set(names(count=20, seed=1))
    assert names(count=3) == ["uwsuog", "gddqswcwda", "hespw"], "on every machine"


def test_offers_them_to_everyone() -> None:
    (row,) = RandomNames(count=1).collect([], [], Machine())
    assert (row.source, row.uid, row.identifier, row.rank, row.score) == ("random_names", None, None, 0, 0.0)


def test_refuses_to_make_none() -> None:
    with pytest.raises(SweepError, match=r"`count >= 1` must hold, but got 0"):
        RandomNames(count=0)
