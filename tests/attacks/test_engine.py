from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import pytest

from robust_ray.attacks import (
    Attack,
    AttackRecipe,
    Candidate,
    Constraint,
    CorpusVocabulary,
    Goal,
    Greedy,
    MetropolisHastings,
    RenameIdentifiers,
    Search,
    SingleAttack,
    Space,
    Steps,
    Substitutes,
    Targeted,
    Untargeted,
    Valid,
    run,
)
from robust_ray.core.arrays import FloatArray
from robust_ray.core.component import IN_KEY
from robust_ray.core.examples import Example, Input
from robust_ray.core.identity import parameters
from robust_ray.core.records import AttackRecord, SubstituteRecord, Verdict
from robust_ray.core.victim import Encoding
from robust_ray.source.identifiers import SourceCode
from robust_ray.source.validity import Validity
from tests.fakes import CELL

PROGRAM = Example(uid="u", segments=("def f(a):\n    return a\n",), label=0, language="python")


class Spelled:
    """A victim that reads the probability of class 1 in the program: 0.73 where the word ``p73`` is, else 0.2."""

    batch_invariant = True
    n_labels = 2
    mask_token = "p99"

    def encode(self, inputs: Sequence[Input]) -> list[Encoding]:
        return [Encoding(segments, sum(map(len, segments))) for segments in inputs]

    def predict(self, encodings: Sequence[Encoding]) -> FloatArray:
        found = [re.search(r"\bp(\d\d)\b", str(encoding.ids)) for encoding in encodings]
        ones = np.array([int(word[1]) / 100 if word else 0.2 for word in found])
        return np.stack([1 - ones, ones], axis=1)


@dataclass(frozen=True)
class Script(Search):
    """Sends batches decided beforehand: names for ``a``, or a probe where the name is None."""

    batches: Sequence[Sequence[str | None]]
    breaks_on: str | None = None
    """A word that the search cannot stand."""

    def steps(self, space: Space, rng: np.random.Generator) -> Steps:
        if self.breaks_on in space.source.names:
            raise LookupError(f"{self.breaks_on} is unbearable")
        for names in self.batches:
            made = [space.masked("a")[0] if name is None else space.apply({"a": name}) for name in names]
            yield [candidate for candidate in made if candidate is not None]


@dataclass(frozen=True)
class Forbids(Constraint):
    """Anything but one name."""

    name: str

    def check(self, source: SourceCode, candidate: Candidate) -> Validity:
        return Valid().check(source, candidate)._replace(is_valid=self.name not in candidate.renames.values())


@dataclass(frozen=True, kw_only=True)
class Assembled(SingleAttack):
    """Any attack."""

    type: ClassVar[str] = "assembled"
    attack: Attack = field(metadata={IN_KEY: False})
    substitutes: Substitutes | None = field(default_factory=CorpusVocabulary)

    def build(self) -> Attack:
        return self.attack


def assemble(
    *batches: Sequence[str | None],
    budget: int | None = None,
    goal: Goal | None = None,
    constraint: Constraint | None = None,
    breaks_on: str | None = None,
    stops_at_invalid: bool = False,
) -> Assembled:
    constraints = [Valid(), *([constraint] if constraint else [])]
    search = Script(batches, breaks_on)
    attack = Attack(goal or Untargeted(), RenameIdentifiers(), constraints, search, budget, stops_at_invalid)
    return Assembled(query_budget=budget, attack=attack)


NAMES: dict[Substitutes, list[SubstituteRecord]] = {
    CorpusVocabulary(): [
        SubstituteRecord(key="", source="test", uid=None, identifier=None, substitute="unused", rank=0, score=1.0)
    ]
}


def attack(recipe: AttackRecipe, *examples: Example, in_flight: int = 64) -> list[AttackRecord]:
    return list(run(recipe, examples or [PROGRAM], Spelled(), NAMES, columns=CELL, seed=0, in_flight=in_flight))


def test_the_first_candidate_that_achieves_the_goal_ends_the_attack() -> None:
    (row,) = attack(assemble(["p10", "p30"], ["p40", "p60", "p90"], ["p99"]))
    assert row.verdict == Verdict.SUCCEEDED
    assert row.adversarial == "def f(p60):\n    return p60\n"
    assert (row.prediction, row.adversarial_prediction) == (0, 1)
    assert (row.confidence, row.adversarial_confidence) == pytest.approx((0.8, 0.4))
    assert (row.queries, row.forwards) == (5, 6), "a batch is paid for whole, and so is the look at the original"
    assert row.won_at == 4
    assert row.renames == '{"a":"p60"}'
    assert (row.identifiers_changed, row.tokens_changed, row.edit_distance) == (1, 2, 6)
    assert (row.is_valid, row.rejected, row.error) == (True, 0, None)
    assert row.validity is not None


def test_the_curve_is_where_the_true_class_reached_new_lows() -> None:
    (row,) = attack(assemble(["p10", "p30", None, "p25"], ["p30", "p40", "p60"]))
    assert row.curve_queries == (2, 6, 7)
    assert row.curve_confidence == pytest.approx((0.7, 0.6, 0.4))


def test_a_failed_attack_reports_the_lowest_it_saw() -> None:
    (row,) = attack(assemble(["p05", "p01"]))
    assert (row.verdict, row.adversarial, row.adversarial_prediction) == (Verdict.FAILED, None, None)
    assert row.adversarial_confidence == pytest.approx(0.95)
    assert row.curve_queries == ()
    assert (row.renames, row.is_valid, row.validity, row.identifiers_changed) == ("{}", None, None, None)


def test_repeats_are_queries_but_not_forwards() -> None:
    (row,) = attack(assemble(["p10", "p10"], ["p10", "p11"]))
    assert (row.queries, row.forwards) == (4, 3)


def test_a_probe_never_succeeds() -> None:
    (row,) = attack(assemble([None, None]))
    assert (row.verdict, row.queries, row.adversarial_confidence) == (Verdict.FAILED, 2, None)


def test_a_claim_that_fails_a_constraint_is_refused_and_the_search_goes_on() -> None:
    (row,) = attack(assemble(["p90", "p10"], ["p90"], ["p80"], constraint=Forbids("p90")))
    assert (row.verdict, row.rejected, row.queries) == (Verdict.SUCCEEDED, 2, 4)
    assert row.adversarial_confidence == pytest.approx(0.2)
    (row,) = attack(assemble(["p90", "p30"], constraint=Forbids("p90")))
    assert (row.verdict, row.rejected, row.is_valid) == (Verdict.FAILED, 1, False)
    assert row.adversarial_confidence == pytest.approx(0.7)


def test_a_search_does_not_go_on_from_a_program_that_was_refused() -> None:
    recipe = assemble(["p60"], constraint=Forbids("p60"))
    for search in (Greedy(3), MetropolisHastings(3, 20, threshold=1.0)):
        climbing = replace(recipe, attack=replace(recipe.attack, search=search))
        offered = [
            SubstituteRecord(key="", source="test", uid=None, identifier=name, substitute=new, rank=0, score=1.0)
            for name, new in (("a", "p60"), ("f", "p90"))
        ]
        names: dict[Substitutes, list[SubstituteRecord]] = {CorpusVocabulary(): offered}
        (row,) = run(climbing, [PROGRAM], Spelled(), names, columns=CELL, seed=0)
        assert (row.verdict, row.renames) == (Verdict.SUCCEEDED, '{"f":"p90"}')


def test_a_published_attack_stops_at_the_first_claim_and_the_row_says_that_it_does_not_count() -> None:
    (row,) = attack(assemble(["p90", "p80"], constraint=Forbids("p90"), stops_at_invalid=True))
    assert (row.verdict, row.rejected, row.is_valid, row.queries) == (Verdict.INVALID, 1, False, 2)
    assert row.adversarial == "def f(p90):\n    return p90\n"
    (row,) = attack(assemble(["p80", "p90"], constraint=Forbids("p90"), stops_at_invalid=True))
    assert (row.verdict, row.rejected, row.is_valid) == (Verdict.SUCCEEDED, 0, True)


@pytest.mark.parametrize(
    ("budget", "queries", "is_exhausted"), [(1, 1, True), (3, 3, True), (4, 4, True), (5, 5, False), (6, 5, False)]
)
def test_a_batch_is_cut_at_the_budget(budget: int, queries: int, is_exhausted: bool) -> None:
    (row,) = attack(assemble(["p10", "p11", "p12"], ["p13", "p14"], budget=budget))
    assert (row.queries, row.budget_exhausted, row.query_budget) == (queries, is_exhausted, budget)


def test_success_within_the_budget_is_no_exhaustion() -> None:
    (row,) = attack(assemble(["p10", "p90", "p12"], budget=2))
    assert (row.verdict, row.budget_exhausted) == (Verdict.SUCCEEDED, False)


def test_only_the_first_segment_is_changed() -> None:
    pair = replace(PROGRAM, segments=(*PROGRAM.segments, "def g(a): return a\n"))
    (row,) = attack(assemble(["p60"]), pair)
    assert row.adversarial == "def f(p60):\n    return p60\n"
    assert row.context == ("def g(a): return a\n",)


@pytest.mark.parametrize("in_flight", [1, 2, 10])
def test_rows_come_in_the_order_of_the_examples(in_flight: int) -> None:
    short = replace(PROGRAM, label=1)
    examples = [replace(short if i % 2 else PROGRAM, uid=str(i)) for i in range(7)]
    rows = attack(assemble(["p10"], ["p11"]), *examples, in_flight=in_flight)
    assert [row.uid for row in rows] == [example.uid for example in examples]
    assert {row.verdict for row in rows} == {Verdict.FAILED, Verdict.SKIPPED_MISPREDICTED}


def test_an_example_that_is_where_the_goal_wants_it_is_skipped() -> None:
    (row,) = attack(assemble(["p60"], goal=Targeted(label=0)))
    assert (row.verdict, row.queries) == (Verdict.SKIPPED_NO_TARGET, 0)
    assert row.reason == "the victim answers what the goal wants without any change"


def test_an_example_without_a_usable_name_is_skipped() -> None:
    unused = replace(PROGRAM, segments=("def f(a, unused):\n    return a\n",))
    (row,) = attack(assemble(["p60"]), unused)
    assert (row.verdict, row.queries) == (Verdict.SKIPPED_NO_TARGET, 0)
    assert row.reason == "nothing in the code may be changed"
    assert row.identifiers


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there is no code"),
        ("# nothing\n", "there is no code"),
        ("print(1)\n", "nothing in the code may be changed"),
        ("}}} ((( \x00 \ud800", "nothing in the code may be changed"),
        ("x = 1\n" * 100_000, "the code has 600,000 characters, more than the 200,000 that are attacked"),
        (
            "def f(a):\n" + "    a = a\n" * 15_000,
            "the code has 30,002 occurrences of names in 150,010 characters, too many to probe",
        ),
    ],
)
def test_code_that_cannot_be_attacked_is_a_row_that_says_why(text: str, reason: str) -> None:
    (row,) = attack(assemble(["p60"]), replace(PROGRAM, segments=(text,)))
    assert (row.verdict, row.reason, row.error) == (Verdict.SKIPPED_NO_TARGET, reason, None)


def test_a_victim_whose_answer_is_no_number_errs_on_that_example_alone() -> None:
    class Numb(Spelled):
        def predict(self, encodings: Sequence[Encoding]) -> FloatArray:
            answers = super().predict(encodings)
            answers[["numb" in str(encoding.ids) for encoding in encodings]] = np.nan
            return answers

    numb = replace(PROGRAM, uid="numb", segments=("def f(numb):\n    return numb\n",))
    recipe = assemble(["p60"])
    good, bad = run(recipe, [PROGRAM, numb], Numb(), NAMES, columns=CELL, seed=0)
    assert good.verdict == Verdict.SUCCEEDED
    assert bad.verdict == Verdict.ERROR
    assert bad.error == "ValueError: the victim answered with a probability that is not a number"


@dataclass(frozen=True, kw_only=True)
class Both(AttackRecipe):
    """An ensemble."""

    type: ClassVar[str] = "both"
    attacks: tuple[Assembled, ...] = field(metadata={IN_KEY: False})

    @property
    def parts(self) -> tuple[SingleAttack, ...]:
        return self.attacks


def test_the_parts_of_an_ensemble_run_until_one_succeeds() -> None:
    (row,) = attack(Both(attacks=(assemble(["p10", "p20"]), assemble(["p10", "p60"]), assemble(["p99"]))))
    assert (row.verdict, row.queries, row.attack, row.won_by) == (Verdict.SUCCEEDED, 4, "both", "assembled")
    assert row.forwards == 4, "the second part asks one program that the first has asked"


@pytest.mark.parametrize(("budget", "queries"), [(1, 1), (2, 2), (3, 3), (4, 4), (9, 4)])
def test_the_budget_of_an_ensemble_is_that_of_all_its_parts(budget: int, queries: int) -> None:
    (row,) = attack(Both(query_budget=budget, attacks=(assemble(["p10", "p20"]), assemble(["p11", "p12"]))))
    assert (row.verdict, row.queries) == (Verdict.FAILED, queries)
    assert row.budget_exhausted == (budget < 4)


def test_each_part_keeps_to_its_own_budget() -> None:
    (row,) = attack(Both(attacks=(assemble(["p10", "p20"], budget=1), assemble(["p11", "p12"], ["p60"], budget=3))))
    assert (row.verdict, row.queries) == (Verdict.SUCCEEDED, 4)
    assert not row.budget_exhausted, "that of the first part was, but more of it would change nothing"


def test_a_search_that_breaks_is_a_row_that_says_so() -> None:
    horror = replace(PROGRAM, uid="horror", segments=("def f(a, horror):\n    return a\n",))
    good, bad = attack(assemble(["p60"], breaks_on="horror"), PROGRAM, horror)
    assert good.verdict == Verdict.SUCCEEDED
    assert (bad.verdict, bad.error) == (Verdict.ERROR, "LookupError: horror is unbearable")
    assert (bad.prediction, bad.queries, bad.forwards) == (0, 0, 1)


def test_a_row_names_its_cell_and_its_attack() -> None:
    recipe = assemble(["p60"])
    (row,) = attack(recipe)
    assert {name: getattr(row, name) for name in CELL} == CELL
    assert (row.attack, row.attack_params) == ("assembled", parameters(recipe))
    assert row.batch_invariant


def test_nobody_in_flight_is_refused() -> None:
    with pytest.raises(ValueError, match="in_flight: at least one example must be attacked at once, but got 0"):
        attack(assemble(), in_flight=0)
