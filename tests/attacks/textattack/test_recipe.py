from __future__ import annotations

import random
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from robust_ray.attacks import AttackRecipe, TextAttack, run
from robust_ray.attacks.textattack import catalog
from robust_ray.core.build import build
from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.machine import Machine
from robust_ray.core.records import AttackRecord, Verdict
from tests.attacks.searching import converse, renames, space
from tests.contracts import AttackContract
from tests.fakes import CELL, PYTHON, BagOfNames, example, examples

pytestmark = pytest.mark.torch

USABLE = [name for name, entry in catalog.CATALOG.items() if entry.refusal is None]
OWN = "tests.attacks.textattack.own"


def attack(recipe: str, query_budget: int | None = None, seed: int = 0) -> list[AttackRecord]:
    victim = BagOfNames()
    programs = examples(victim)
    component = TextAttack(recipe=recipe, query_budget=query_budget)
    names = {source: source.collect(programs, programs, Machine()) for source in component.sources}
    return list(run(component, programs, victim, names, columns=CELL, seed=seed))


class TestDeepWordBug(AttackContract):
    @pytest.fixture
    def recipe(self) -> AttackRecipe:
        return TextAttack(recipe="deepwordbug")


class TestGeneticAlgorithm(AttackContract):
    @pytest.fixture
    def recipe(self) -> AttackRecipe:
        return TextAttack(recipe="faster-alzantot", query_budget=100)


@pytest.mark.parametrize("recipe", USABLE)
def test_every_recipe_that_fits_code_fools_this_victim(recipe: str) -> None:
    rows = attack(recipe)
    assert {row.verdict for row in rows} <= {Verdict.SUCCEEDED, Verdict.FAILED}
    assert any(row.verdict == Verdict.SUCCEEDED for row in rows)


def test_greedy_search_asks_as_textfooler_does() -> None:
    """Each name deleted first; then names for the one that was missed most, then for the next."""
    steps = TextAttack(recipe="textfooler").build().search.steps(space(), np.random.default_rng(0))
    probes, *tried = converse(steps, lambda candidate: 0.5 if "b * b" in candidate.text else 0.3)
    assert [probe.text for probe in probes] == [
        "def (a, b):\n    return a + b * b\n",
        "def f(, b):\n    return  + b * b\n",
        "def f(a, ):\n    return a +  * \n",
    ]
    assert all(probe.is_probe for probe in probes)
    assert [renames(batch) for batch in tried] == [
        [{"a": "x"}, {"a": "y"}, {"a": "z"}],
        [{"a": "x", "b": "y"}, {"a": "x", "b": "z"}],
    ]


def test_an_unknown_word_is_the_victim_s_mask_at_every_occurrence() -> None:
    steps = TextAttack(recipe="deepwordbug").build().search.steps(space(), np.random.default_rng(0))
    assert next(steps)[2].text == "def f(a, <mask>):\n    return a + <mask> * <mask>\n"
    steps.close()


def test_another_seed_is_another_attack() -> None:
    def adversarial(seed: int) -> list[str | None]:
        return [row.adversarial for row in attack("deepwordbug", seed=seed)]

    assert adversarial(0) == adversarial(0) != adversarial(1)


def test_leaves_no_thread_and_no_dice_behind() -> None:
    python, torch_ = random.getstate(), torch.get_rng_state()
    attack("alzantot", query_budget=30)
    assert random.getstate() == python
    assert torch.equal(torch.get_rng_state(), torch_)
    assert not [thread for thread in threading.enumerate() if thread.name == "textattack"]


def test_a_run_that_is_broken_off_leaves_no_thread() -> None:
    victim = BagOfNames()
    programs = examples(victim)
    component = TextAttack(recipe="deepwordbug")
    names = {source: source.collect(programs, programs, Machine()) for source in component.sources}
    rows = run(component, programs, victim, names, columns=CELL, seed=0)
    next(rows)
    rows.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name == "textattack"]


def test_a_recipe_of_one_s_own_is_taken_as_it_is() -> None:
    rows = attack(f"{OWN}:greedy")
    assert max(row.queries for row in rows) <= 3 * 5
    assert any(row.verdict == Verdict.SUCCEEDED for row in rows)


def test_what_breaks_in_the_search_is_in_the_row_of_its_example() -> None:
    rows = attack(f"{OWN}:broken")
    assert [row.error for row in rows if row.verdict == Verdict.ERROR] == ["LookupError: values are unbearable"]
    assert len({row.verdict for row in rows}) > 1


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ("deepwordbag", r"attacks\[0\]: `recipe` 'deepwordbag' is none of TextAttack's; did you mean 'deepwordbug'\?"),
        ("hotflip", "'hotflip' of TextAttack needs the gradients of the victim"),
        ("clare", "'clare' of TextAttack inserts and merges words"),
        ("a.b:c:d", "`recipe` must be like `package.module:attribute`, but got 'a.b:c:d'"),
    ],
)
def test_refuses_what_is_no_recipe_for_code_when_the_file_is_read(recipe: str, message: str) -> None:
    with pytest.raises(SweepError, match=message):
        build(AttackRecipe, {"type": "textattack", "recipe": recipe}, "attacks[0]")


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ("no.such:module", "'no.such:module' must name what can be imported, but got \"No module named 'no'\""),
        (f"{OWN}:absent", "has no attribute 'absent'"),
        (f"{OWN}:nothing", "must build a textattack.Attack, but got None"),
        ("os:getcwd", "must build a textattack.Attack of a model wrapper alone, but got TypeError: .* correct it"),
        ("textattack.attack_recipes:HotFlipEbrahimi2017", "but got AttributeError: .* take one that only asks"),
        (f"{OWN}:hasty", "must not ask the victim while it is built"),
    ],
)
def test_refuses_what_builds_no_attack_before_any_example(recipe: str, message: str) -> None:
    with pytest.raises(SweepError, match=message):
        TextAttack(recipe=recipe).build()


@pytest.mark.parametrize(
    ("recipe", "resource"),
    [("IGAWang2019", "word_embeddings/paragramcf"), ("PWWSRen2019", "Resource 'wordnet' not found")],
)
def test_what_is_not_on_this_machine_is_named_before_any_example(
    recipe: str, resource: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from robust_ray.attacks.textattack.library import textattack

    monkeypatch.setattr(textattack.shared.utils.install, "TEXTATTACK_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("nltk.data.path", [])
    with pytest.raises(ModelError, match=f"all it reads must be on this machine, but got .*{resource}"):
        TextAttack(recipe=f"textattack.attack_recipes:{recipe}").build()


def test_identity_knows_textattack_s_version_and_the_file_of_one_s_own() -> None:
    named, own = TextAttack(recipe="pruthi").revision(), TextAttack(recipe=f"{OWN}:greedy").revision()
    assert named.startswith("textattack 0.3")
    assert own.startswith("textattack 0.3")
    assert own != named
    assert TextAttack(recipe=f"{OWN}:broken").revision() == own
    assert TextAttack(recipe="no.such:module").revision() == named


def test_catalog_has_every_recipe_of_textattack_s_command_line() -> None:
    from textattack.attack_args import ATTACK_RECIPE_NAMES

    classes = {name: f"textattack.attack_recipes.{entry.name}" for name, entry in catalog.CATALOG.items()}
    assert classes == ATTACK_RECIPE_NAMES


def test_pairs_keep_their_second_segment() -> None:
    victim = BagOfNames()
    pair = example("pair", PYTHON[0], PYTHON[1], language="python", victim=victim)
    component = TextAttack(recipe="deepwordbug")
    names = {source: source.collect([pair], [pair], Machine()) for source in component.sources}
    (row,) = run(component, [pair], victim, names, columns=CELL, seed=0)
    assert row.context == (PYTHON[1],)
    assert row.queries
