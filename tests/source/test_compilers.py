"""What the languages' own compilers say, and what is said where there is none."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from robust_ray.core.errors import DataError
from robust_ray.source import compilers
from robust_ray.source._javac import Javac
from robust_ray.source.compilers import compiler, compiles, java_file, prefetch

needs_c = pytest.mark.skipif(compiler("c") is None, reason="no C compiler")
needs_java = pytest.mark.skipif(compiler("java") is None, reason="no JDK")

GOOD = {
    "c": '#include <stdio.h>\nint f(int a) { return printf("%d", a); }',
    "java": "int f(List<Integer> a) { return a.get(0); }",
    "python": "def f(a):\n    return a\n",
}
BAD = {
    "c": "int f(int a) { return b; }",
    "java": "int f(int a) { return b; }",
    "python": "def f(a):\n    return a b\n",
}


@pytest.fixture
def no_tools(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without compilers."""
    compiler.cache_clear()
    monkeypatch.setenv("PATH", "")
    yield
    compiler.cache_clear()


@pytest.mark.parametrize(
    "language", [pytest.param("c", marks=needs_c), pytest.param("java", marks=needs_java), "python"]
)
def test_what_compiles_alone(language: str) -> None:
    assert compiles(GOOD[language], language) is True
    assert compiles(BAD[language], language) is False


def test_an_indented_snippet_of_python() -> None:
    assert compiles("    a = 1\n    b = a\n", "python")
    assert not compiles("    a = 1\n  b = a\n", "python")


@pytest.mark.parametrize(
    "program",
    [
        "public class Whatever { public static void main(String[] a) { new Scanner(System.in).nextInt(); } }",
        "class A { } public class B { A a; }",
        "package p.q; import java.util.*; public class C { List<String> names; }",
        "import java.awt.List; class D { List list; }",
        "static <T extends Comparable<T>> T most(Collection<T> all) { return Collections.max(all); }",
        '@Override public String toString() { return ""; } private int n;',
    ],
)
@needs_java
def test_java_as_it_comes(program: str) -> None:
    assert compiles(program, "java")


@needs_java
def test_java_without_imports_gets_them() -> None:
    assert "import java.util.*;" in java_file("class A { }")
    assert java_file("import java.io.File; class A { }").count("import") == 1
    assert not compiles("import java.io.File; class A { List<File> files; }", "java")


@needs_java
def test_a_compiler_that_dies_is_started_again() -> None:
    assert compiles("class BeforeDeath { }", "java")
    process = compilers._javac().process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    assert compiles("class AfterDeath { }", "java") is True
    assert compilers._javac().process is not process


@needs_java
def test_threads_take_turns() -> None:
    answers: dict[int, bool | None] = {}

    def ask(i: int) -> None:
        answers[i] = compiles(f"class T{i} {{ int f() {{ return {'i' if i % 2 else '1'}; }} }}", "java")

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {i: i % 2 == 0 for i in range(8)}


@needs_java
def test_a_jdk_that_does_not_start_is_not_tried_again(tmp_path: Path) -> None:
    java = tmp_path / "java"
    java.write_text('#!/bin/sh\necho started >> "$0.log"\nexit 1\n')
    java.chmod(0o755)
    javac = Javac(str(tmp_path / "javac"))
    assert javac.takes("class A { }") is None
    assert javac.takes("class A { }") is None
    assert (tmp_path / "java.log").read_text() == "started\n"


@needs_c
def test_a_forked_process_asks_for_itself() -> None:
    prefetch(GOOD["c"], "c")
    child = os.fork()
    if child == 0:
        os._exit(0 if compiles("int only_in_the_child;", "c") else 1)
    assert os.waitpid(child, 0)[1] == 0


@needs_c
def test_c_leaves_nothing_and_knows_no_files_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.h").write_text("int mine;")
    assert compiles('#include "mine.h"\n', "c") is False
    assert [path.name for path in tmp_path.iterdir()] == ["mine.h"]


@needs_c
def test_what_was_fetched_ahead_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "int fetched_ahead(void) { return 1; }"
    prefetch(text, "c")
    assert compiles(text, "c")
    monkeypatch.setattr(compilers, "_c_compiles", lambda text: pytest.fail("asked again"))
    assert compiles(text, "c")


@pytest.mark.usefixtures("no_tools")
def test_without_compilers_nothing_is_said() -> None:
    assert compiles(GOOD["c"], "c") is None
    assert compiles(GOOD["java"], "java") is None
    assert compiles(GOOD["python"], "python") is True
    prefetch(GOOD["c"], "c")


def test_an_unknown_language() -> None:
    with pytest.raises(DataError, match="language must be one we can parse"):
        compiles("", "cobol")
