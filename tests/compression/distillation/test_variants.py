"""Variants do the same and read differently, in every language."""

from __future__ import annotations

import pytest

from robust_ray.compression import Augmentation
from robust_ray.compression.distillation._variants import names_of, vary
from robust_ray.core.build import build_dataclass
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import generator
from robust_ray.source import analyse, is_reserved
from tests import fakes

PROGRAMS = [
    *((text, "python") for text in fakes.PYTHON),
    *((text, "java") for text in fakes.JAVA),
    *((text, "c") for text in fakes.C),
]
NAMES = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "class", "while", "text"]


def drawn(text: str, language: str, seed: int, augmentation: Augmentation) -> str | None:
    return vary(analyse(text, language), NAMES, augmentation, generator("test", seed))


@pytest.mark.parametrize(("text", "language"), PROGRAMS)
def test_names_are_replaced_by_names_of_the_list(text: str, language: str) -> None:
    before = analyse(text, language)
    found = drawn(text, language, 0, Augmentation(renames=1.0, rewrites=0))
    assert found is not None
    after = analyse(found, language)
    new = {each.name for each in after.identifiers} - {each.name for each in before.identifiers}
    assert new
    assert new <= {name for name in NAMES if not is_reserved(name, language)}
    assert len(after.identifiers) == len(before.identifiers)
    assert len(after.tokens) == len(before.tokens)


@pytest.mark.parametrize(("text", "language"), PROGRAMS)
def test_statements_are_rewritten_while_names_stay(text: str, language: str) -> None:
    texts = {drawn(text, language, seed, Augmentation(renames=0.0, rewrites=3)) for seed in range(8)} - {None}
    assert texts
    names = {each.name for each in analyse(text, language).identifiers}
    assert all(names <= analyse(each or "", language).names for each in texts)


@pytest.mark.parametrize(("text", "language"), PROGRAMS)
def test_the_draw_decides(text: str, language: str) -> None:
    augmentation = Augmentation()
    several = [drawn(text, language, seed, augmentation) for seed in range(6)]
    assert several == [drawn(text, language, seed, augmentation) for seed in range(6)]
    assert len(set(several)) > 2
    assert text not in several


def test_a_variant_computes_what_the_program_computes() -> None:
    text = fakes.PYTHON[0]
    variants = {drawn(text, "python", seed, Augmentation(renames=1.0, rewrites=3)) for seed in range(20)} - {None}
    assert len(variants) > 10
    for variant in variants:
        scope: dict[str, object] = {}
        exec(variant or "", scope)
        function = next(value for name, value in scope.items() if name != "__builtins__")
        assert function([1, 2, 6], 0) == 3  # type: ignore[operator]


def test_a_program_without_names_or_statements_has_none() -> None:
    assert drawn("", "python", 0, Augmentation()) is None
    assert drawn(fakes.NOTHING_TO_RENAME, "python", 0, Augmentation(rewrites=0, renames=1.0)) is None


def test_names_come_by_how_many_programs_bind_them() -> None:
    programs = [("int f(int a) { return a; }", "c"), ("int g(int a) { return a; }", "c")]
    assert names_of(programs, 10) == ["a", "f", "g"]
    assert names_of(programs, 1) == ["a"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"copies": 0}, "`copies >= 1` must hold, but got 0"),
        ({"worst_of": 0}, "`worst_of >= 1` must hold, but got 0"),
        ({"renames": 1.5}, "`0 <= renames <= 1` must hold, but got 1.5"),
        ({"rewrites": -1}, "`rewrites >= 0` must hold, but got -1"),
        ({"rules": ["loop"]}, "`rules` must name rules that exist, but got 'loop'; did you mean 'loops'"),
        ({"renames": 0, "rewrites": 0}, "must change names or statements"),
    ],
)
def test_mistakes_are_named(fields: dict[str, object], message: str) -> None:
    with pytest.raises(SweepError, match=message):
        build_dataclass(Augmentation, fields, "augmentation", "an augmentation")
