"""Data flow of functions small enough to be followed by hand, and what it must be for any."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from robust_ray.core.errors import DataError
from robust_ray.source import DataFlow, data_flow
from tests import fakes
from tests.source.programs import real_programs


def shown(text: str, language: str) -> str:
    """The flows with sources: ``b1 < a1`` (comes from), ``b1 = a1 c1`` (computed from); ``a2`` is the second ``a``."""
    flow = data_flow(text, language)
    assert flow is not None
    names = numbered(flow)
    signs = {"comesFrom": "<", "computedFrom": "="}
    return "; ".join(
        " ".join([names[token], signs[kind], *(names[source] for source in sources)])
        for token, kind, sources in flow.flows
        if sources
    )


def numbered(flow: DataFlow) -> list[str]:
    """Every token with the number of its occurrence."""
    counts: Counter[str] = Counter()
    names = []
    for token in flow.tokens:
        counts[token] += 1
        names.append(f"{token}{counts[token]}")
    return names


CASES = {
    "assignments and a declaration without a value": (
        "java",
        """\
int f(int a, int b) {
    int c = a + b;
    int d;
    d = c * 2;
    c += d;
    d++;
    return d;
}
""",
        "c1 < a2; c1 < b2; a2 < a1; b2 < b1; d2 = c2; d2 = 21; c2 < c1; c3 = d3; d3 < d2; d4 = d4; d5 < d4",
    ),
    "a loop carries its values round": (
        "java",
        """\
int sum(int[] xs) {
    int total = 0;
    for (int i = 0; i < n; i++) {
        total = total + xs[i];
    }
    return total;
}
""",
        "total1 < 01; i1 < 02; i2 < i1 i3; n1 < n1; i3 = i3; total2 = total3 xs2 i4; "
        "total3 < total1 total2; xs2 < xs1; i4 < i3; total4 < total2",
    ),
    "a loop over values": (
        "java",
        """\
int sum(int[] xs) {
    int t = 0;
    for (int x : xs) {
        t += x;
    }
    return t;
}
""",
        "t1 < 01; x1 = xs2; xs2 < xs1; t2 = x2; x2 < x1; t3 < t2",
    ),
    "both branches of an if": (
        "java",
        """\
int f(int a) {
    int b;
    if (a > 0) {
        b = a;
    } else {
        b = 1;
    }
    return b;
}
""",
        "a2 < a1; b2 = a3; a3 < a1; b3 = 11; b4 < b1 b2 b3",
    ),
    "a branch that may be skipped": (
        "java",
        """\
int f(int a) { if (a > 0) { a = g(a); } return a; }""",
        "a2 < a1; a3 = g1; a3 = a4; a4 < a1; a5 < a1 a3",
    ),
    "loops with their condition first and last": (
        "java",
        """\
void f(int n) {
    while (n > 0) {
        n = n - 1;
    }
    do {
        n--;
    } while (n > 9);
}
""",
        "n2 < n1 n3; n3 = n4 11; n4 < n1 n3; n5 = n5; n6 < n5",
    ),
    "a parameter and a field of the same name": (
        "java",
        """\
class P {
    int count;
    void set(int count) {
        this.count = count;
        use(count);
    }
}
""",
        "count3 = count4; count4 < count2; count5 < count2",
    ),
    "two blocks with a variable each": (
        "java",
        """\
int f() {
    {
        int x = 1;
        use(x);
    }
    {
        int x = 2;
        use(x);
    }
    return 0;
}
""",
        "x1 < 11; x2 < x1; x3 < 21; use2 < use1; x4 < x3",
    ),
    "a pointer, an index and a loop without a declaration": (
        "c",
        """\
int f(char *a, int n)
{
    int i, *p = a;
    for (i = 0; i < n; i++)
        p[i] = a[i];
    return p;
}""",
        "p1 < a2; a2 < a1; i2 = 01; i3 < i2 i5; n2 < n1; i4 = i4; p2 = a3 i6; i5 = a3 i6; a3 < a1; i6 < i4; p3 < p2",
    ),
    "a shadowed variable": (
        "c",
        """\
int f(int a)
{
    int x = a;
    {
        int x = 2;
        use(x);
    }
    return x;
}""",
        "x1 < a2; a2 < a1; x2 < 21; x3 < x2; x4 < x1",
    ),
    "a member, and a chain of branches": (
        "c",
        """\
int f(struct s *q, int a)
{
    if (a)
        q->a = a;
    else if (q)
        a = 2;
    else
        a = 3;
    return a;
}""",
        "a2 < a1; q2 = a4; a3 = a4; a4 < a1; q3 < q1; a5 = 21; a6 = 31; a7 < a1 a5 a6",
    ),
    "pairs, a default and an augmented assignment": (
        "python",
        """\
def f(a, b=2):
    '''Doc a.'''
    x, y = b, a  # x
    x += y
    return x
""",
        "b1 < 21; x1 = b2; y1 = a2; b2 < b1; a2 < a1; x2 = y2; y2 < y1; x3 < x2",
    ),
    "branches in a loop over pairs": (
        "python",
        """\
def f(xs):
    t = 0
    for i, x in enumerate(xs):
        if x:
            t = t + x
        elif i:
            t = i
    return t
""",
        "t1 = 01; i1 = enumerate1 xs2; x1 = enumerate1 xs2; enumerate1 < enumerate1; xs2 < xs1; "
        "x2 < x1; t2 = t3 x3; t3 < t1 t2 t4; x3 < x1; i2 < i1; t4 = i3; i3 < i1; t5 < t1 t2 t4",
    ),
    "an else that leaves nothing out": (
        "python",
        """\
def f(xs):
    if xs:
        y = 1
    else:
        y = xs
    return y
""",
        "xs2 < xs1; y1 = 11; y2 = xs3; xs3 < xs1; y3 < y1 y2",
    ),
    "a comprehension has a variable of its own": (
        "python",
        """\
def f(x, ys):
    zs = [x * 2 for x in ys]
    return x, zs
""",
        "zs1 = x2 21 x3 ys2; x2 < x3; x3 = ys2; ys2 < ys1; x4 < x1; zs2 < zs1",
    ),
    "a name in an f-string": (
        "python",
        """\
def f(n):
    while n:
        n = n - 1
    return f'{n} left'
""",
        "n2 < n1 n3; n3 = n4 11; n4 < n1 n3; n5 < n3",
    ),
    "a function in a function": (
        "python",
        """\
def f(a):
    def g(a):
        return a
    return g(a)
""",
        "a3 < a2; g2 < g1; a4 < a1",
    ),
}
"""What is shown: language, program, and its flow, worked out by hand from the rules."""


@pytest.mark.parametrize("case", CASES)
def test_followed_by_hand(case: str) -> None:
    language, text, expected = CASES[case]
    assert shown(text, language) == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("java", "void f() { boolean on = true; use(on); }", "on2 < on1"),
        ("java", "void f(int a) { int b = (int) a, c = b; }", "b1 < a2; a2 < a1; c1 < b2; b2 < b1"),
        ("java", "int f(int x) { x.a = x; return this.a; }", "x2 = x3; a1 = x3; x3 < x1; a2 < a1"),
        ("java", "int f(int n) { for (;;) { n = n + 1; } }", "n2 = n3 11; n3 < n1 n2"),
        ("c", "void f(void) { int n[4], (*g)(int) = n; g(n); }", "g1 < n2; n2 < n1; g2 < g1; n3 < n1"),
        ("c", "int f(int a) { return a ? a : 1; /* a */ }", "a2 < a1; a3 < a1"),
        (
            "python",
            "def f(a: int = 1, *b, **c):\n    d: int\n    return a, b, c",
            "a1 < 11; a2 < a1; b2 < b1; c2 < c1",
        ),
        ("python", "a, b = f(x)\nuse(a)", "a1 = f1 x1; b1 = f1 x1; a2 < a1"),
        ("python", "for x in xs:\n    pass\nelse:\n    use(x)", "x1 = xs1; xs1 < xs1; x2 < x1"),
        ("python", "{k: v for k, v in m}", "k1 < k2; v1 < v2; k2 = m1; v2 = m1"),
        ("python", "f'{x}' + x", "x2 < x1"),
        ("python", "x = 1\nx = x = x", "x1 = 11; x2 = x3 x4; x3 = x4; x4 < x1"),
    ],
)
def test_small_constructs(language: str, text: str, expected: str) -> None:
    assert shown(text, language) == expected


def test_comments_and_docstrings_are_no_tokens() -> None:
    flow = data_flow('def f(a):  # a\n    """Of a."""\n    "a"\n    return a', "python")
    assert flow is not None
    assert flow.tokens == ("def", "f", "(", "a", ")", ":", "return", "a")
    flow = data_flow("int f(int a) { // a\n  return /* a */ a; }", "java")
    assert flow is not None
    assert flow.tokens == ("int", "f", "(", "int", "a", ")", "{", "return", "a", ";", "}")


def test_a_program_without_variables_has_an_empty_flow() -> None:
    flow = data_flow("int f(void) { return 1; }", "c")
    assert flow is not None
    assert flow.flows == ()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("{ if ( { ;", "c"),
        ("int f(int a) {" + "if (a) {" * 200 + "}" * 201, "c"),
    ],
)
def test_what_cannot_be_followed_has_none(text: str, language: str) -> None:
    assert data_flow(text, language) is None


def test_long_expressions_are_followed() -> None:
    terms = " + ".join(["a"] * 3000)
    assert shown(f"int f(int a) {{ int b = {terms}; }}", "java").count(";") == 5999


def test_loops_inside_loops_take_no_longer_than_their_number() -> None:
    depth = 60
    text = "n = 0\n" + "".join(f"{'  ' * i}while n:\n" for i in range(depth)) + "  " * depth + "n = n + 1\n"
    assert f"n{depth + 2} = n{depth + 3} 11" in shown(text, "python")


def test_an_unknown_language_is_named() -> None:
    with pytest.raises(DataError, match="the language must be one we can parse, but got 'cobol'"):
        data_flow("", "cobol")


@pytest.mark.parametrize("language", ["c", "java", "python"])
def test_what_holds_for_any_program(language: str, shared_data: Path) -> None:
    for text in [
        *{"c": fakes.C, "java": fakes.JAVA, "python": fakes.PYTHON}[language],
        *real_programs(shared_data, language),
    ]:
        flow = data_flow(text, language)
        if flow is None:
            continue
        nodes = {each.token for each in flow.flows}
        assert list(flow.flows) == sorted(flow.flows, key=lambda each: each.token)
        assert nodes >= {source for each in flow.flows for source in each.sources}
        assert all(flow.tokens[token].strip() for token in nodes)
        assert all(each.sources == tuple(sorted(set(each.sources))) for each in flow.flows)
        assert all(flow.tokens[place] == name for name, places in flow.places.items() for place in places)
