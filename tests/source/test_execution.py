"""Running programs beside their twins, where they can do no harm."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from robust_ray.sandbox.stand_ins import Run, Stand, shown
from robust_ray.source.execution import Comparison, compare

SUM = "def f(values, start):\n    total = start\n    for value in values:\n        total += value\n    return total\n"


def one(original: str, changed: str) -> Comparison:
    """What comparing two programs shows."""
    [comparison] = compare([(original, changed)])
    return comparison


def test_a_renamed_function_does_the_same() -> None:
    assert one(SUM, SUM.replace("total", "n").replace("values", "xs").replace("f(", "g(")) == Comparison(8, None)


@pytest.mark.parametrize(
    "changed",
    [
        SUM.replace("total += value", "total -= value"),
        SUM.replace("return total", "return start"),
        SUM.replace("return total", "return n"),
        SUM.replace("in values", "in (start, values)"),
        SUM.replace("+= value", "+= value; print(value)"),
    ],
)
def test_another_function_is_found_out(changed: str) -> None:
    assert one(SUM, changed).difference is not None


def test_what_is_asked_of_the_world_is_compared_and_not_done(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("here")
    path = repr(str(victim))
    code = f"import os, shutil\ndef f(a):\n    open({path}, 'w')\n    shutil.rmtree(os.path.dirname({path}), a)\n"
    assert one(code, code.replace("a)", "b)")) == Comparison(8, None)
    assert one(code, code.replace("rmtree", "copytree")).difference is not None
    assert one(code, code.replace(", a)", ", 1)")).difference is not None
    assert victim.read_text() == "here"


@pytest.mark.parametrize(
    "code",
    [
        "def f():\n    return ().__class__.__base__.__subclasses__()\n",
        "def f(g):\n    return f.__globals__\n",
        "def f():\n    yield f.gi_frame.f_back\n",
    ],
)
def test_what_reaches_into_python_is_not_run(code: str) -> None:
    assert one(code, code) == Comparison(0, None)


def test_getattr_reaches_no_further() -> None:
    code = "def f():\n    return getattr((), '_' + '_class__', 7)\n"
    assert one(code, code.replace("getattr((), '_' + '_class__', 7)", "7")) == Comparison(8, None)


@pytest.mark.parametrize(
    "code", ["def f():\n    while True:\n        pass\n", "def f(a):\n    return 10 ** 10 ** 10\n"]
)
def test_what_does_not_end_says_nothing_and_does_not_stop_the_rest(code: str) -> None:
    start = time.monotonic()
    assert list(compare([(code, code), (SUM, SUM)])) == [Comparison(0, None), Comparison(8, None)]
    assert time.monotonic() - start < 15


def test_what_no_longer_ends_is_a_difference() -> None:
    changed = SUM.replace("    return total", "    while True:\n        pass")
    assert one(SUM, changed).difference == "it does not end where the original does"


def test_what_does_not_compile_says_nothing() -> None:
    assert one("print 'a'", "print 'a'") == Comparison(0, None)


def test_methods_defaults_keywords_and_generators() -> None:
    code = (
        "class A:\n    def f(self, a, b=2, *, c):\n        self.n = a\n        yield from (b, c)\n"
        "    @staticmethod\n    def g(x):\n        return {x: [x]}\n"
    )
    assert one(code, code.replace("c", "d").replace("dlass", "class").replace("statid", "static")).difference is None
    assert one(code, code.replace("self.n = a", "self.n = b")).difference is not None


def test_a_class_that_hides_a_builtin_and_one_that_inherits_from_nothing_known() -> None:
    code = "class list(Unknown):\n    pass\ndef f(a):\n    return isinstance(a, (Unknown, int))\n"
    assert one(code, code.replace("(a", "(b")) == Comparison(8, None)


def test_the_seed_decides_the_inputs() -> None:
    pair = (SUM, SUM.replace("+=", "-="))
    first, again = (list(compare([pair], seed=3)) for _ in range(2))
    assert first == again


def test_a_value_is_shown_without_addresses_or_names_of_functions() -> None:
    def first() -> None: ...

    def second() -> None: ...

    assert shown([first, object()]) == shown([second, object()])
    assert shown({1: "a"}) != shown({1: "b"})
    assert shown(10**5000) != shown(10**5000 + 1)


def test_a_stand_in_answers_by_what_it_is_asked() -> None:
    def story(seed: int) -> list[object]:
        stand = Stand(Run(seed), "a")
        return [len(stand), bool(stand), int(stand.b), str(stand.b(1) + 2), stand < 3, [str(item) for item in stand]]

    assert story(0) == story(0)
    assert any(story(0) != story(seed) for seed in range(5))
