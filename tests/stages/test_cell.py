"""What a row says of the student it is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from robust_ray.compression import NoCompression
from robust_ray.core.call import Inputs
from robust_ray.core.examples import Example
from robust_ray.core.machine import Machine
from robust_ray.models import Imported, ScratchRoberta, Training
from robust_ray.models.base import CodeModel
from robust_ray.stages import Cell
from robust_ray.stages.cell import victim_of
from robust_ray.tasks import DefectDetection
from tests.fakes import asks


def model_params(model: CodeModel) -> str:
    """The column of that name."""
    cell = Cell(
        model=model,
        task=DefectDetection(),
        training=Training(),
        compression=NoCompression(),
        seed=0,
        teacher="finetune-x",
    )
    return str(cell.columns("evaluate-x", "compress-x")["model_params"])


def test_networks_from_different_files_are_different_models(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.bin").write_text("other weights" if name == "c" else "weights")
    a, b, c = (model_params(Imported(path=str(tmp_path / name / "model.bin"))) for name in ("a", "b", "c"))
    assert a == b != c


def test_a_model_that_reads_no_file_is_its_fields() -> None:
    assert "revision" not in model_params(ScratchRoberta())


@pytest.mark.torch
def test_a_warm_victim_knows_nothing_of_what_other_calls_asked(tmp_path: Path) -> None:
    from robust_ray.models import students

    codes = [f"def f{i}(a):\n    return a + {i}\n" for i in range(4)]
    pairs = [Example(uid=str(i), segments=(codes[i], codes[i - 1]), label=i % 2, language="python") for i in range(4)]
    machine = Machine()
    model = ScratchRoberta(layers=1, hidden=16, heads=2, intermediate=16, vocabulary=300)
    students.save(model.load(pairs, asks(segments=2), 0, tmp_path), tmp_path)
    inputs = Inputs(checkpoints={"student": tmp_path}, keys={"student": ("compress-x",)})
    asked = [pair.input for pair in pairs]
    first = victim_of(inputs, "student", machine, "float32")
    lengths = [encoding.length for encoding in first.encode(asked)]
    first.predict(first.encode(asked))
    again = [encoding.length for encoding in first.encode(asked)]
    assert again != lengths, "within a call, a victim reads what it has read no second time"
    second = victim_of(inputs, "student", machine, "float32")
    assert second.network is first.network
    assert [encoding.length for encoding in second.encode(asked)] == lengths
