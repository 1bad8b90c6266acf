"""What a row says of the student it is about."""

from __future__ import annotations

from pathlib import Path

from robust_ray.compression import NoCompression
from robust_ray.models import Imported, ScratchRoberta, Training
from robust_ray.models.base import CodeModel
from robust_ray.stages import Cell
from robust_ray.tasks import DefectDetection


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
