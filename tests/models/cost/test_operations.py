"""Operations are counted by shape, whatever kernel does them."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest

from robust_ray.models.students import Network, alter
from tests.models.conftest import toy

pytestmark = pytest.mark.torch

(ONE,) = (example.segments for example in toy(1))


def counted(network: Network) -> int:
    from robust_ray.models.cost import operations
    from robust_ray.models.victim import TransformerVictim

    return operations(TransformerVictim(network=network, device="cpu", threads=1).afresh(), ONE)


def test_a_transformer_counts_as_by_hand(tiny: Network) -> None:
    from robust_ray.models.reading.encoding import encode

    (encoding,) = encode(tiny, [ONE])
    n, h, i = encoding.length, 16, 32
    layer = 4 * (2 * n * h * h) + 2 * (2 * n * h * i) + 2 * (2 * n * n * h)
    head = 2 * h * h + 2 * h * 2
    assert counted(tiny) == layer + head


@pytest.mark.parametrize("per_channel", [True, False])
def test_int8_layers_count_as_those_they_replace(tiny: Network, per_channel: bool) -> None:
    int8 = alter(replace(tiny, module=deepcopy(tiny.module)), {"type": "int8_dynamic", "per_channel": per_channel})
    assert counted(int8) == counted(tiny)
    assert not any(part._forward_hooks for part in int8.module.modules())


def test_zeros_count_and_removed_neurons_do_not(tiny: Network) -> None:
    import torch

    whole = counted(tiny)
    with torch.no_grad():
        tiny.module.get_parameter("body.encoder.layer.0.intermediate.dense.weight")[:16] = 0
    assert counted(tiny) == whole
    half = alter(tiny, {"type": "keep_neurons", "kept": {"body.encoder.layer.0": "16-31"}})
    assert counted(half) < whole


def test_a_writer_counts_what_it_writes(shrunk_folder: Callable[[str], Path], tmp_path: Path) -> None:
    from robust_ray.core.machine import Machine
    from robust_ray.models import HuggingFace, students
    from robust_ray.models.cost import operations
    from robust_ray.models.writing import Generation
    from tests.fakes import asks

    def of(length: int) -> int:
        model = HuggingFace(name=str(shrunk_folder("codet5")), generation=Generation(beams=1, max_new_tokens=length))
        folder = tmp_path / str(length)
        students.save(model.load(toy(4), asks(0), 0, tmp_path), folder)
        return operations(students.load_victim(folder, Machine()), (*ONE, "a text"))

    assert 0 < of(2) < of(6)
