"""What a plan says beside its table."""

from __future__ import annotations

from robust_ray.watching.planned import LONG, of_shards
from tests.watching.test_costs import GPU, STAGES, history


def test_long_attacks_are_advised_smaller_shards() -> None:
    advice = of_shards(25, GPU, set(), history(attack_mhm=7200.0, attack_wir_random=60.0))
    assert advice is not None
    assert "takes up to 2h 00m" in advice
    assert "--set examples.shard=2 makes it" in advice


def test_nothing_is_said_of_short_ones_or_of_what_nobody_knows() -> None:
    assert of_shards(25, GPU, set(), history(attack_mhm=LONG)) is None
    assert of_shards(25, GPU, set(), history()) is None


def test_nothing_is_said_where_nothing_can_be_done() -> None:
    long = history(attack_mhm=7200.0)
    assert of_shards(1, GPU, set(), long) is None
    assert of_shards(25, GPU, {call.key for call in STAGES["attack"]}, long) is None
