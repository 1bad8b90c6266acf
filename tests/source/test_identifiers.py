"""What an analysis holds, whatever the language."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_ray.source import LANGUAGES, Identifier, SourceCode, analyse, check, rename
from tests.source.programs import rename_all

SEEDS = {
    "c": """
static int f(int a, char *b) { for (int i = 0; i < a; i++) { b[i] = "x\\n"[0]; } /* a */ return g(a)->b; }
#if A
enum { X = 1 }; int (*h)(int y) = f;
#endif
""",
    "java": """
class A extends B { int n; @Override void f(int a) {
  try (R r = g(x -> a)) { r.f(n, "a"); } catch (E e) { i: break i; } new A() { { f(1); } }; } }
""",
    "python": """
class A(B):
  def f(self, a=1, *b: int):
    with c as (d, e): return [f'{x=} {a}' for x in b if (y := x)], lambda z: z.f(k=1)
import q as r
""",
}


def text_of(source: SourceCode, spans: tuple[tuple[int, int], ...]) -> list[str]:
    return [source.data[start:end].decode() for start, end in spans]


def test_identifiers_come_by_first_appearance_with_all_their_spans() -> None:
    source = analyse("int f(int b) { int a = b; return a + b; }", "c")
    assert source.identifiers == (
        Identifier("f", "function", ((4, 5),)),
        Identifier("b", "parameter", ((10, 11), (23, 24), (37, 38))),
        Identifier("a", "local", ((19, 20), (33, 34))),
    )


def test_spans_count_bytes() -> None:
    source = analyse("def f():\n  s = '€😀'; t = s; return t", "python")
    for identifier in source.identifiers:
        assert set(text_of(source, identifier.spans)) == {identifier.name}


def test_names_are_all_words_also_in_strings_comments_members_and_types() -> None:
    source = analyse('void f(T a) { /* note */ a.member = "word" + 0x1F; }', "c")
    assert source.names == {"void", "f", "T", "a", "note", "member", "word"}


@pytest.mark.parametrize(
    ("language", "code", "tokens"),
    [
        ("c", 'char *s = "a b"; // x', ["char", "*", "s", "=", '"a b"', ";"]),
        ("java", "/* x */ char c = 'y';", ["char", "c", "=", "'y'", ";"]),
        ("python", "x = f'a{b}c' # d\n", ["x", "=", "f'", "a", "{", "b", "}", "c", "'"]),
        ("python", "x = '''a\nb'''\n\n\ny\n", ["x", "=", "'''a\nb'''", "y"]),
    ],
)
def test_tokens(language: str, code: str, tokens: list[str]) -> None:
    source = analyse(code, language)
    assert text_of(source, source.tokens) == tokens


def test_errors_are_counted() -> None:
    assert analyse("int f() { return 1; }", "c").error_count == 0
    assert analyse("int f() { return 1 }", "c").error_count == 1


def test_analysing_twice_is_analysing_once() -> None:
    assert analyse("x = 1", "python") is analyse("x = 1", "python")


def test_deep_nesting_and_long_chains() -> None:
    for code in ("int x = " + "(" * 3000 + "1" + ")" * 3000 + ";", "int f(int a) { return " + "a + " * 3000 + "a; }"):
        assert analyse(code, "c").tokens


@st.composite
def broken_code(draw: st.DrawFn) -> tuple[str, str]:
    """A program with pieces cut out, doubled or replaced by rubbish."""
    language = draw(st.sampled_from(LANGUAGES))
    code = SEEDS[language]
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(code)))
        end = draw(st.integers(start, min(len(code), start + 12)))
        rubbish = st.sampled_from(
            ["", code[start:end] * 2, "(", "}", '"', "é", "\x00", "\ud800", "/*c*/", "#define ", "\\", "a"]
        )
        code = code[:start] + draw(rubbish) + code[end:]
    return code, language


@settings(max_examples=300, deadline=None)
@given(broken_code())
def test_odd_code_is_analysed_and_its_names_lie_where_they_should(program: tuple[str, str]) -> None:
    code, language = program
    source = analyse(code, language)
    assert check(source, code, {}).is_valid
    for identifier in source.identifiers:
        assert {source.data[start:end] for start, end in identifier.spans} == {identifier.name.encode()}
        assert list(identifier.spans) == sorted(set(identifier.spans))
        assert set(identifier.spans) <= set(source.tokens)
    text, renames = rename_all(source)
    assert check(source, text, renames).is_valid or source.error_count  # lengths sway the parser's recovery from errors
    assert rename(source, {}) == code
    assert renames.keys() == source.spans.keys()
