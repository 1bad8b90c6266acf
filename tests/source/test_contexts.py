from __future__ import annotations

import pytest

from robust_ray.source.contexts import contexts
from robust_ray.source.identifiers import analyse

JAVA = """
static int copy(File from, int limit) throws IOException {
    int total = 0, plain = 0;
    if (limit < 0) { throw new Bad(total); } else { plain++; }
    for (int i = 0; i < 9; i++) { plain += i; }
    for (String part : parts(from)) { plain++; }
    try (Stream in = open(from)) { int read = in.read(); }
    catch (IOException error) { print(error); }
    finally { plain = 1; }
    return total;
}
"""

C = """
static int find(const char *text, char wanted)
{
    int index = 0, plain = 0, count;
    if (text[index] == wanted)
        plain = 1;
    while (plain)
        plain--;
    for (count = 0; count < 9; count++)
        plain++;
    return index;
}
"""

PYTHON = """
def find(words, wanted):
    if words:
        plain = 1
    elif wanted:
        plain = 2
    else:
        plain = 3
    for i, word in enumerate(words):
        plain = 4
    try:
        tried = word
    except ValueError as error:
        raise Failure(error)
    else:
        plain = 5
    return [part for part in plain if part]
"""

WANTED = {
    "java": {
        "copy": "method",
        "from": "for method try",
        "limit": "if method",
        "total": "return throw",
        "plain": "other",
        "i": "for",
        "part": "for",
        "in": "try",
        "read": "try",
        "error": "other",
    },
    "c": {
        "find": "method",
        "text": "if method",
        "wanted": "if method",
        "index": "if return",
        "plain": "other",
        "count": "for",
    },
    "python": {
        "find": "method",
        "words": "for if method",
        "wanted": "if method",
        "plain": "return",
        "i": "for",
        "word": "for try",
        "tried": "try",
        "error": "throw",
        "part": "return",
    },
}


@pytest.mark.parametrize(("language", "text"), [("java", JAVA), ("c", C), ("python", PYTHON)])
def test_names_are_in_the_statements_whose_heads_hold_them(language: str, text: str) -> None:
    found = contexts(analyse(text, language))
    assert {name: " ".join(sorted(found[name])) for name in WANTED[language]} == WANTED[language]


def test_a_statement_within_another_counts_for_both() -> None:
    source = analyse("def f(a):\n    try:\n        return a\n    finally:\n        pass\n", "python")
    assert contexts(source)["a"] == {"method", "return", "try"}


def test_what_does_not_parse_is_sorted_as_far_as_it_goes() -> None:
    source = analyse("int f(int a) { if (a) return 1; return 0; }\nint g(int", "c")
    assert source.error_count
    assert contexts(source)["a"] == {"method", "if"}


def test_deep_nesting_is_no_problem() -> None:
    text = "int f(int a) { return " + "(" * 5000 + "a" + ")" * 5000 + "; }"
    assert "a" in contexts(analyse(text, "c"))
