"""What ``robust-ray inspect STUDENT --store`` shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from robust_ray.cli import main
from robust_ray.core.call import Ref
from robust_ray.core.records import EvaluationRecord
from robust_ray.store import Store
from tests.analysis.synthetic import TEACHER, evaluation

DESCRIPTION = {
    "architecture": {"type": "segment_roberta"},
    "max_length": 400,
    "alterations": [{"type": "keep_heads"}],
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A teacher's copy and two students, all measured but one."""
    store = Store.open(str(tmp_path / "store"))
    rows = [evaluation("none"), evaluation("magnitude_pruning"), evaluation("dynamic_quantization", threads=8)]
    for row in rows:
        store.put_rows(Ref(row.key, row.table), [row], {}, EvaluationRecord)
    for name in ("none", "magnitude_pruning", "dynamic_quantization", "head_pruning"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "architecture.json").write_text(json.dumps(DESCRIPTION))
        made = {"inputs": {"teacher": [TEACHER]}, "params": {"compression": {"type": name, "version": 1, "fields": {}}}}
        store.put_checkpoint(f"compress-{name}-v1-bbbb", folder, made)
    return store


def card(capsys: pytest.CaptureFixture[str], store: Store, compression: str) -> list[str]:
    """The lines of a card, blanks folded."""
    assert main(["inspect", f"compress-{compression}-v1-bbbb", "--store", store.uri]) == 0
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_a_student_stands_beside_its_teacher(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    lines = card(capsys, store, "magnitude_pruning")
    assert lines[0] == "compress-magnitude_pruning-v1-bbbb"
    assert lines[1].startswith(f'made of {TEACHER} by {{"type": "magnitude_pruning"')
    assert "segment_roberta; window 400 tokens" in lines
    assert "altered: keep_heads" in lines
    assert "on 200 test examples, float32, 1 thread(s) of A Processor" in lines
    assert "student teacher" in lines
    assert "accuracy 80.0 % 84.0 %" in lines
    assert "not zero 600,000 1,000,000" in lines
    assert "bytes once loaded 4,000,000 4,000,000" in lines
    assert "examples a second, in batches 512.0 512.0" in lines
    assert not any(line.startswith("mJ an example") for line in lines)


def test_a_pruned_network_is_not_called_smaller(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert card(capsys, store, "magnitude_pruning")[-1].startswith("same dense size: ")


def test_times_of_other_conditions_are_not_compared(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    lines = card(capsys, store, "dynamic_quantization")
    assert "student" in lines
    assert "ms for one example, median 4.000" in lines
    assert lines[-1].startswith("its answers depend on their batch neighbours")


def test_one_that_was_not_measured_is_described(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert card(capsys, store, "head_pruning")[-1].startswith("not measured yet")


def test_a_mistake_is_one_sentence(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "compress-non-v1-bbbb", "--store", store.uri]) == 2
    assert "must hold the student 'compress-non-v1-bbbb'" in (said := capsys.readouterr().err)
    assert "did you mean 'compress-none-v1-bbbb'?" in said
    assert main(["inspect", "anything", "--store", f"{store.uri}/nowhere"]) == 2
    assert "a store must lie there" in capsys.readouterr().err


def test_a_damaged_description_is_told(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "damaged"
    folder.mkdir()
    (folder / "architecture.json").write_text("{}")
    store.put_checkpoint("compress-none-v1-dddd", folder, {})
    assert main(["inspect", "compress-none-v1-dddd", "--store", store.uri]) == 2
    assert "what a student is must be readable" in capsys.readouterr().err
