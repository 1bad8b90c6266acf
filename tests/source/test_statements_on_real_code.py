"""On real programs: edits bring no syntax error, keep every name what it is, and keep what compiles compiling."""

from __future__ import annotations

import difflib
import heapq
import textwrap
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from robust_ray.source import SourceCode, analyse, check
from robust_ray.source.compilers import compiler, compiles
from robust_ray.source.edits import Edit, edited
from robust_ray.source.statements import RULES, is_sound
from tests.source.edited_programs import random_edits
from tests.source.programs import functions, json_lines, rename_all


def assert_sound(code: str, language: str, rng: np.random.Generator) -> None:
    """Many edits at once, and a few, with and without new names."""
    source = analyse(code, language)
    for rules, share in ((tuple(RULES), 1.0), (tuple(set(RULES) - {"dead_code"}), 1.0), (tuple(RULES), 0.05)):
        edits = random_edits(source, rng, share, sorted(rules))
        program = edited(source, edits)
        assert program is not None
        assert program.error_count <= source.error_count
        assert source.spans.keys() <= program.spans.keys()
        assert _groups(source) == _groups(program, set(source.spans))
        _, renames = rename_all(source)
        renamed = rename_only(program, renames)
        for text, names in ((program.text, {}), (renamed, renames)):
            result = check(source, text, names, edits)
            assert result.is_valid, result.reason


def rename_only(program: SourceCode, renames: dict[str, str]) -> str:
    """The edited program with new names for what the original named."""
    data = program.data
    spans = [(start, end, renames[name]) for name in renames for start, end in program.spans[name]]
    for start, end, name in sorted(spans, reverse=True):
        data = data[:start] + name.encode() + data[end:]
    return data.decode()


def _groups(source: SourceCode, names: set[str] | None = None) -> dict[str, int]:
    """Name that may be changed → how many variables it stands for."""
    numbers: dict[str, set[int | None]] = {}
    for start, end, number in source.occurrences:
        numbers.setdefault(source.data[start:end].decode(), set()).add(number)
    return {name: len(numbers[name]) for name in (source.spans if names is None else names)}


def test_c_functions(shared_data: Path) -> None:
    rng = np.random.default_rng(0)
    for code in json_lines(shared_data / "devign" / "test.jsonl", "func", 40):
        assert_sound(code, "c", rng)


def test_java_methods(shared_data: Path) -> None:
    rng = np.random.default_rng(0)
    for code in json_lines(shared_data / "tl_codesum" / "test.jsonl", "code", 30):
        assert_sound(code, "java", rng)


def test_python_programs(shared_data: Path) -> None:
    rng = np.random.default_rng(0)
    lines = (shared_data / "gcj_authorship" / "valid.txt").read_text(encoding="utf-8").splitlines()
    for line in lines[:96:8]:
        assert_sound(line.split(" <CODESPLIT> ")[0].replace("\\n", "\n"), "python", rng)


@pytest.mark.parametrize("module", [difflib, heapq, textwrap], ids=lambda module: module.__name__)
def test_standard_library(module: ModuleType) -> None:
    rng = np.random.default_rng(0)
    for code in list(functions(module))[1:]:
        assert_sound(code, "python", rng)


def assert_compiles(codes: list[str], language: str) -> None:
    """What compiles still does, with all edits that go together."""
    if compiler(language) is None:
        pytest.skip(f"no compiler of {language}")
    rng = np.random.default_rng(0)
    whole = [analyse(code, language) for code in codes if compiles(code, language)]
    assert len(whole) > len(codes) / 6
    for source in whole:
        for rules in (RULES, RULES.keys() - {"dead_code"}):
            program = edited(source, random_edits(source, rng, 1.0, sorted(rules)))
            assert program is not None
            assert compiles(program.text, language), program.text


def test_what_javac_takes_it_takes_edited(shared_data: Path) -> None:
    assert_compiles(json_lines(shared_data / "google_code_jam" / "data.jsonl", "func", 25), "java")


def test_what_python_takes_it_takes_edited(shared_data: Path) -> None:
    lines = (shared_data / "gcj_authorship" / "train.txt").read_text(encoding="utf-8").splitlines()
    assert_compiles([line.split(" <CODESPLIT> ")[0].replace("\\n", "\n") for line in lines[::12]], "python")


@pytest.mark.parametrize("rule", RULES)
def test_an_edit_is_sound_only_as_its_rule_finds_it(rule: str) -> None:
    source = analyse("int f(int a) { if (a < 3) return 1; else a++; while (a) { a--; } return a; }", "c")
    edit = RULES[rule](source)[0]
    assert edit.rule == rule
    assert is_sound(source, edit)
    start, end, text = edit.splices[0]
    changed = edit.splices[0]._replace(text=f"{text} ")
    assert not is_sound(source, edit._replace(splices=(changed, *edit.splices[1:])))
    assert not is_sound(source, edit._replace(rule="no such rule"))
    assert not is_sound(analyse("int f(int a);", "c"), edit)
    assert edited(source, [edit, Edit(rule, ((changed._replace(start=start, end=end)),))]) is None


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("code", ["", "\n", "\ufeff", "}", "(", "'", "if", "\x00", "/*", "#if"])
@pytest.mark.parametrize("language", ["c", "java", "python"])
def test_any_text_is_read(rule: str, code: str, language: str) -> None:
    assert RULES[rule](analyse(code, language)) == ()
