"""Edited programs do what they did: random functions are run before and after, in all three languages."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from robust_ray.source import analyse
from robust_ray.source.compilers import compiles
from robust_ray.source.edits import edited
from robust_ray.source.statements import RULES
from tests.source.edited_programs import random_edits
from tests.source.random_programs import Writer

INPUTS = list(itertools.product((-2, 0, 1, 3, 5), repeat=2))

SETS = 4
"""Sets of edits tried on each function."""


def variants(language: str, count: int, seed: int) -> list[tuple[str, list[str]]]:
    """Random functions, each with what some edits make of it."""
    rng = np.random.default_rng(seed)
    writer = Writer(language, rng)
    found: list[tuple[str, list[str]]] = []
    while len(found) < count:
        code = writer.function("f")
        if language != "c" and not compiles(
            code.replace("trace", "Math.abs" if language == "java" else "trace"), language
        ):
            continue
        source = analyse(code, language)
        assert not source.error_count, code
        texts = []
        for i in range(SETS):
            rules = [rule for rule in RULES if rule != "dead_code" or i == 0]
            program = edited(source, random_edits(source, rng, (1.0, 1.0, 0.5, 0.2)[i], rules))
            assert program is not None
            assert not program.error_count, program.text
            texts.append(program.text)
        found.append((code, texts))
    return found


def assert_same_runs(found: list[tuple[str, list[str]]], run: Callable[[list[str]], list[str]]) -> None:
    """Every function's variants leave the trace that the function leaves."""
    texts = [text for code, others in found for text in (code, *others)]
    traces = run([text.replace("f(", f"f{i}(", 1) for i, text in enumerate(texts)])
    assert len(traces) == len(texts)
    for i in range(0, len(texts), SETS + 1):
        for text, trace in zip(texts[i : i + SETS + 1], traces[i : i + SETS + 1], strict=True):
            assert trace == traces[i], f"{texts[i]}\nbecame\n{text}"


def test_python() -> None:
    def run(texts: list[str]) -> list[str]:
        traces = []
        for i, text in enumerate(texts):
            trace: list[int] = []
            scope = {"trace": trace.append}
            exec(text, scope)
            results = [scope[f"f{i}"](*numbers) for numbers in INPUTS]
            traces.append(f"{trace} {results}")
        return traces

    assert_same_runs(variants("python", 60, seed=0), run)


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no C compiler")
def test_c(tmp_path: Path) -> None:
    def run(texts: list[str]) -> list[str]:
        calls = [f"f{i}({a}, {b})" for i in range(len(texts)) for a, b in INPUTS]
        lines = [
            '#include <stdio.h>\nstatic void trace(int a) { printf("%d ", a); }',
            *texts,
            "int main(void) {",
            *(f'printf("= %d{end}", {call});' for call, end in zip(calls, itertools.cycle(ENDS), strict=False)),
            "return 0; }",
        ]
        (tmp_path / "all.c").write_text("\n".join(lines))
        subprocess.run(["gcc", "-w", "-O0", "all.c", "-o", "all"], cwd=tmp_path, check=True)
        return subprocess.run([tmp_path / "all"], capture_output=True, text=True, check=True).stdout.splitlines()

    assert_same_runs(variants("c", 40, seed=0), run)


@pytest.mark.skipif(shutil.which("javac") is None, reason="no Java compiler")
def test_java(tmp_path: Path) -> None:
    def run(texts: list[str]) -> list[str]:
        classes = []
        for i, text in enumerate(texts):
            calls = "".join(f'Main.out.append("= " + f{i}({a}, {b}) + " ");' for a, b in INPUTS)
            classes.append(f'class C{i} {{ static void trace(int a) {{ Main.out.append(a + " "); }}\n{text}\n')
            classes.append(f"static void run() {{ {calls} Main.out.append('\\n'); }} }}")
        runs = "".join(f"C{i}.run();" for i in range(len(texts)))
        main = f"public static void main(String[] a) {{ {runs} System.out.print(out); }}"
        classes.append(f"class Main {{ static StringBuilder out = new StringBuilder(); {main} }}")
        (tmp_path / "Main.java").write_text("\n".join(classes))
        done = subprocess.run(
            ["javac", "-nowarn", "Main.java"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        command = ["java", "-XX:TieredStopAtLevel=1", "-cp", str(tmp_path), "Main"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    assert_same_runs(variants("java", 25, seed=0), run)


ENDS = [*([" "] * (len(INPUTS) - 1)), "\\n"]
