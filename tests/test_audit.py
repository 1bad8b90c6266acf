"""Every adversarial example of a store is checked again; what is broken is named."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from robust_ray import audit as auditing
from robust_ray.audit import Finding, audit, summarize
from robust_ray.cli import main
from robust_ray.core.call import Ref
from robust_ray.core.errors import StoreError, SweepError
from robust_ray.core.records import AttackRecord, Verdict
from robust_ray.source import Level, Validity, analyse, rename
from robust_ray.store import Store
from tests.analysis.synthetic import attack
from tests.fakes import JAVA, PYTHON, C

KEY = "attack-x-v1-0"
SAME, OTHER = PYTHON[0], PYTHON[0].replace("total += value", "total -= value")


def row(
    original: str, renames: dict[str, str], language: str, *, verdict: str = Verdict.SUCCEEDED, **changes: Any
) -> AttackRecord:
    """A success, by renaming unless an adversarial text is given."""
    text = changes.pop("adversarial", None) or rename(analyse(original, language), renames)
    columns: dict[str, Any] = {"key": KEY, "language": language, "verdict": verdict, "original": original}
    columns |= {"adversarial": text, "renames": json.dumps(renames), "edits": "[]"}
    return dataclasses.replace(attack("none", "mhm", 0, Verdict.SUCCEEDED), **columns | changes)


def stored(folder: Path, *rows: AttackRecord) -> str:
    """The URI of a store with these rows."""
    store = Store.open(str(folder / "store"))
    store.put_rows(Ref(KEY, AttackRecord.table), rows, {}, AttackRecord)
    store.put_plan("case", {"sweep": "case", "keys": [KEY]})
    return store.uri


GOOD = (
    row(PYTHON[0], {"total": "n"}, "python", uid="p"),
    row(C[0], {"index": "place"}, "c", uid="c"),
    row(JAVA[0], {"total": "n"}, "java", uid="j"),
)


def test_a_store_of_valid_examples(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    uri = stored(tmp_path, *GOOD)
    assert main(["audit", "--store", uri]) == 0
    assert "3 adversarial examples checked; 0 that count are not valid" in capsys.readouterr().out
    found = audit(uri, "case")
    assert [finding.objection for finding in found.findings] == [None] * 3
    assert [finding.informative for finding in found.findings] == [8, 0, 0]


def test_a_broken_example_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = row(C[0], {"index": "place"}, "c", uid="bad", adversarial=C[0].replace("int index", "int place"))
    uri = stored(tmp_path, *GOOD, broken)
    assert main(["audit", "--store", uri]) == 1
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("BROKEN")]
    assert len(lines) == 1
    assert lines[0].startswith(f"BROKEN {KEY} bad: ")


def test_a_program_that_runs_differently_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    valid = Validity(True, Level.BIND, None)
    monkeypatch.setattr(auditing, "check", lambda *_: valid)
    found = audit(stored(tmp_path, row(SAME, {}, "python", adversarial=OTHER)))
    assert [finding.objection for finding in found.broken] == [None]
    assert found.broken[0].difference is not None


def test_what_the_row_calls_invalid_counts_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    invalid = row(SAME, {"total": "n"}, "python", verdict=Verdict.INVALID, adversarial=OTHER, is_valid=False)
    uri = stored(tmp_path, *GOOD, invalid)
    assert main(["audit", "--store", uri]) == 0
    assert "BROKEN" not in capsys.readouterr().out
    lines = summarize(audit(uri).findings)
    assert [(line.language, line.checked, line.broken) for line in lines if line.claimed == "invalid"] == [
        ("python", 1, 1)
    ]


def test_only_examples_with_an_adversarial_text_are_checked(tmp_path: Path) -> None:
    failed = dataclasses.replace(attack("none", "mhm", 0, Verdict.FAILED), key=KEY)
    assert audit(stored(tmp_path, failed)).findings == ()


@pytest.mark.parametrize(
    "changes", [{"renames": "no JSON"}, {"renames": "[1]"}, {"edits": '[["rule"]]'}, {"edits": '[["no rule",[]]]'}]
)
def test_a_row_that_claims_nonsense_is_broken(changes: dict[str, Any], tmp_path: Path) -> None:
    found = audit(stored(tmp_path, dataclasses.replace(GOOD[0], **changes)))
    assert len(found.broken) == 1


def test_many_examples_are_checked_by_several_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditing, "CHUNK", 2)
    uri = stored(tmp_path, *(row(PYTHON[0], {"total": f"n{i}"}, "python", uid=str(i)) for i in range(5)))
    found = audit(uri, processes=2)
    assert [finding.claim.uid for finding in found.findings] == list("01234")
    assert found.broken == ()


def test_a_damaged_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    uri = stored(tmp_path, *GOOD)
    next((tmp_path / "store" / "tables" / "attacks").iterdir()).write_bytes(b"no Parquet")
    assert main(["audit", "--store", uri]) == 1
    assert f"UNREADABLE {KEY}" in capsys.readouterr().out


def test_the_counts_of_the_table() -> None:
    claim = auditing._claims(_table(GOOD[0]))[0]
    findings = [
        Finding(claim, "compile", None, 8, None),
        Finding(claim, "compile", None, 3, "other"),
        Finding(claim, "compile", None, 0, None),
        Finding(claim, "compile", "no", 0, None),
    ]
    assert summarize(findings) == [auditing.Line("python", "compile", "valid", 4, 3, 1, 1, 1, 1)]


def _table(*rows: AttackRecord) -> Any:
    from robust_ray.store import results

    return results.to_table(rows, AttackRecord)


def test_no_store_and_no_such_sweep(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="a store must lie there"):
        audit(str(tmp_path / "nothing"))
    with pytest.raises(SweepError, match="'cas' was never run into this store; did you mean 'case'"):
        audit(stored(tmp_path, *GOOD), "cas")
