"""On real programs with random names of other programs: what compiled compiles, what ran does the same.

``benchmarks/rename_validity.py`` is the same at length, and compares machine code too.
"""

from __future__ import annotations

import difflib
import fractions
import heapq
import random
import textwrap
from collections.abc import Sequence
from pathlib import Path

import pytest

from robust_ray.source import Level, SourceCode, analyse, check, rename, suits
from robust_ray.source.compilers import compiler
from robust_ray.source.execution import compare
from tests.source.programs import functions, json_lines

needs_java = pytest.mark.skipif(compiler("java") is None, reason="no JDK")
needs_c = pytest.mark.skipif(compiler("c") is None, reason="no C compiler")

C = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <inttypes.h>
struct node { int value; struct node *next; };
static struct node *push(struct node *list, int value) {
    struct node *first = malloc(sizeof *first);
    *first = (struct node){.value = value, .next = list};
    return first;
}
static int length(const struct node *list) { int n = 0; for (; list; list = list->next) n++; return n; }
int main(int argc, char **argv) {
    struct node *list = NULL;
    for (int i = 1; i < argc; i++) { int value = atoi(argv[i]); list = push(list, value); }
    int total = length(list);
    printf("%d %s\\n", total, argc > 1 ? argv[1] : "none");
    return 0;
}
"""
HEADER_WORDS = """
index random SCNu32 PRIu64 NDEBUG size_t time strange signal isodd EOF value next node first y1 sinf and compl
"""


def randomly_renamed(source: SourceCode, words: Sequence[str], rng: random.Random) -> tuple[str, dict[str, str]]:
    """About half of the names changed to words that suit them, and the renames."""
    renames: dict[str, str] = {}
    for identifier in source.identifiers:
        word = rng.choice(words)
        if rng.random() < 0.7 and word not in renames.values() and suits(source, identifier.name, word):
            renames[identifier.name] = word
    text = rename(source, renames)
    assert text is not None
    return text, renames


def levels(programs: Sequence[str], language: str, words: Sequence[str] = (), rounds: int = 1) -> list[Level]:
    """Levels up to which randomly renamed programs are valid; all are whose original the parser understands.

    It may read an original with syntax errors another way once its words have another length; the check then refuses.
    """
    rng = random.Random(0)
    vocabulary = sorted({word for text in programs for word in analyse(text, language).names}.union(words))
    found = []
    for text in list(programs) * rounds:
        source = analyse(text, language)
        result = check(source, *randomly_renamed(source, vocabulary, rng))
        assert result.is_valid or source.error_count, result.reason
        found.append(result.level)
    return found


def test_functions_of_the_standard_library_run_as_before() -> None:
    programs = list(functions(difflib, fractions, heapq, textwrap))
    rng = random.Random(0)
    words = sorted({word for text in programs for word in analyse(text, "python").names})
    pairs = [(text, randomly_renamed(analyse(text, "python"), words, rng)[0]) for text in programs]
    comparisons = list(compare(pairs, inputs=4))
    assert [comparison.difference for comparison in comparisons if comparison.difference] == []
    assert sum(comparison.informative > 0 for comparison in comparisons) > len(pairs) / 2
    assert set(levels(programs, "python")) == {Level.COMPILE}


@needs_c
def test_a_c_program_never_takes_a_name_of_its_headers() -> None:
    assert set(levels([C], "c", HEADER_WORDS.split(), rounds=60)) == {Level.COMPILE}


@needs_java
def test_java_programs_still_compile(shared_data: Path) -> None:
    programs = json_lines(shared_data / "google_code_jam" / "data.jsonl", "func", 40)
    assert levels(programs, "java").count(Level.COMPILE) > 30


def test_java_methods_and_c_functions_bind_as_before(shared_data: Path) -> None:
    levels(json_lines(shared_data / "bigclonebench" / "data.jsonl", "func", 60), "java")
    levels(json_lines(shared_data / "devign" / "test.jsonl", "func", 60), "c")
