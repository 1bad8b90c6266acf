"""Failures by their sentence."""

from __future__ import annotations

from robust_ray.core.errors import gist
from robust_ray.dispatch import Failure
from robust_ray.watching.failures import grouped

KEYS = [f"attack-mhm-v1-{i:016x}" for i in range(1000)]


def test_a_thousand_calls_that_fail_for_one_reason_are_one_line() -> None:
    failures = [Failure(key, f"{key}: no room for {i}.5 MiB at 0x{i:x}") for i, key in enumerate(KEYS)]
    (group,) = grouped(failures, {})
    assert group.keys == tuple(KEYS)
    assert group.line() == f"FAILED 1000 calls, the first {KEYS[0]}: {KEYS[0]}: no room for 0.5 MiB at 0x0"


def test_other_reasons_are_other_lines_and_the_most_frequent_comes_first() -> None:
    failures = [Failure(KEYS[0], "boom"), Failure(KEYS[1], "no room"), Failure(KEYS[2], "no room")]
    assert [group.line() for group in grouped(failures, {})] == [
        f"FAILED 2 calls, the first {KEYS[1]}: no room",
        f"FAILED {KEYS[0]}: boom",
    ]


def test_what_was_skipped_is_counted_where_its_cause_stands() -> None:
    failures = [Failure(KEYS[0], "boom"), Failure(KEYS[1], "no room")]
    skipped = dict.fromkeys(KEYS[10:22], KEYS[0])
    assert [group.line() for group in grouped(failures, skipped)] == [
        f"FAILED {KEYS[0]} (12 that need it skipped): boom",
        f"FAILED {KEYS[1]}: no room",
    ]


def test_a_gist_keeps_the_words() -> None:
    assert gist("data/test.jsonl: line 7 must be JSON") == "data/test.jsonl: line … must be JSON"
