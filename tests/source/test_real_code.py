"""On real programs: renaming everything is valid, and what is broken on purpose is found out."""

from __future__ import annotations

import difflib
import fractions
import heapq
import shutil
import subprocess
import textwrap
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

from robust_ray.source import Level, SourceCode, analyse, changes, check, rename, suits
from tests.source.programs import functions, json_lines, rename_all


def assert_survives(code: str, language: str) -> Level | None:
    """All names changed is valid and can be undone; half a change, a merge and a changed member are not."""
    source = analyse(code, language)
    text, renames = rename_all(source)
    result = check(source, text, renames)
    assert result.is_valid, result.reason
    if not renames:
        return None
    there = analyse(text, language)
    assert len(there.tokens) == len(source.tokens)
    assert changes(source, text, renames).tokens_changed == sum(len(spans) for spans in source.spans.values())
    restored = rename(there, {new: old for old, new in renames.items()})
    assert restored == code or not all(suits(there, new, old) for old, new in renames.items())
    _assert_breakage_is_found(source)
    return result.level


def _assert_breakage_is_found(source: SourceCode) -> None:
    name, spans = max(source.spans.items(), key=lambda item: len(item[1]))
    missed = _write(source, spans[1:], "fresh_name")
    assert not check(source, missed, {name: "fresh_name"}).is_valid
    for other in [other for other in source.spans if other != name][:3]:
        merged = _write(source, spans, other)
        assert not check(source, merged, {name: other}).is_valid
    changeable = {span for spans in source.spans.values() for span in spans}
    for span in [span for span in source.tokens if span not in changeable and source.data[slice(*span)].isalpha()][:3]:
        old = source.data[slice(*span)].decode()
        assert not check(source, _write(source, [span], "fresh_name"), {old: "fresh_name"}).is_valid


def _write(source: SourceCode, spans: Sequence[tuple[int, int]], word: str) -> str:
    data = source.data
    for start, end in sorted(spans, reverse=True):
        data = data[:start] + word.encode() + data[end:]
    return data.decode()


@pytest.mark.parametrize("module", [difflib, fractions, heapq, textwrap], ids=lambda module: module.__name__)
def test_standard_library(module: ModuleType) -> None:
    levels = [assert_survives(code, "python") for code in functions(module)]
    assert set(levels) <= {Level.COMPILE, None}
    assert levels.count(Level.COMPILE) > len(levels) / 2


def test_c_functions(shared_data: Path) -> None:
    for code in json_lines(shared_data / "devign" / "test.jsonl", "func", 120):
        assert_survives(code, "c")


def test_java_methods(shared_data: Path) -> None:
    for code in json_lines(shared_data / "bigclonebench" / "data.jsonl", "func", 120):
        assert_survives(code, "java")


def test_nearly_every_real_function_has_something_to_rename(shared_data: Path) -> None:
    rows = json_lines(shared_data / "devign" / "test.jsonl", "func", 200)
    assert sum(bool(analyse(code, "c").identifiers) for code in rows) >= 190


def test_python_2_programs(shared_data: Path) -> None:
    lines = (shared_data / "gcj_authorship" / "valid.txt").read_text(encoding="utf-8").splitlines()
    for line in lines[:60]:
        assert_survives(line.split(" <CODESPLIT> ")[0].replace("\\n", "\n"), "python")


@pytest.mark.skipif(shutil.which("javac") is None, reason="no Java compiler")
def test_what_javac_takes_it_takes_renamed(shared_data: Path, tmp_path: Path) -> None:
    imports = "import java.util.*; import java.io.*; import java.math.*; import java.text.*;"
    programs = json_lines(shared_data / "google_code_jam" / "data.jsonl", "func", 40)
    for kind in ("before", "after"):
        for i, code in enumerate(programs):
            text = code if kind == "before" else rename_all(analyse(code, "java"))[0]
            path = tmp_path / f"{kind}{i}" / "Main.java"
            path.parent.mkdir()
            path.write_text(f"package {kind}{i}; {imports}\n{text.replace('public class', 'class')}", encoding="utf-8")
    options = ["-proc:none", "-nowarn", "-Xmaxerrs", "9999", "-XDshould-stop.ifError=FLOW", "-encoding", "UTF-8"]
    command = ["javac", *options, "-d", str(tmp_path / "out"), *map(str, sorted(tmp_path.rglob("*.java")))]
    errors = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    refused = {
        kind: {i for i in range(len(programs)) if f"{kind}{i}/Main.java" in errors} for kind in ("before", "after")
    }
    assert refused["after"] <= refused["before"]
    assert len(refused["before"]) < len(programs) / 4
