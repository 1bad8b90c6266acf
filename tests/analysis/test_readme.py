"""The Python of the README runs on a store."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[2] / "analysis" / "README.md"
SNIPPETS = [code for code in re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL) if "polars" not in code]


@pytest.mark.parametrize("code", SNIPPETS, ids=["pandas", "operations"])
def test_a_snippet_runs(code: str, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(code.replace('"results', f'"{store.as_posix()}'), "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert re.search(r"magnitude_pruning.*alert +0\.521739", printed)
