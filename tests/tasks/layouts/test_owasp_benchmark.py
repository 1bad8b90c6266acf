"""OWASP Benchmark: a table of labels beside the servlets."""

from __future__ import annotations

from pathlib import Path

import pytest

from robust_ray.core.errors import DataError
from robust_ray.source.languages import parse
from robust_ray.tasks import DefectDetection
from robust_ray.tasks.layouts.owasp_benchmark import SERVLETS

SERVLET = """/**
 * A licence.
 */
package org.owasp.benchmark.testcode;

import java.io.IOException;

@WebServlet(value = "/cmdi-00/{name}")
public class {name} extends HttpServlet {{
    public void doPost(HttpServletRequest request) {{
        // some code
        run(request.getHeader("{name}"));
    }}
}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    names = [f"BenchmarkTest{i:05}" for i in range(60)]
    table = [f"{name},cmdi,{'true' if i % 2 else 'false'},78" for i, name in enumerate(names)]
    (tmp_path / "expectedresults-1.2.csv").write_text("\n".join(["# test name, category, real, cwe", *table]))
    (tmp_path / SERVLETS).mkdir(parents=True)
    for name in names:
        (tmp_path / SERVLETS / f"{name}.java").write_text(SERVLET.format(name=name))
    return tmp_path


def test_labels_and_text(folder: Path) -> None:
    task = DefectDetection(data=str(folder))
    assert task.code_language == "java"
    assert task.published[0].licence == "GPL-2.0"
    for example in task.load("train"):
        assert example.label == int(example.uid[-5:]) % 2
        (text,) = example.segments
        assert text.startswith(f'@WebServlet(value = "/cmdi-00/{example.uid}")\npublic class {example.uid}')
        assert "//" not in text
        assert not parse(text.encode(), "java").root_node.has_error


def test_every_servlet_is_in_one_split(folder: Path) -> None:
    task = DefectDetection(data=str(folder))
    splits = [{example.uid for example in task.load(split)} for split in ("train", "valid", "test")]
    assert sum(map(len, splits)) == len(set.union(*splits)) == 60
    assert len(splits[0]) > 36


def test_the_servlets_are_in_the_revision(folder: Path) -> None:
    before = DefectDetection(data=str(folder)).revision()
    (folder / SERVLETS / "BenchmarkTest00007.java").write_text("class A { int changed; }")
    assert DefectDetection(data=str(folder)).revision() != before


def test_a_row_that_says_nothing(folder: Path) -> None:
    with (folder / "expectedresults-1.2.csv").open("a") as stream:
        stream.write("\nBenchmarkTest00060,cmdi,maybe,78\n")
    with pytest.raises(
        DataError, match=r"1\.2\.csv:62: `test name,category,true or false,…` must hold, but got 'Bench"
    ):
        DefectDetection(data=str(folder)).load("train")


def test_a_missing_servlet(folder: Path) -> None:
    (folder / SERVLETS / "BenchmarkTest00007.java").unlink()
    with pytest.raises(DataError, match=r"the file '.*BenchmarkTest00007\.java' must be here, but it is not"):
        DefectDetection(data=str(folder)).revision()
