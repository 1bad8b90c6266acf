"""``if`` and ``else``: every other way to write them, and the traps."""

from __future__ import annotations

import pytest

from robust_ray.source import SourceCode, analyse
from robust_ray.source.edits import edited
from robust_ray.source.statements import RULES
from tests.source.edited_programs import in_a_function, rewritten

BECOMES = {
    "c, swapped": ("c", "if (a < b) { c(); } else { d(); }", ["if (!(a < b)) { d(); } else { c(); }"]),
    "c, a negation is taken away": ("c", "if (! a) { c(); } else { d(); }", ["if (a) { d(); } else { c(); }"]),
    "c, branches without braces get them": ("c", "if (a) c(); else d();", ["if (!(a)) { d(); } else { c(); }"]),
    "c, else if": (
        "c",
        "if (a) { c(); } else if (b) { d(); }",
        ["if (!(a)) { if (b) { d(); } } else { c(); }", "if (a) { c(); } else { if (b) { d(); } }"],
    ),
    "c, else and a block with an if": (
        "c",
        "if (a) c(); else { if (b) d(); }",
        ["if (!(a)) { if (b) d(); } else { c(); }", "if (a) c(); else if (b) d();"],
    ),
    "c, else behind a jump": (
        "c",
        "if (a) { b(); goto end; } else { c(); }",
        ["if (!(a)) { c(); } else { b(); goto end; }", "if (a) { b(); goto end; } { c(); }"],
    ),
    "c, else if behind a jump": (
        "c",
        "if (a) {\n  return;\n} else if (b) {\n  c();\n}",
        [
            "if (!(a)) { if (b) {\n  c();\n} } else {\n  return;\n}",
            "if (a) {\n  return;\n} if (b) {\n  c();\n}",
            "if (a) {\n  return;\n} else { if (b) {\n  c();\n} }",
        ],
    ),
    "c, the next if": ("c", "if (a) return; if (b) c();", ["if (a) return; else if (b) c();"]),
    "java, swapped": (
        "java",
        "if (a instanceof B b && b.c()) { c(b); } else { d(); }",
        ["if (!(a instanceof B b && b.c())) { d(); } else { c(b); }"],
    ),
    "java, else if": (
        "java",
        "if (a) { throw e; } else if (b) { d(); }",
        [
            "if (!(a)) { if (b) { d(); } } else { throw e; }",
            "if (a) { throw e; } if (b) { d(); }",
            "if (a) { throw e; } else { if (b) { d(); } }",
        ],
    ),
    "python, swapped": (
        "python",
        "if a < b:\n    c()\n    d()\nelse:\n    # why\n    e()",
        ["if not (a < b):\n    e()\nelse:\n    # why\n    c()\n    d()"],
    ),
    "python, swapped on one line each": ("python", "if(a): b(); c()\nelse: d()", ["if not ((a)): d()\nelse: b(); c()"]),
    "python, elif behind a jump": (
        "python",
        "if a:\n    raise b\nelif c:\n    d()\nelse:\n    e()",
        ["if a:\n    raise b\nif c:\n    d()\nelse:\n    e()"],
    ),
    "python, the next if": (
        "python",
        "if a:\n    raise b\n\nif c:\n    d()\nelse:\n    e()",
        [
            "if a:\n    raise b\n\nelif c:\n    d()\nelse:\n    e()",
            "if a:\n    raise b\n\nif not (c):\n    e()\nelse:\n    d()",
        ],
    ),
}


@pytest.mark.parametrize(("language", "code", "others"), BECOMES.values(), ids=BECOMES.keys())
def test_becomes(language: str, code: str, others: list[str]) -> None:
    assert sorted(rewritten(in_a_function(code, language), language, "branches")) == sorted(
        in_a_function(other, language) for other in others
    )


STAYS = {
    "c, part of it is left to the preprocessor": ("c", "if (a) { b(); }\n#if B\nelse { c(); }\n#endif\n"),
    "c, branches of a macro": ("c", "if (a) MACRO else b();"),
    "c, a comment behind the jump": ("c", "if (a) return; /* and then */ if (b) c();"),
    "c, the next if is the preprocessor's": ("c", "if (a) return;\n#if B\nif (b) c();\n#endif\n"),
    "c, no jump": ("c", "if (a) { if (b) return; } if (b) c();"),
    "java, a variable for what follows": ("java", "if (!(a instanceof B b)) return; if (b.c()) d();"),
    "python, different indentation": ("python", "if a:\n    b()\nelse:\n  c()"),
    "python, one on a line of its own": ("python", "if a: b()\nelse:\n    c()"),
    "python, several branches": ("python", "if a:\n    b()\nelif c:\n    d()\nelse:\n    e()"),
    "python, no jump": ("python", "if a:\n    if b: return\nif c:\n    d()"),
}


@pytest.mark.parametrize(("language", "code"), STAYS.values(), ids=STAYS.keys())
def test_stays(language: str, code: str) -> None:
    assert rewritten(in_a_function(code, language), language, "branches") == []


def test_an_else_is_never_left_to_the_wrong_if() -> None:
    code = in_a_function("if (a) if (b) c(); else { if (d) e(); } else f();", "c")
    assert not any("else if (d)" in text for text in rewritten(code, "c", "branches"))


def test_only_blocks_of_one_statement_that_stays_one_lose_their_braces() -> None:
    code = in_a_function("if (a) b(); else { if (c) return; else d(); }", "c")
    assert not any("else if (c)" in text for text in rewritten(code, "c", "branches"))


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("c", "void f() { if (a) return; if (b) c(); }"),
        ("c", "void f() { if (a) d(); else { if (b) c(); } }"),
        ("python", "if a:\n    raise b\nif c:\n    d()\n"),
    ],
)
def test_nothing_comes_between_a_branch_and_its_else(language: str, code: str) -> None:
    source = analyse(code, language)
    joined = [edit for edit in RULES["branches"](source) if _has_else_if(edited(source, [edit]))]
    dead = [edit for edit in RULES["dead_code"](source) if edit.splices[0].start == code.rindex("if")]
    assert len(joined) == 1
    assert dead
    assert all(edited(source, [*joined, edit]) is None for edit in dead)


def _has_else_if(program: SourceCode | None) -> bool:
    assert program is not None
    return "else if" in program.text or "elif" in program.text
