"""``i++``, ``i += 1`` and ``i = i + 1``: where one may stand for the other."""

from __future__ import annotations

import pytest

from tests.source.edited_programs import rewritten

BECOMES = {
    "c, a local variable": ("c", "int i; {};", "i++", ["++i", "i += 1", "i = i + 1"]),
    "c, back": ("c", "int i; {};", "i = i - 1", ["--i", "i--", "i -= 1"]),
    "c, more than one": ("c", "int i; {};", "i += 2", ["i = i + 2"]),
    "c, a variable of elsewhere": ("c", "{};", "i++", ["++i", "i += 1"]),
    "c, an atomic variable": ("c", "_Atomic int i; {};", "i++", ["++i", "i += 1"]),
    "c, a pointer": ("c", "char *p; {};", "++p", ["p++", "p += 1"]),
    "c, a member": ("c", "{};", "p->n[0]++", ["++p->n[0]", "p->n[0] += 1"]),
    "c, what a pointer points to": ("c", "{};", "++*p", ["*p += 1"]),
    "c, in a loop": ("c", "int i; for (i = 0; i < 3; {}) f(i);", "i++", ["++i", "i += 1", "i = i + 1"]),
    "c, beside another in a loop": ("c", "for (;; {}, j = 1) f();", "i++", ["++i", "i += 1"]),
    "java, an int": ("java", "int i = 0; {};", "i++", ["++i", "i += 1", "i = i + 1"]),
    "java, a long": ("java", "long i = 0; {};", "i += 5", ["i = i + 5"]),
    "java, in a loop": ("java", "for (int i = 0; i < 3; {}) {{ }}", "i++", ["++i", "i += 1", "i = i + 1"]),
    "python, a count": ("python", "n = 0\nfor i in range(3):\n    {}\n", "n += 1", ["n = n + 1"]),
    "python, back": ("python", "n = -1\nwhile n < 3:\n    {}\n", "n = n + 1.5", ["n += 1.5"]),
}


@pytest.mark.parametrize(("language", "frame", "step", "others"), BECOMES.values(), ids=BECOMES.keys())
def test_becomes(language: str, frame: str, step: str, others: list[str]) -> None:
    around = "{}" if language == "python" else "void f() {{ {} }}"
    found = rewritten(around.format(frame.format(step)), language, "increments")
    assert sorted(found) == sorted(around.format(frame.format(other)) for other in others)


STAYS = {
    "c, the value is used": ("c", "void f() { int i; a = i++; g(i++); a[i++] = 0; return i++; }"),
    "c, the value of a block": ("c", "int f() { int i; return ({ i++; }); }"),
    "c, another variable": ("c", "void f() { int i, j; i = j + 1; i = 1 + i; i = i * 2; }"),
    "java, a cast would be needed": ("java", "void f(byte a, short b, char c) { a++; b += 1; c--; }"),
    "java, a long would be cut off": ("java", "void f(int a) { a += 5L; }"),
    "java, a text": ("java", "void f(String s) { s += 1; s = s + 1; }"),
    "java, a box": ("java", "void f(Integer i) { i++; }"),
    "java, an array": ("java", "void f(int i[]) { i[0]++; }"),
    "java, a type we cannot see": ("java", "void f() { i++; this.j++; var k = 1; k++; }"),
    "java, the value is used": (
        "java",
        "int f(int i) { g(i++); Runnable r = () -> i++; return switch (i) { default -> i++; }; }",
    ),
    "python, a parameter": ("python", "def f(n):\n    n += 1\n"),
    "python, a list": ("python", "n = []\nn += 1\n"),
    "python, bound somewhere else": ("python", "n = 0\nfor n in a:\n    n += 1\n"),
    "python, added to something": ("python", "n = 0\nn += a\nn += 1\n"),
    "python, one of several": ("python", "n = 0\nn, m = a\nn += 1\n"),
    "python, of another scope": ("python", "def f():\n    global n\n    n = 0\n    n += 1\n"),
    "python, a member": ("python", "a.n = 0\na.n += 1\n"),
    "python, a chain": ("python", "n = 0\nm = n = n + 1\n"),
    "python, range is something else": ("python", "def range(n): pass\nfor i in range(3):\n    i += 1\n"),
    "python, names are looked at": ("python", "n = 0\nn += 1\nexec(a)\n"),
}


@pytest.mark.parametrize(("language", "code"), STAYS.values(), ids=STAYS.keys())
def test_stays(language: str, code: str) -> None:
    assert rewritten(code, language, "increments") == []
