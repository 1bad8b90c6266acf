from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from robust_ray.attacks.naturalness import AT_ONCE, LONGEST, code_similarities, measure, perplexities
from robust_ray.core.records import RECORDS, AttackRecord, CellRecord, NaturalnessRecord, Verdict
from robust_ray.source.identifiers import analyse
from tests import fakes
from tests.attacks.language_models import ScriptedModel

COLUMNS = {"key": "naturalness-x-v1-0", "language_model": "scripted", "language_model_params": '{"a":1}'}


def attacked(original: str, adversarial: str | None, uid: str = "one", **columns: Any) -> AttackRecord:
    """A row of an attack; what does not matter here is null."""
    known = {field.name: None for field in dataclasses.fields(AttackRecord)} | fakes.CELL
    known |= {"uid": uid, "language": "python", "original": original, "adversarial": adversarial}
    known |= {"attack": "mhm", "attack_params": "{}", "verdict": Verdict.SUCCEEDED if adversarial else Verdict.FAILED}
    return AttackRecord(**known | columns)


def test_a_row_is_that_of_its_attack_with_what_the_model_says() -> None:
    row = attacked("a = 1", "abc = 1", seed=7)
    (found,) = measure([row], ScriptedModel(), COLUMNS)
    cell = {field.name: getattr(row, field.name) for field in dataclasses.fields(CellRecord)}
    assert found == NaturalnessRecord(
        **cell | COLUMNS,
        attack="mhm",
        attack_params="{}",
        uid="one",
        similarity=0.0,
        acs=float(np.mean([0, 1, 1])),
        perplexity=1.0,
        adversarial_perplexity=math.exp(math.log(3) / 3),
    )
    assert NaturalnessRecord in RECORDS


def test_every_row_with_adversarial_code_is_measured_in_order() -> None:
    rows = [
        attacked("a = 1", "b = 1", "won"),
        attacked("a = 1", None, "lost"),
        attacked("a = 1", "if = 1", "invalid", verdict=Verdict.INVALID),
        *(attacked("a = 1", f"b{i} = 1", str(i)) for i in range(2 * AT_ONCE)),
    ]
    assert [row.uid for row in measure(rows, ScriptedModel(), COLUMNS)] == [
        "won",
        "invalid",
        *map(str, range(2 * AT_ONCE)),
    ]
    assert measure([], ScriptedModel(), COLUMNS) == []
    assert measure(rows[1:2], ScriptedModel(), COLUMNS) == []


def test_perplexity_is_the_geometric_mean_of_the_inverse_probabilities() -> None:
    assert perplexities(["ab = abcd", "ab   =\n\tabcd", "", " \n"], ScriptedModel()) == [
        pytest.approx((2 * 1 * 4) ** (1 / 3)),
        pytest.approx((2 * 1 * 4) ** (1 / 3)),
        None,
        None,
    ]


def test_every_place_is_masked_once_an_eighth_at_a_time() -> None:
    model = ScriptedModel(window=20)
    words = [f"x{i}" for i in range(41)]
    assert perplexities([" ".join(words)], model) == [
        pytest.approx(math.exp(sum(math.log(len(word)) for word in words) / len(words)))
    ]
    assert [len(look.ids) for look in model.masked] == [13] * 8 + [14] * 16, "41 fit in three windows of 20"
    masked = [model.vocabulary[look.ids[position]] for look in model.masked for position in look.positions]
    assert sorted(masked) == sorted(words)
    assert {len(look.positions) for look in model.masked} == {1, 2}
    assert model.masked[0].positions == (0, 8)


def test_a_huge_text_is_judged_by_its_beginning() -> None:
    model = ScriptedModel()
    assert perplexities(["a " * LONGEST + "long " * 10], model) == [1.0]
    assert sum(len(look.positions) for look in model.masked) == LONGEST


def similarity(model: ScriptedModel, first: str, second: str, language: str = "python") -> float | None:
    (found,) = code_similarities([(analyse(first, language), analyse(second, language))], model)
    return found


def test_acs_reads_each_token_as_one_word() -> None:
    model = ScriptedModel()
    assert similarity(model, "total = 1  # one\n", "sum_of = 1\n") == 1.0, "both names are unknown words"
    assert model.compared == [((0, model.id_of("="), model.id_of("1")),) * 2]
    assert similarity(model, "a = 1", "b = 1") == pytest.approx(2 / 3)


def test_acs_is_null_where_the_tokens_are_not_as_many() -> None:
    model = ScriptedModel()
    pairs = [("a = 1", "a = 1; b = 2"), ("a", "b"), ("", ""), ("# x", "# y")]
    sources = [(analyse(first, "python"), analyse(second, "python")) for first, second in pairs]
    assert code_similarities(sources, model) == [None, 0.0, None, None]
    assert len(model.compared) == 1


def test_acs_sees_the_first_window() -> None:
    assert similarity(ScriptedModel(window=3), "a = 1; b = 2", "a = 1; c = 3") == 1.0


@pytest.mark.parametrize("text", ["\0", "a = '\ud800'\n", "def broken(a:\n  a = = a\n", "a = 1\n" * 3000, "\n"])
def test_whatever_the_program_there_is_a_row(text: str) -> None:
    (row,) = measure([attacked(text, text + "b")], ScriptedModel(), COLUMNS)
    assert row.adversarial_perplexity is not None
    (row,) = measure([attacked(text, "")], ScriptedModel(), COLUMNS)
    assert (row.similarity, row.acs, row.adversarial_perplexity) == (None, None, None)
