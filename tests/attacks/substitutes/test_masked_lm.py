from __future__ import annotations

import pytest

from robust_ray.attacks import MHM, SUBSTITUTES, AttackRecipe, MaskedLMSubstitutes, Substitutes
from robust_ray.core.build import build
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import Example
from robust_ray.core.identity import digest
from robust_ray.core.machine import Machine
from robust_ray.core.records import SubstituteRecord
from robust_ray.models import MaskedLM
from tests.attacks.language_models import Given, ScriptedModel

PROGRAM = "def f(a, max_b):\n    return a + max_b + a\n"


def example(text: str, uid: str = "one", language: str = "python") -> Example:
    return Example(uid=uid, segments=(text, "def second(a): pass\n"), label=0, language=language)


def collected(model: ScriptedModel, *examples: Example, **fields: object) -> list[SubstituteRecord]:
    component = build(
        Substitutes, {"type": "masked_lm", "language_model": Given(model=model), "predictions": 4} | fields, "here"
    )
    return component.collect([], examples, Machine())


def names(rows: list[SubstituteRecord], identifier: str) -> list[tuple[str, float]]:
    return [(row.substitute, row.score) for row in rows if row.identifier == identifier]


def test_rows_say_who_may_replace_whom() -> None:
    model = ScriptedModel({"a": ["p", "q", "r", "s"]}, {"p": 0.25, "q": 0.5, "r": 0.125, "s": 0.0})
    first, second = (row for row in collected(model, example(PROGRAM)) if row.identifier == "a")
    assert first == SubstituteRecord(
        key="", source="masked_lm", uid="one", identifier="a", substitute="q", rank=0, score=0.5
    )
    assert (second.substitute, second.rank, second.score) == ("p", 1, 0.25)


def test_what_any_occurrence_offers_is_offered_with_its_best_score() -> None:
    class Context(ScriptedModel):
        """Sees another likeness in every look."""

        def embed(self, looks):  # type: ignore[no-untyped-def]
            self.likeness = {"p": 0.9, "q": 0.8, "r": 0.1, "s": 0.1}
            found = super().embed(looks)
            for i, look in enumerate(looks):
                if look.positions[0] > 5 and self.vocabulary[look.ids[look.positions[0]]] == "s":
                    found[i][:] = (1.0, 0.0)
            return found

    model = Context({"a": ["p", "q", "r", "s"]})
    assert names(collected(model, example(PROGRAM)), "a") == [("s", 1.0), ("p", 0.9), ("q", 0.8)]
    assert names(collected(model, example(PROGRAM), occurrences=1), "a") == [("p", 0.9), ("q", 0.8)]


def test_equal_scores_are_ranked_by_name() -> None:
    model = ScriptedModel({"a": ["z", "y", "x", "w"]})
    assert names(collected(model, example(PROGRAM)), "a") == [("y", 1.0), ("z", 1.0)]


def test_only_fresh_names_are_offered() -> None:
    guesses = ["f", "if", "len", "a", "9", "(", "b", "c", "__x", "ok"]
    model = ScriptedModel({"a": [*guesses, *["?"] * len(guesses)]}, {"?": 0.0})
    found = names(collected(model, example(PROGRAM), predictions=2 * len(guesses)), "a")
    assert found == [("b", 1.0), ("c", 1.0), ("ok", 1.0)]


def test_equal_programs_are_looked_at_once_and_offered_the_same() -> None:
    model = ScriptedModel({"a": ["p", "q"], "max": ["min", "low"], "_b": ["_c", "_d"]})
    alone = collected(model, example(PROGRAM), predictions=2)
    asked = len(model.predicted)
    twice = collected(model, example(PROGRAM), example(PROGRAM, "two"), predictions=2)
    assert len(model.predicted) == 2 * asked
    assert [row for row in twice if row.uid == "one"] == alone
    assert len(twice) == 2 * len(alone) > 0


def test_the_same_names_whoever_else_is_there() -> None:
    model = ScriptedModel({"a": ["p", "q"], "max": ["min", "low"], "x": ["y", "z"]})
    others = [example(f"def f{i}(x): return x + {i} * x\n", str(i)) for i in range(100)]
    together = collected(model, *others[:50], example(PROGRAM), *others[50:], predictions=2)
    assert [row for row in together if row.uid == "one"] == collected(model, example(PROGRAM), predictions=2)
    assert {row.uid for row in together} == {"one", *map(str, range(100))}


def test_ranked_by_logits_a_name_that_changes_the_length_comes_last() -> None:
    model = ScriptedModel({"a": ["p_q", "r", "s", "t"]}, {"p_q": 1.0, "r": 0.9})
    by_embedding = collected(model, example(PROGRAM), predictions=4)
    by_logits = collected(model, example(PROGRAM), predictions=4, rank_by="logits")
    assert [name for name, _ in names(by_embedding, "a")] == ["p_q", "s"]
    length = len(model.encode([PROGRAM])[0])
    assert names(by_logits, "a") == [("s", round(1 - 3 / length, 6)), ("p_q", 0.0)]
    ((original, renamed),) = model.compared
    assert len(original) == len(renamed) == length


def test_ranked_by_logits_a_long_program_is_compared_in_its_first_window() -> None:
    model = ScriptedModel({"a": ["p_q", "r"]}, window=4)
    rows = collected(model, example(PROGRAM), predictions=4, rank_by="logits")
    assert names(rows, "a") == [("p_q", 0.75)], "cut to the window, the two are equally long again"


@pytest.mark.parametrize(
    "text",
    ["", "\0", "a = '\ud800'\n", "def broken(a:\n  a = = a\n", "a = 1 " * 5000, "# nothing\n", "x" * 5000 + " = 1\n"],
    ids=["empty", "NUL", "surrogate", "syntax", "huge", "bare", "long name"],
)
@pytest.mark.parametrize("language", ["python", "java", "c"])
def test_whatever_the_program_there_is_an_answer(text: str, language: str) -> None:
    model = ScriptedModel({"a": ["p", "q"]}, window=10)
    for rank_by in ("embedding", "logits"):
        rows = collected(model, example(text, language=language), occurrences=3, rank_by=rank_by)
        assert all(row.substitute in ("p", "q") for row in rows)


def test_no_examples_no_rows() -> None:
    assert collected(ScriptedModel()) == []


def test_is_built_from_yaml() -> None:
    assert SUBSTITUTES["masked_lm"] is MaskedLMSubstitutes
    bare = build(Substitutes, "masked_lm", "attacks[0].substitutes")
    assert bare == MaskedLMSubstitutes(language_model=MaskedLM(name="microsoft/codebert-base-mlm"))
    spec = {"type": "masked_lm", "language_model": {"type": "masked_lm", "name": "roberta-base"}}
    recipe = build(AttackRecipe, {"type": "mhm", "substitutes": spec}, "attacks[0]")
    assert recipe == MHM(substitutes=MaskedLMSubstitutes(language_model=MaskedLM(name="roberta-base")))
    assert recipe.sources == (recipe.substitutes,)
    assert digest(recipe) != digest(MHM(substitutes=bare))


def test_mistakes_are_named() -> None:
    with pytest.raises(SweepError, match=r"here: `predictions >= 2` must hold, since half are kept, but got 1; 60"):
        build(Substitutes, {"type": "masked_lm", "predictions": 1}, "here")
    with pytest.raises(SweepError, match=r"here: `occurrences >= 1` must hold, but got 0"):
        build(Substitutes, {"type": "masked_lm", "occurrences": 0}, "here")
    with pytest.raises(SweepError, match=r"here.language_model: language_model 'masked' does not exist; did you mean"):
        build(Substitutes, {"type": "masked_lm", "language_model": "masked"}, "here")
