from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from robust_ray.attacks.textattack.library import textattack
from robust_ray.attacks.textattack.parts import (
    OfferedNames,
    TargetedRenaming,
    UntargetedRenaming,
    ValidProgram,
    VictimWrapper,
)
from robust_ray.source import validity
from robust_ray.source.identifiers import analyse
from tests.fakes import PYTHON, BagOfNames, example

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore::RuntimeWarning")]

NAMES = ["data", "result", "count", "class", "item", "value"]


def attack(goal: Any, transformation: Any, texts: Sequence[Any], columns: Sequence[str] = ("text",)) -> list[Any]:
    """Results of TextAttack's own attacker."""
    search = textattack.search_methods.GreedyWordSwapWIR()
    assembled = textattack.Attack(goal, [ValidProgram()], transformation, search)
    dataset = textattack.datasets.Dataset(list(texts), input_columns=list(columns))
    arguments = textattack.AttackArgs(num_examples=len(texts), disable_stdout=True, silent=True)
    results: list[Any] = textattack.Attacker(assembled, dataset, arguments).attack_dataset()
    return results


@pytest.fixture
def victim() -> BagOfNames:
    return BagOfNames()


@pytest.fixture
def programs(victim: BagOfNames) -> list[tuple[str, int]]:
    return [(text, example("", text, language="python", victim=victim).label) for text in PYTHON]


@pytest.mark.parametrize(
    "transformation", [OfferedNames(), textattack.transformations.WordSwapRandomCharacterSubstitution()], ids=type
)
def test_the_attacker_of_textattack_renames_every_occurrence(
    victim: BagOfNames, programs: list[tuple[str, int]], transformation: Any
) -> None:
    goal = UntargetedRenaming(VictimWrapper(victim), language="python", names=NAMES)
    results = attack(goal, transformation, programs)
    won = [result for result in results if isinstance(result, textattack.attack_results.SuccessfulAttackResult)]
    assert won
    for result in won:
        original, adversarial = result.original_text(), result.perturbed_text()
        text = result.perturbed_result.attacked_text
        assert original in PYTHON
        assert validity.check(analyse(original, "python"), adversarial, text.renames).is_valid
        assert victim.predict(victim.encode([(adversarial,)]))[0].argmax() == result.perturbed_result.output


def test_a_program_the_victim_gets_wrong_is_skipped(victim: BagOfNames, programs: list[tuple[str, int]]) -> None:
    goal = UntargetedRenaming(VictimWrapper(victim), language="python", names=NAMES)
    (result,) = attack(goal, OfferedNames(), [(PYTHON[0], 1 - programs[0][1])])
    assert isinstance(result, textattack.attack_results.SkippedAttackResult)


def test_a_target_may_be_chosen_and_pairs_keep_their_second_segment(victim: BagOfNames) -> None:
    pair = example("", PYTHON[0], PYTHON[1], language="python", victim=victim)
    goal = TargetedRenaming(VictimWrapper(victim), language="python", names=NAMES, target_class=1 - pair.label)
    (result,) = attack(goal, OfferedNames(), [(pair.segments, pair.label)], ("first", "second"))
    text = result.perturbed_result.attacked_text
    assert text.tokenizer_input == (result.perturbed_text(), PYTHON[1])


def test_what_would_break_the_program_is_filtered_out(victim: BagOfNames, programs: list[tuple[str, int]]) -> None:
    goal = UntargetedRenaming(VictimWrapper(victim), language="python", names=["class", "total"])
    goal.init_attack_example(textattack.shared.AttackedText(programs[0][0]), programs[0][1])
    start = goal.initial_attacked_text
    assert start.words == ["mean", "values", "default", "total", "value", "count"]
    tried = [start.replace_word_at_index(0, word) for word in ("class", "total", "two words", "", "[UNK]", "fine")]
    assert [text.words[0] for text in ValidProgram().call_many(tried, start)] == ["fine"]


def test_a_wrapped_victim_answers_programs_and_pairs(victim: BagOfNames) -> None:
    wrapper = VictimWrapper(victim, max_batch_tokens=8)
    assert wrapper([PYTHON[0], PYTHON[1], PYTHON[0]]).shape == (3, 2)
    pairs = wrapper([(PYTHON[0], PYTHON[1])])
    assert (pairs == victim.predict(victim.encode([(PYTHON[0], PYTHON[1])]))).all()
