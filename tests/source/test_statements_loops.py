"""``for`` and ``while``: what becomes of each, and which stay."""

from __future__ import annotations

import pytest

from tests.source.edited_programs import in_a_function, rewritten

BECOMES = {
    "c, while": ("c", "while (a < b) { c(); }", ["for (; a < b; ) { c(); }"]),
    "c, while with a body of one statement": ("c", "while (a) c();", ["for (; a; ) c();"]),
    "c, for with nothing but a condition": ("c", "for (; a ;) c();", ["while (a) c();"]),
    "c, for ever": ("c", "for (;;) { c(); }", ["while (1) { c(); }"]),
    "c, for": (
        "c",
        "for (int i = 0, j = 1; i < j; i++, j--) { c(i); }",
        ["{ int i = 0, j = 1; while (i < j) { c(i); i++, j--; } }"],
    ),
    "c, for on lines": (
        "c",
        "for (i = 0; i < 3; i++) {\n\tc(i);\n}",
        ["{ i = 0; while (i < 3) {\n\tc(i);\n\ti++;\n} }"],
    ),
    "c, for with a body of one statement": (
        "c",
        "for (i = 0; i < 3; i++) c(i);",
        ["{ i = 0; while (i < 3) { c(i); i++; } }"],
    ),
    "c, for without steps": ("c", "for (i = 0; i < 3;) c(i++);", ["{ i = 0; while (i < 3) c(i++); }"]),
    "c, for in a branch": ("c", "if (a) for (i = 0;;) b(); else c();", ["if (a) { i = 0; while (1) b(); } else c();"]),
    "c, a loop inside continues": (
        "c",
        "for (i = 0; i < 3; i++) { do { if (a) continue; b(); } while (a); }",
        ["{ i = 0; while (i < 3) { do { if (a) continue; b(); } while (a); i++; } }"],
    ),
    "java, for ever": ("java", "for (;;) { c(); }", ["while (true) { c(); }"]),
    "java, for": (
        "java",
        "for (i = 0, j = 1; i < j; i++, j--) { if (a) break; }",
        ["{ i = 0; j = 1; while (i < j) { if (a) break; i++; j--; } }"],
    ),
    "java, one way to the end is enough": (
        "java",
        "for (int i = 0; i < 3; i++) { if (a) return; else b(); }",
        ["{ int i = 0; while (i < 3) { if (a) return; else b(); i++; } }"],
    ),
    "python, while": (
        "python",
        "while a < b:\n    # why\n    c()",
        ["while True:\n    # why\n    if not (a < b):\n        break\n    c()"],
    ),
    "python, while in parentheses": (
        "python",
        "while(a\n  or b):\n\tc()",
        ["while True:\n\tif not ((a\n  or b)):\n\t\tbreak\n\tc()"],
    ),
    "python, while true": ("python", "while True:\n  if a:\n    break\n  b()", ["while not (a):\n  b()"]),
    "python, for": (
        "python",
        "for x in range(3):\n  f(x)\n",
        [
            "iterator_0 = iter(range(3))\nwhile True:\n  try:\n      x = next(iterator_0)\n"
            "  except StopIteration:\n      break\n  f(x)\n"
        ],
    ),
}


@pytest.mark.parametrize(("language", "code", "others"), BECOMES.values(), ids=BECOMES.keys())
def test_becomes(language: str, code: str, others: list[str]) -> None:
    assert rewritten(in_a_function(code, language), language, "loops") == [
        in_a_function(other, language) for other in others
    ]


STAYS = {
    "c, it continues": ("c", "for (i = 0; i < 3; i++) { if (a) continue; b(); }"),
    "c, it continues in a switch": ("c", "for (i = 0; i < 3; i++) { switch (a) { case 1: continue; } }"),
    "c, a macro may continue": ("c", "for (i = 0; i < 3; i++) { SKIP_IF(a); b(); }"),
    "c, the body hides what the step speaks of": ("c", "for (int i = 0; i < 3; i++) { int i = 4; }"),
    "c, it has a label": ("c", "again: for (i = 0; i < 3; i++) { b(); }"),
    "c, part of it is left to the preprocessor": ("c", "for (i = 0; i < 3; i++) {\n#if A\n b();\n#endif\n}"),
    "java, it has a label": ("java", "again: for (i = 0; i < 3; i++) { b(); }"),
    "java, a field is hidden": ("java", "for (; x < 3; x++) { int x = 4; g(x); }"),
    "java, the end is not reached": ("java", "for (int i = 0; i < 3; i++) { if (a) return; else break; }"),
    "java, for each": ("java", "for (int x : xs) { g(x); }"),
    "python, with an else": ("python", "while a:\n    b()\nelse:\n    c()"),
    "python, for with an else": ("python", "for a in b:\n    b()\nelse:\n    c()"),
    "python, on one line": ("python", "while a: b()\nfor c in d: e()"),
    "python, true": ("python", "while True:\n    b()\nwhile 1:\n    c()"),
    "python, an iterator may notice that it is dropped": ("python", "for x in xs:\n    if x:\n        break"),
    "python, so may one inside": ("python", "for x in enumerate(xs):\n    b(x)\nfor x in reversed(f()):\n    b(x)"),
    "python, range is something else": ("python", "def range(a):\n    yield a\nfor x in range(3):\n    b(x)"),
    "java, a pattern is seen behind the loop": (
        "java",
        "for (int i = 0; !(a instanceof B b); i++) { a = c(); } d(b);",
    ),
    "python, what is made for the loop alone": ("python", "for line in open(a):\n    b(line)"),
    "python, targets that may raise": ("python", "for a.b in xs:\n    c()\nfor a, b in xs:\n    c()"),
    "python, in a class": ("python", "class A:\n    for x in [1]:\n        y = x"),
    "python, in a handler": ("python", "try:\n    a()\nexcept E:\n    for x in [1]:\n        raise"),
    "python, next is something else": ("python", "def next(a):\n    for x in [1]:\n        y(x)"),
    "python, names are looked at": ("python", "for x in [1]:\n    print(locals())"),
    "python, in a coroutine": ("python", "async def f():\n    async for x in xs:\n        y(x)"),
}


@pytest.mark.parametrize(("language", "code"), STAYS.values(), ids=STAYS.keys())
def test_stays(language: str, code: str) -> None:
    assert rewritten(in_a_function(code, language), language, "loops") == []


def test_a_macro_of_the_text_may_continue() -> None:
    code = "#define skip(x) {}\nint a;\nvoid f() {{ for (i = 0; i < 3; i++) {{ skip(i); b(); }} }}"
    assert rewritten(code.format("if (x) continue"), "c", "loops") == []
    assert len(rewritten(code.format("(b(x))"), "c", "loops")) == 1


def test_a_step_behind_an_endless_loop_would_be_an_error_in_java() -> None:
    code = "void f() { for (int i = 0; i < 3; i++) { while (g) { if (a()) return; } } }"
    assert len(rewritten(code, "java", "loops")) == 1  # g may be a constant
    assert len(rewritten(code.replace("(g)", "(g > i)"), "java", "loops")) == 2
