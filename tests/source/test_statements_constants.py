"""A literal becomes a variable: where, and where the compiler needs a constant."""

from __future__ import annotations

import pytest

from tests.source.edited_programs import rewritten

BECOMES = {
    "c, a first value": ("c", "int f() { int a = 10; }", "int f() { int limit_0 = 10; int a = limit_0; }"),
    "c, on lines": (
        "c",
        "int f(int a) {\n\tif (a < 10)\n\t\tg();\n}",
        "int f(int a) {\n\tint limit_0 = 10;\n\tif (a < limit_0)\n\t\tg();\n}",
    ),
    "c, a result": ("c", "int f() { return -1; }", "int f() { int limit_0 = -1; return limit_0; }"),
    "c, an index": ("c", "int f() { g = a[3]; }", "int f() { int limit_0 = 3; g = a[limit_0]; }"),
    "c, in a case": (
        "c",
        "int f(int a) { switch (a) { case 7: a += 3; } }",
        "int f(int a) { int limit_1 = 3; switch (a) { case 7: a += limit_1; } }",
    ),
    "java, an argument": ("java", "void f() { g(a, 3); }", "void f() { int limit_0 = 3; g(a, limit_0); }"),
    "java, a size": ("java", "void f() { a = new byte[3]; }", "void f() { int limit_0 = 3; a = new byte[limit_0]; }"),
    "java, a condition": (
        "java",
        "void f(int n) { while (n > 3) n--; }",
        "void f(int n) { int limit_0 = 3; while (n > limit_0) n--; }",
    ),
    "java, in a lambda": (
        "java",
        "void f() { g(() -> h(3)); }",
        "void f() { int limit_0 = 3; g(() -> h(limit_0)); }",
    ),
    "python, a number": ("python", "if a:\n\tb = c(1.5)\n", "if a:\n\tlimit_0 = 1.5\n\tb = c(limit_0)\n"),
    "python, a text": ("python", "a['b'] = c\n", "text_0 = 'b'\na[text_0] = c\n"),
    "python, beside a keyword": ("python", "a = 1if b else c\n", "limit_0 = 1\na = limit_0 if b else c\n"),
    "python, of an elif": (
        "python",
        "if a: b()\nelif c > 3: d()\n",
        "limit_0 = 3\nif a: b()\nelif c > limit_0: d()\n",
    ),
}


@pytest.mark.parametrize(("language", "code", "other"), BECOMES.values(), ids=BECOMES.keys())
def test_becomes(language: str, code: str, other: str) -> None:
    assert rewritten(code, language, "constants") == [other]


STAYS = {
    "c, sizes": ("c", "int f() { int a[3]; struct { int b : 4; } c; return sizeof(int[5]); }"),
    "c, cases": ("c", "int f(int a) { switch (a) { case 3: case 4 ... 5: g(); } }"),
    "c, what is made once": ("c", "int f() { static int a = 3; static int *b = &c[3]; const int d = 4; }"),
    "c, enumerations": ("c", "int f() { enum { A = 3 }; }"),
    "c, lists": ("c", "int f() { int a[] = { 1, [2] = 3 }; }"),
    "c, what may be a macro": ("c", "int f() { FOO(3); bar(4); baz(a[5]); }"),
    "c, null pointers": ("c", "char *f() { char *p = 0; q = 0; if (p == 0) return 0; }"),
    "c, a jump may pass by": ("c", "int f(int a) { while (a) { again: a = 3; } }"),
    "c, of the file": ("c", "int a = 3;"),
    "c, other literals": ("c", "int f() { int a = 0x10; a = 010; a = 10u; a = 3000000000; }"),
    "java, cases": ("java", "void f(int a) { switch (a) { case 3: g(); } }"),
    "java, a cast would be needed": ("java", "byte f(byte a, char b) { short c = 3; a = 4; b = (char) 5; return 6; }"),
    "java, constants of the compiler": ("java", "void f() { final int a = 3; while (A < 4) { } }"),
    "java, texts of constants": ("java", 'void f() { g("a" + 3); }'),
    "java, choices": ("java", "void f() { g(a ? 3 : 'b'); }"),
    "java, the first call of a constructor": ("java", "class A { A() { this(3); } }"),
    "java, fields": ("java", "class A { int a = f(3); @B(4) int c; enum D { E(5) } }"),
    "python, a docstring": ("python", "def f():\n    'A docstring.'\n"),
    "python, a docstring in parentheses": ("python", "def f():\n    ('A docstring.')\n"),
    "python, identity in parentheses": ("python", "f(a is (1))"),
    "java, what a constant of that name makes endless": (
        "java",
        "class A { final int n = g; int f() { while (n < 3) {} } void h(int n) {} }",
    ),
    "java, a sum that may be a constant string": (
        "java",
        "boolean f(String t) { final String s = g; h(s + 3); h(A.B + 4); return (s + 5) == t; }",
    ),
    "python, defaults": ("python", "def f(a=3, b: int = 4): pass\nlambda c=5: c\n"),
    "python, annotations": ("python", "a: Literal[3] = b\ndef f() -> Literal['x']: pass\n"),
    "python, patterns": ("python", "match a:\n    case 3:\n        pass\n    case {'b': 4}:\n        pass\n"),
    "python, of a class": ("python", "class A(B[3]):\n    c = 4\n"),
    "python, identity": ("python", "if a is 3: pass\n"),
    "python, decorators": ("python", "@a(3)\ndef f(): pass\n"),
    "python, parts of texts": ("python", "a = f'{3}' 'b'\nc = b'd'\n"),
    "python, on one line": ("python", "a(); b = 3\n"),
    "python, names are looked at": ("python", "a = 3\nb = vars()\n"),
}


@pytest.mark.parametrize(("language", "code"), STAYS.values(), ids=STAYS.keys())
def test_stays(language: str, code: str) -> None:
    assert rewritten(code, language, "constants") == []


def test_every_literal_has_a_name_of_its_own() -> None:
    texts = rewritten("def f(limit_1):\n    g(1, 2, 3, 'a')\n", "python", "constants")
    assert [text.split("\n    ")[1] for text in texts] == ["limit_0 = 1", "limit_2 = 3", "text_3 = 'a'"]
