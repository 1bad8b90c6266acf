"""Rewritten code reads differently and does the same."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_ray.source.rewriting import (
    REWRITES,
    Rewrite,
    expand_augmented,
    flip_comparison,
    for_to_while,
    invert_if,
    loop_forever,
    rename_locals,
    return_by_name,
    rewrite,
    spell_else,
)


def gcd(a: int, b: int) -> int:
    while b > 0:
        a, b = b, a % b
    return a


def collatz(number: int) -> list[int]:
    steps = 0
    seen = []
    while number != 1 and steps < 30:
        steps += 1
        if number % 2 == 0:
            number = number // 2
        else:
            number = 3 * number + 1
        if number in seen:
            continue
        seen.append(number)
    return [steps, *seen]


def grade(points: int | None) -> str:
    if points is None:
        return "none"
    if points >= 90:
        return "a"
    if points >= 50:
        return "b" if points > 70 else "c"
    return "d"


def first_gap(values: list[int]) -> int | None:
    low = 0
    high = 1
    for value in sorted(values):
        if value == low:
            low += 1
            continue
        if value > low + high:
            break
    else:
        return None
    for value in range(low, 100):
        if value not in values:
            return value
    return -1


def closures(limit: int) -> list[int]:
    total = 0

    def add(amount: int) -> int:
        nonlocal total
        total += amount
        return total

    return [add(step) for step in range(limit) if (lambda value: value > 0)(step)]


def guarded(values: list[Any]) -> list[str]:
    out = []
    for entry in values:
        try:
            out.append(str(10 // entry))
        except (ZeroDivisionError, TypeError) as error:
            out.append(type(error).__name__)
        finally:
            out.append("|")
    return out


def lazily(count: int) -> Iterator[int]:
    index = 0
    for item in range(count):
        index += 2
        yield index if item > 1 else -index


CASES: list[tuple[Callable[..., Any], list[tuple[Any, ...]]]] = [
    (gcd, [(12, 18), (7, 0), (0, 5), (81, 27)]),
    (collatz, [(1,), (6,), (27,)]),
    (grade, [(None,), (95,), (75,), (60,), (3,)]),
    (first_gap, [([],), ([0, 1, 2],), ([5, 0],), (list(range(100)),), ([0, 1, 9],)]),
    (closures, [(0,), (5,)]),
    (guarded, [([1, 0, "x", None, 5],)]),
    (lazily, [(0,), (4,)]),
]


def answers(text: str, name: str, inputs: list[tuple[Any, ...]]) -> list[Any]:
    scope: dict[str, Any] = {"Any": Any, "Iterator": Iterator}
    exec(compile(text, "<rewritten>", "exec"), scope)
    results = [scope[name](*arguments) for arguments in inputs]
    return [list(result) if isinstance(result, Iterator) else result for result in results]


@pytest.mark.parametrize(("function", "inputs"), CASES, ids=lambda value: getattr(value, "__name__", ""))
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_behaviour_is_kept(function: Callable[..., Any], inputs: list[tuple[Any, ...]], seed: int) -> None:
    text = inspect.getsource(function)
    changed = rewrite(text, np.random.default_rng(seed))
    assert answers(changed, function.__name__, inputs) == answers(text, function.__name__, inputs)


@pytest.mark.parametrize("change", REWRITES, ids=lambda change: change.__name__)
@pytest.mark.parametrize(("function", "inputs"), CASES, ids=lambda value: getattr(value, "__name__", ""))
def test_each_rewrite_alone_keeps_behaviour(
    change: Rewrite, function: Callable[..., Any], inputs: list[tuple[Any, ...]]
) -> None:
    text = inspect.getsource(function)
    for seed in range(5):
        tree = change(ast.parse(text), np.random.default_rng(seed))
        changed = ast.unparse(ast.fix_missing_locations(tree))
        assert answers(changed, function.__name__, inputs) == answers(text, function.__name__, inputs)


def outcomes(change: Rewrite, text: str) -> set[str]:
    """Everything a rewrite makes of a text, over some draws."""
    trees = (change(ast.parse(textwrap.dedent(text)), np.random.default_rng(seed)) for seed in range(20))
    return {ast.unparse(ast.fix_missing_locations(tree)) for tree in trees}


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        (invert_if, "if a:\n    b()\nelse:\n    c()", "if not a:\n    c()\nelse:\n    b()"),
        (invert_if, "if a in b:\n    c()\nelse:\n    d()", "if a not in b:\n    d()\nelse:\n    c()"),
        (flip_comparison, "a < 5", "5 > a"),
        (loop_forever, "while a():\n    b()", "while True:\n    if not a():\n        break\n    b()"),
        (spell_else, "def f(a):\n    if a:\n        return 1\n    return 2",
         "def f(a):\n    if a:\n        return 1\n    else:\n        return 2"),
        (expand_augmented, "def f():\n    n = 0\n    n += 1", "def f():\n    n = 0\n    n = n + 1"),
    ],
)  # fmt: skip
def test_what_a_rewrite_does(change: Rewrite, before: str, after: str) -> None:
    assert outcomes(change, before) == {before, after}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        pytest.param(flip_comparison, "a() < b()", id="both sides are calls"),
        pytest.param(expand_augmented, "def f(n):\n    n += [1]", id="a list changes in place"),
        pytest.param(loop_forever, "while a():\n    b()\nelse:\n    c()", id="the else of a loop"),
        pytest.param(for_to_while, "def f(a, next):\n    for b in a:\n        next(b)", id="another next"),
        pytest.param(rename_locals, "def f(a):\n    return eval('a')", id="a name that is inspected"),
        pytest.param(rename_locals, "def f(*, a):\n    return a", id="a name that callers must say"),
        pytest.param(rename_locals, "def f(self):\n    import a\n    return a", id="an imported name"),
        pytest.param(rename_locals, "def f():\n    global a\n    a = 1", id="a global"),
        pytest.param(rename_locals, "def f(__a):\n    return __a", id="a mangled name"),
        pytest.param(return_by_name, "def f():\n    return locals()", id="a new name would be seen"),
    ],
)
def test_what_is_not_provably_sound_is_left_alone(change: Rewrite, text: str) -> None:
    assert outcomes(change, text) == {text}


def test_a_new_name_occurs_nowhere_in_the_text() -> None:
    text = "def f(a):\n    return [a, data, value.item, entry(count=1)]"
    for changed in outcomes(rename_locals, text) - {text}:
        name = changed[len("def f(") : changed.index(")")]
        assert name not in {"data", "value", "item", "entry", "count"}


def test_the_same_draws_give_the_same_text() -> None:
    text = inspect.getsource(first_gap)
    assert len({rewrite(text, np.random.default_rng(3)) for _ in range(3)}) == 1
