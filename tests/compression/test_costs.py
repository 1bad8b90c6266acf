"""However weights are stored, they are as many numbers and as much work as before; only bytes differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from robust_ray.compression import COMPRESSIONS, Compression, Lesson
from robust_ray.core.build import build
from robust_ray.core.machine import Machine

pytestmark = pytest.mark.torch

SAME_SHAPE = [
    "{type: dynamic_quantization}",
    "{type: float8_quantization, embeddings: true}",
    "{type: int8_quantization}",
    "{type: magnitude_pruning, sparsity: 0.5, scope: all}",
    "{type: nf4_quantization, embeddings: true}",
    "{type: simulated_quantization, bits: 3, embeddings: true}",
    "{type: static_quantization, calibration_examples: 4}",
    "{type: weight_only_quantization, bits: 4, embeddings: true}",
    "{type: weight_sharing, scope: all}",
]


def built(text: str) -> Compression:
    import yaml

    return build(Compression, yaml.safe_load(text), "here")


def test_every_way_to_store_weights_is_tried() -> None:
    tried = {built(text).type for text in SAME_SHAPE}
    assert {name for name in COMPRESSIONS if name.endswith(("_quantization", "_sharing"))} <= tried


@pytest.mark.parametrize("text", SAME_SHAPE)
def test_as_many_numbers_and_operations_in_fewer_bytes(
    text: str, teacher: Path, lesson: Lesson, tmp_path: Path
) -> None:
    from robust_ray.models import students
    from robust_ray.models.bert_formula import Sizes
    from robust_ray.models.cost import operations, sizes_of, weights

    def counted(folder: Path) -> tuple[int, int, Sizes | None]:
        victim = students.load_victim(folder, Machine()).afresh()
        numbers = sum(tensor.numel() for tensor in weights(victim.network.module))
        return numbers, operations(victim, lesson.valid[0].input), sizes_of(victim.network.module)

    built(text).compress(teacher, lesson, tmp_path, Machine())
    assert counted(tmp_path) == counted(teacher)
    assert counted(teacher)[2] is not None
    assert (tmp_path / students.WEIGHTS).stat().st_size < 0.75 * (teacher / students.WEIGHTS).stat().st_size
