"""Who is noted at a death is a suspect, who is noted at two is lost, and nobody is blamed by a note alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from robust_ray.store import Known, Store, Suspects
from robust_ray.store.suspects import MOST


@pytest.fixture
def suspects(tmp_path: Path) -> Suspects:
    """Those of a call."""
    return Store.open(str(tmp_path / "store")).suspects("attack-x-v1-0")


def known(suspects: Suspects) -> Known:
    """What is known, which is something."""
    found = suspects.known()
    assert found is not None
    return found


def die(suspects: Suspects, uid: str, reason: str = "the worker died") -> bool:
    suspects.at(uid, known(suspects))
    return suspects.died(reason)


def test_nothing_is_known_before_a_death(suspects: Suspects) -> None:
    assert suspects.known() is None
    assert suspects.died("the worker died")
    assert suspects.known() == Known()


def test_two_deaths_blame_an_example(suspects: Suspects) -> None:
    suspects.died("the worker died")
    assert die(suspects, "u", "first")
    assert (known(suspects).suspects, known(suspects).lost) == (["u"], {})
    assert die(suspects, "u", "second")
    assert (known(suspects).suspects, known(suspects).lost) == ([], {"u": "second"})
    suspects.clear()
    assert suspects.known() is None
    suspects.clear()


def test_a_death_with_nobody_noted_teaches_nothing(suspects: Suspects) -> None:
    suspects.died("the worker died")
    assert not suspects.died("the worker died")
    assert die(suspects, "u")
    assert not suspects.died("the worker died")
    assert known(suspects).suspects == ["u"]


def test_a_note_alone_accuses_nobody(suspects: Suspects) -> None:
    suspects.died("the worker died")
    suspects.at("u", known(suspects))
    assert known(suspects).at == "u"
    assert known(suspects).suspects == []


def test_a_call_that_dies_ever_again_teaches_nothing_more(suspects: Suspects) -> None:
    suspects.died("the worker died")
    assert all(die(suspects, str(i // 2)) for i in range(MOST))
    assert not die(suspects, "another")


def test_a_damaged_note_is_begun_anew(suspects: Suspects, tmp_path: Path) -> None:
    suspects.died("the worker died")
    (path,) = (tmp_path / "store" / "suspects").iterdir()
    for damaged in ("{", "[]", '{"at": null, "deaths": 3}'):
        path.write_text(damaged)
        assert suspects.known() == Known()
