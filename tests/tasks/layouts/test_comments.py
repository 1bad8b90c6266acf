"""Code without comments and docstrings, line for line."""

from __future__ import annotations

import pytest

from robust_ray.source.languages import parse
from robust_ray.tasks.layouts.comments import without_comments

PYTHON = '''
def total(values):  # of numbers
    """Add up.

    Anything goes.
    """
    # start
    result = 0
    for value in values:
        result += value  # more
    return "# no comment"
'''

PYTHON_BARE = """
def total(values):
    result = 0
    for value in values:
        result += value
    return "# no comment"
"""


def test_python() -> None:
    assert without_comments(PYTHON, "python") == PYTHON_BARE


def test_a_body_of_words_alone_stays_a_body() -> None:
    text = 'class A:\n    """Words."""\n    # more\n    def f(self): "words"\n'
    assert without_comments(text, "python") == "class A:\n    def f(self): pass\n"


def test_a_text_that_is_no_docstring_stays() -> None:
    text = 'def f():\n    x = 1\n    "words"\n    return """more"""\n'
    assert without_comments(text, "python") == text


@pytest.mark.parametrize(
    ("language", "text", "wanted"),
    [
        (
            "java",
            "/** Adds. */\nint f(int a) { // one\n  /* two\n  lines */\n  return a;\n}\n",
            "int f(int a) {\n  return a;\n}\n",
        ),
        ("c", "int/**/a = 1; /* x */ int b;\n", "int a = 1;   int b;\n"),
        ("c", "int a; // x\r\n// y\r\nint b;\r\n", "int a;\r\nint b;\r\n"),
        ("c", 'char *s = "/* ü */"; // ü', 'char *s = "/* ü */";'),
        ("java", "// all", ""),
    ],
)
def test_other_languages(language: str, text: str, wanted: str) -> None:
    assert without_comments(text, language) == wanted


def test_what_parsed_parses_and_has_no_comment_left() -> None:
    from robust_ray.tasks.stdlib_corpus import functions

    for function in functions()[:200]:
        text = "# first\n" + function.text.replace("\n", "  # here\n", 1)
        bare = without_comments(text, "python")
        assert bare == function.text
        assert parse(bare.encode(), "python").root_node.has_error == parse(text.encode(), "python").root_node.has_error
