"""Rewritten examples: the same program, the same variant, wherever it stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from robust_ray.compression import Augmentation, RewrittenPrograms
from robust_ray.compression.distillation.rewriting import RENAMED, rewritten
from robust_ray.core.errors import DataError
from robust_ray.source import analyse
from tests import fakes

PAIR = fakes.example("pair", fakes.JAVA[0], fakes.JAVA[1], language="java")
TWIN = fakes.example("twin", fakes.JAVA[1], fakes.JAVA[0], language="java")
NOTHING = fakes.example("nothing", fakes.NOTHING_TO_RENAME, language="python")


def kinds(text: str) -> dict[str, list[str]]:
    """Kind → names."""
    found: dict[str, list[str]] = {}
    for each in analyse(text, "java").identifiers:
        found.setdefault(each.kind, []).append(each.name)
    return found


def test_functions_and_parameters_get_other_names_and_locals_keep_theirs() -> None:
    (variant,) = rewritten(RENAMED, [PAIR], 0)
    for before, after in zip(map(kinds, PAIR.segments), map(kinds, variant.segments), strict=True):
        assert before.keys() == after.keys()
        assert before["local"] == after["local"]
        for kind in before.keys() - {"local"}:
            assert before[kind] != after[kind]


def test_a_program_has_one_variant_in_all_pairs_and_what_has_none_stays() -> None:
    one, other, nothing = rewritten(RENAMED, [PAIR, TWIN, NOTHING], 0)
    assert one.segments == other.segments[::-1]
    assert nothing == NOTHING
    assert (one.uid, one.label) == (PAIR.uid, PAIR.label)
    assert rewritten(RENAMED, [PAIR, TWIN, NOTHING], 0)[0] == one
    assert rewritten(Augmentation(), [PAIR, TWIN], 1)[0] != one


def test_a_file_says_what_to_read_instead(tmp_path: Path) -> None:
    path = tmp_path / "rewritten.jsonl"
    text = fakes.JAVA[0].replace("sum", "total_of").replace("limit", "bound")
    path.write_text(json.dumps({"code": fakes.JAVA[0], "rewritten": text}) + "\n")
    (variant,) = rewritten(RewrittenPrograms(path=str(path)), [PAIR], 0)
    assert variant.segments == (text, fakes.JAVA[1])


def test_a_file_of_other_programs_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rewritten.jsonl"
    path.write_text(json.dumps({"code": f" {fakes.JAVA[0]}", "rewritten": fakes.JAVA[0]}) + "\n")
    with pytest.raises(
        DataError, match=r"rewritten.jsonl: the file must hold programs of each split .* has none of one"
    ):
        rewritten(RewrittenPrograms(path=str(path)), [PAIR], 0)
