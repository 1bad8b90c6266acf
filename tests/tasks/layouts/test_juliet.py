"""Juliet: what counts as an example, and what must not give it away."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from robust_ray.core.errors import DataError
from robust_ray.source.languages import parse
from robust_ray.tasks import DefectDetection
from robust_ray.tasks.layouts.juliet import programs

C_CASE = """/* TEMPLATE GENERATED TESTCASE FILE */
#include "std_testcase.h"

#ifndef OMITBAD

static void badSink(int data)
{
    /* POTENTIAL FLAW: no check */
    table[data] = 1;
}

void CWE121_Overflow__fgets_41_bad()
{
    int data = -1;
    badSink(data + KIND);
}

#endif /* OMITBAD */

#ifndef OMITGOOD

static void goodG2BSink(int data)
{
    table[data] = 1;
}

static void goodG2B()
{
    int data = 7 + KIND; /* FIX */
    goodG2BSink(data);
}

void CWE121_Overflow__fgets_41_good()
{
    goodG2B();
}

#endif /* OMITGOOD */

int main() { CWE121_Overflow__fgets_41_bad(); return 0; }
"""

JAVA_CASE = """package testcases.CWE89_SQL_Injection;

public class CWE89_SQL_Injection__execute_01 extends AbstractTestCase
{
    /* bad */
    public void bad() throws Throwable
    {
        String data = System.getenv("ADD" + KIND);
        statement.execute("insert " + data);
    }

    public void good() throws Throwable
    {
        goodG2B();
    }

    private void goodG2B() throws Throwable
    {
        String data = "foo" + KIND;
        statement.execute("insert " + data);
    }
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    weakness = tmp_path / "testcases" / "CWE121_Overflow" / "s01"
    weakness.mkdir(parents=True)
    for kind in range(30):
        for flow in ("41", "42"):
            text = C_CASE.replace("KIND", f"{kind}{flow}")
            (weakness / f"CWE121_Overflow__fgets{kind}_{flow}.c").write_text(text)
    (weakness / "CWE121_Overflow__fgets_51a.c").write_text(C_CASE)
    (weakness / "main.c").write_text(C_CASE)
    return tmp_path


def test_a_function_brings_what_it_calls() -> None:
    (bad, weak, text), (good, safe, other) = programs(C_CASE, "c")
    assert (bad, weak, good, safe) == ("bad", 1, "goodG2B", 0)
    assert text == (
        "static void function_1(int data)\n{\n    table[data] = 1;\n}\n\n"
        "void function_2()\n{\n    int data = -1;\n    function_1(data + KIND);\n}"
    )
    assert "function_2" in other
    assert "main" not in text + other


def test_java() -> None:
    found = list(programs(JAVA_CASE, "java"))
    assert [(name, label) for name, label, _ in found] == [("bad", 1), ("goodG2B", 0)]
    assert found[0][2].startswith("public void function_1() throws Throwable\n{\n    String data")
    assert not any(parse(text.encode(), "java").root_node.has_error for _, _, text in found)


def test_nothing_tells_the_label(folder: Path) -> None:
    task = DefectDetection(data=str(folder))
    texts = [text for split in ("train", "valid", "test") for each in task.load(split) for text in each.segments]
    assert texts
    assert not any(re.search(r"good|bad|CWE|FLAW|FIX", text) for text in texts)


def test_the_variants_of_a_case_are_in_one_split(folder: Path) -> None:
    task = DefectDetection(data=str(folder))
    cases = [{example.uid.split("_4")[0] for example in task.load(split)} for split in ("train", "valid", "test")]
    assert sum(map(len, cases)) == len(set.union(*cases)) == 30
    assert sum(len(task.load(split)) for split in ("train", "valid", "test")) == 120


def test_the_language_is_that_of_most_files(folder: Path) -> None:
    assert DefectDetection(data=str(folder)).code_language == "c"
    java = folder / "src" / "testcases" / "CWE89_SQL_Injection"
    java.mkdir(parents=True)
    for flow in range(10, 20):
        (java / f"CWE89_SQL_Injection__execute_{flow}.java").write_text(JAVA_CASE.replace("KIND", str(flow)))
    assert DefectDetection(data=str(java.parent)).code_language == "java"


def test_mixed_languages(folder: Path) -> None:
    for kind in range(10):
        path = folder / "testcases" / "CWE121_Overflow" / f"CWE121_Overflow__x{kind}_01.java"
        path.write_text(JAVA_CASE)
    with pytest.raises(
        DataError, match=r"_01\.java: all code of a task must be in one language, here 'c', but this is"
    ):
        DefectDetection(data=str(folder)).load("train")
