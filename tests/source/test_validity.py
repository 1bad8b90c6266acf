"""A check that trusts nobody."""

from __future__ import annotations

import pytest

from robust_ray.source import Level, Validity, analyse, check, validity
from robust_ray.source.compilers import compiler
from robust_ray.source.validity import _binds_differently, _symbols_differ

C = "int f(int a, int b) { int c = a; { int d = b; c += d; } return c + s.a + h(b); }"
JAVA = "class A { int n; int f(int a) { int b = a + n; return b + this.n; } }"
PYTHON = "def f(a, b):\n    c = [x + b for x in a]\n    return c, a.b\n"

BROKEN = {
    "one occurrence is missed": ("c", C, C.replace("int a,", "int x,"), {"a": "x"}, "must"),
    "nothing was changed": ("c", C, C, {"a": "x"}, "must"),
    "more was changed than said": ("c", C, C.replace("c", "x"), {}, "must"),
    "a member is changed": ("c", C, C.replace("a", "x"), {"a": "x"}, "must"),
    "a free name is changed": ("c", C, C.replace("h(", "x("), {"h": "x"}, "not a name that may be changed"),
    "a field is changed": (
        *("java", JAVA, JAVA.replace("int n", "int m").replace("+ n", "+ m")),
        *({"n": "m"}, "not a name that may be changed"),
    ),
    "two names become one": ("c", C, C.replace("d", "b"), {"d": "b"}, "no new name"),
    "two names become one new name": (
        "c",
        C,
        C.replace("d", "x").replace("c", "x"),
        {"c": "x", "d": "x"},
        "no new name",
    ),
    "a keyword": ("c", C, C.replace("d", "do"), {"d": "do"}, "no new name"),
    "a reserved name": ("c", C, C.replace(" d", " errno"), {"d": "errno"}, "no new name"),
    "a new syntax error": ("c", C, C.replace("d = b;", "d = b"), {}, "syntax errors"),
    "a token too many": ("python", PYTHON, PYTHON.replace("return c", "return -c"), {}, "tokens"),
    "another indentation": ("python", PYTHON, PYTHON.replace("    return", "     return"), {}, "between tokens"),
    "another constant": ("c", "int f(int a) { return 1; }", "int f(int a) { return 2; }", {}, "must"),
}


@pytest.mark.parametrize(("language", "code", "text", "renames", "reason"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_programs_are_found_out(
    language: str, code: str, text: str, renames: dict[str, str], reason: str
) -> None:
    result = check(analyse(code, language), text, renames)
    assert not result.is_valid
    assert result.reason is not None
    assert reason in result.reason


CAPTURED = {
    "by an inner scope": ("c", C, C.replace("d", "b")),
    "by an outer scope": ("c", C, C.replace("b)", "c)").replace("b;", "c;")),
    "a free name": ("c", C, C.replace("c", "h")),
    "in a comprehension": ("python", PYTHON, PYTHON.replace("x ", "b ")),
    "by a field": ("java", JAVA, JAVA.replace("b", "n")),
    "one occurrence left free": ("python", PYTHON, PYTHON.replace("f(a", "f(z")),
}


@pytest.mark.parametrize(("language", "code", "text"), CAPTURED.values(), ids=CAPTURED.keys())
def test_a_captured_name_is_seen_without_knowing_the_renames(language: str, code: str, text: str) -> None:
    assert _binds_differently(analyse(code, language), analyse(text, language)) is not None
    assert _binds_differently(analyse(code, language), analyse(code, language)) is None


def test_pythons_own_symbols_are_a_second_opinion() -> None:
    before = "def f(a):\n  b = a\n"
    assert _symbols_differ(before, "def f(a):\n  global b\n  b = a\n", {}) == "Python sees other symbols in 'top'"
    assert _symbols_differ(before, "def f(x):\n  b = x\n", {"a": "x"}) is None


def test_the_level_says_how_strictly_it_was_checked() -> None:
    assert check(analyse(C, "c"), C.replace("d", "e"), {"d": "e"}) == Validity(True, Level.BIND, None)
    assert check(analyse(PYTHON, "python"), PYTHON.replace("x", "e"), {"x": "e"}) == Validity(True, Level.COMPILE, None)


@pytest.mark.skipif(compiler("java") is None, reason="no JDK")
def test_java_that_compiles_must_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(analyse(JAVA, "java"), JAVA, {}) == Validity(True, Level.COMPILE, None)
    broken = JAVA.replace("n;", "m;").replace("int b", "int m").replace("return b", "return m")
    monkeypatch.setattr(validity, "_changes_other_names", lambda *_: None)
    monkeypatch.setattr(validity, "_binds_differently", lambda *_: None)
    result = check(analyse(JAVA, "java"), broken, {})
    assert result == Validity(False, Level.COMPILE, "the text does not compile, the original does")


def test_the_compiler_is_the_last_to_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validity, "compiles", lambda *_: pytest.fail("asked"))
    assert not check(analyse(C, "c"), C.replace("d", "b"), {"d": "b"}).is_valid


@pytest.mark.parametrize(
    ("answers", "level"),
    [((None,), Level.BIND), ((False,), Level.BIND), ((True, None), Level.BIND), ((True, True), Level.COMPILE)],
)
def test_the_level_follows_what_the_compiler_can_say(
    answers: tuple[bool | None, ...], level: Level, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = iter(answers)
    monkeypatch.setattr(validity, "compiles", lambda *_: next(said))
    assert check(analyse(C, "c"), C.replace("d", "e"), {"d": "e"}) == Validity(True, level, None)


def test_python_that_does_not_compile_stops_at_binding() -> None:
    code = "def f(a):\n    print a\n"
    assert check(analyse(code, "python"), code.replace("a", "b"), {"a": "b"}) == Validity(True, Level.BIND, None)


def test_old_syntax_errors_are_no_reproach() -> None:
    code = "int f(int a, int b) { b = 1; int x[] a; }"
    source = analyse(code, "c")
    assert source.error_count
    assert check(source, code.replace("b", "y"), {"b": "y"}).is_valid
