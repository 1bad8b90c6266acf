from __future__ import annotations

from robust_ray.attacks.offers import Offers
from robust_ray.core.records import SubstituteRecord


def row(name: str, rank: int, uid: str | None = None, identifier: str | None = None) -> SubstituteRecord:
    return SubstituteRecord(
        key="", source="test", uid=uid, identifier=identifier, substitute=name, rank=rank, score=0.0
    )


def test_names_offered_to_all_come_by_rank() -> None:
    offers = Offers([row("second", 1), row("first", 0)])
    assert offers.names("u", ["a", "b"], lambda name: True) == {"a": ("first", "second"), "b": ("first", "second")}


def test_the_more_particular_offer_comes_first_and_no_name_twice() -> None:
    offers = Offers(
        [row("x", 0), row("y", 1), row("y", 0, "u", "a"), row("z", 0, identifier="a"), row("w", 0, "v", "a")]
    )
    assert offers.names("u", ["a"], lambda name: True) == {"a": ("y", "z", "x")}


def test_a_target_with_no_allowed_name_is_left_out() -> None:
    offers = Offers([row("x", 0, identifier="a"), row("if", 0, identifier="b")])
    assert offers.names("u", ["a", "b", "c"], lambda name: name != "if") == {"a": ("x",)}
