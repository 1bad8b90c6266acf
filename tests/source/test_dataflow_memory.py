"""The flow of a renamed program is the original's: what is remembered is what a fresh look finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_ray.source import DataFlows, SourceCode, analyse, data_flow, dataflow_memory, rename
from tests import fakes
from tests.source.programs import real_programs, rename_all

PROGRAMS = {"c": fakes.C, "java": fakes.JAVA, "python": fakes.PYTHON}

NEW_NAMES = ("x", "count", "Value", "_a", "someLongerName", "n0", "identifier", "string", "block", "masked0")


@st.composite
def renamed(draw: st.DrawFn) -> tuple[SourceCode, str, dict[str, str]]:
    """A program, the same with some names changed, and which."""
    language = draw(st.sampled_from(sorted(PROGRAMS)))
    source = analyse(draw(st.sampled_from(PROGRAMS[language])), language)
    changed = draw(st.lists(st.sampled_from(sorted(source.spans)), unique=True, min_size=1))
    fresh = draw(st.permutations(NEW_NAMES))
    renames = dict(zip(changed, (name for name in fresh if name not in source.names), strict=False))
    text = rename(source, renames)
    return source, source.text if text is None else text, {} if text is None else renames


@settings(deadline=None, max_examples=150)
@given(renamed())
def test_a_renamed_program_keeps_its_flow(drawn: tuple[SourceCode, str, dict[str, str]]) -> None:
    source, text, renames = drawn
    memory = DataFlows(source.language)
    original, fresh = memory.of(source.text), data_flow(text, source.language)
    assert original is not None
    assert original == data_flow(source.text, source.language)
    assert original.renamed(renames) == fresh
    assert memory.of(text) == fresh


@pytest.mark.parametrize("language", sorted(PROGRAMS))
def test_real_programs_keep_their_flow(language: str, shared_data: Path) -> None:
    memory = DataFlows(language)
    compared = 0
    for program in real_programs(shared_data, language):
        source = analyse(program, language)
        text, renames = rename_all(source)
        original, fresh = memory.of(program), data_flow(text, language)
        assert memory.of(text) == fresh
        if original is not None and not source.error_count:
            assert original.renamed(renames) == fresh
            compared += 1
    assert compared > 20


def watch(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are analysed from now on."""
    looks = []

    def look(text: str, language: str) -> SourceCode:
        looks.append(text)
        return analyse(text, language)

    monkeypatch.setattr(dataflow_memory, "analyse", look)
    return looks


def test_a_renaming_is_not_parsed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = DataFlows("java")
    original = memory.of(fakes.JAVA[0])
    text, renames = rename_all(analyse(fakes.JAVA[0], "java"))
    assert original is not None
    looks = watch(monkeypatch)
    assert memory.of(text) == original.renamed(renames)
    assert memory.of(fakes.JAVA[0]) == original
    assert looks == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("int f(int a, int b) { return a + b; }", "int f(int a, int b) { return a + a; }"),
        ("int f(int a, int b) { return a + b; }", "int f(int b, int b) { return b + b; }"),
        ("int f(int a) { int b = a; return b; }", "int f(int a) { int c = a; return b; }"),
        ("int f(int a) { return a.b; }", "int f(int a) { return a.a; }"),
        ("int f(int a) { return this.a + a; }", "int f(int b) { return this.b + b; }"),
    ],
)
def test_what_only_looks_like_a_renaming_is_not_taken_for_one(first: str, second: str) -> None:
    memory = DataFlows("java")
    memory.of(first)
    assert memory.of(second) == data_flow(second, "java")
    assert memory.of(first) == data_flow(first, "java")


def test_a_program_with_errors_is_looked_at_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = watch(monkeypatch)
    memory = DataFlows("c")
    for _ in range(2):
        memory.of("int f(int a) { return ) a; }")
    assert len(looks) == 2


def test_the_oldest_program_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = DataFlows("java", capacity=2)
    texts = ["int f(int a) { return a; }", "int f(int a) { return -a; }", "int f(int a) { return !a; }"]
    memory.of(texts[0])
    memory.of(texts[1])
    memory.of(texts[0])
    memory.of(texts[2])
    looks = watch(monkeypatch)
    for text in (texts[0], texts[2], texts[1]):
        memory.of(text)
    assert looks == [texts[1]]
