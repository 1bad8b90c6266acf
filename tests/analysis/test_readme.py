"""What the README and the notebook show runs on a store."""

from __future__ import annotations

import ast
import importlib
import json
import re
import shlex
from pathlib import Path
from typing import Any

import duckdb
import pytest

from robust_ray import cli
from tests.analysis.synthetic import small_store

ANALYSIS = Path(__file__).resolve().parents[2] / "analysis"
README = (ANALYSIS / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
SQL = re.findall(r"```sql\n(.*?)```", README, re.DOTALL)
COMMANDS = [
    line.partition("#")[0] for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()
]
NOTEBOOK = json.loads((ANALYSIS / "tour.ipynb").read_text(encoding="utf-8"))
CELLS = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]

RATE = 12 / 23
"""Of the pruned student under alert, as the small store has it."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder in which ``results`` holds the small store, its sweep called as in the README, and compacted."""
    place = tmp_path_factory.mktemp("readme")
    store = small_store(place / "results")
    store.put_plan("quickstart", {"sweep": "quickstart", "keys": store.plans("small")[-1]["keys"]})
    store.compact("quickstart")
    return place


@pytest.fixture(autouse=True)
def there(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)


def imported(code: str) -> str:
    return code.split()[1]


@pytest.mark.parametrize("code", PYTHON, ids=imported)
def test_a_snippet_runs(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert re.search(r"magnitude_pruning.*alert.*0\.521739", printed) or "180 attacked examples" in printed


@pytest.mark.parametrize("query", SQL)
def test_a_query_runs(query: str) -> None:
    rows = duckdb.execute(query).fetchall()
    assert ("magnitude_pruning", "alert", pytest.approx(RATE)) in rows


def test_every_way_to_read_rows_is_run() -> None:
    assert [imported(code) for code in PYTHON] == ["pandas", "polars", "analysis.load", "pyarrow.dataset"]
    assert len(SQL) == 1


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("robust-ray")])
def test_a_command_runs(line: str, place: Path) -> None:
    assert cli.main(shlex.split(line)[1:]) == 0


def test_every_question_has_a_line_and_every_line_a_module() -> None:
    named = {re.match(r"python -m analysis\.(\w+) ", line) for line in COMMANDS}
    listed = {match[1] for match in named if match}
    texts = {path.stem: path.read_text(encoding="utf-8") for path in ANALYSIS.glob("*.py")}
    mains = {name for name, text in texts.items() if '__name__ == "__main__"' in text}
    assert listed == mains
    assert all(callable(importlib.import_module(f"analysis.{name}").main) for name in listed)


def test_the_notebook_holds_no_outputs_and_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in CELLS)
    names: dict[str, Any] = {}
    shown = [executed("".join(cell["source"]), names) for cell in CELLS]
    assert shown[0] == "nothing is missing"
    assert shown[1].to_dict()["title"] == "tiny on defect_detection"
    assert "52.2\N{NO-BREAK SPACE}% [33.0, 70.8]" in capsys.readouterr().out
    assert RATE in shown[3]["asr"].to_list()


def executed(code: str, names: dict[str, Any]) -> Any:
    """What a notebook shows below a cell: the value of its last expression, if it ends with one."""
    cell = ast.parse(code)
    last = cell.body[-1]
    if isinstance(last, ast.Expr):
        cell.body[-1] = ast.copy_location(ast.Assign([ast.Name("shown", ast.Store())], last.value), last)
    exec(compile(ast.fix_missing_locations(cell), "tour.ipynb", "exec"), names)
    return names.pop("shown", None)
