"""Costs are counted on what is stored, and timed on what is asked."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from robust_ray.models.cost import Cost, compressed_size, latency, measure
from robust_ray.models.students import Network, alter, load_victim, save
from tests.models.conftest import CPU, toy

pytestmark = pytest.mark.torch

INPUTS = [example.segments for example in toy(10)]


def cost_of(network: Network, folder: Path) -> Cost:
    save(network, folder)
    return measure(folder, load_victim(folder, CPU), INPUTS, CPU)


def test_int8_has_as_many_parameters_in_fewer_bytes(tiny: Network, tmp_path: Path) -> None:
    parameters = sum(parameter.numel() for parameter in tiny.module.parameters())
    teacher = cost_of(tiny, tmp_path / "teacher")
    student = cost_of(alter(tiny, {"type": "int8_dynamic", "per_channel": True}), tmp_path / "student")
    assert teacher.parameters == student.parameters == parameters
    assert student.bytes < teacher.bytes
    assert student.compressed_bytes < teacher.compressed_bytes


def test_zeros_are_counted_and_compress(tiny: Network, tmp_path: Path) -> None:
    import torch

    dense = cost_of(tiny, tmp_path / "dense")
    weight = tiny.module.get_parameter("body.embeddings.word_embeddings.weight")
    with torch.no_grad():
        nonzero = int(torch.count_nonzero(weight))
        weight.zero_()
    sparse = cost_of(tiny, tmp_path / "sparse")
    assert sparse.parameters == dense.parameters
    assert sparse.nonzero_parameters == dense.nonzero_parameters - nonzero
    assert sparse.bytes == dense.bytes == (tmp_path / "dense" / "model.safetensors").stat().st_size
    assert sparse.compressed_bytes < dense.compressed_bytes


def test_tied_weights_count_once(tiny: Network, tmp_path: Path) -> None:
    from robust_ray.models.cost import weights

    attention = tiny.module.get_submodule("body.encoder.layer.0.attention.self")
    before = sum(tensor.numel() for tensor in weights(tiny.module))
    attention.get_submodule("key").weight = attention.get_parameter("query.weight")
    assert sum(tensor.numel() for tensor in weights(tiny.module)) == before - 16 * 16


def test_times_are_positive_and_ordered(tiny: Network, tmp_path: Path) -> None:
    cost = cost_of(tiny, tmp_path)
    assert 0 < cost.latency_p50 <= cost.latency_p95
    assert cost.throughput > 0
    assert cost.latency_tokens == int(np.median([e.length for e in load_victim(tmp_path, CPU).encode(INPUTS)]))
    assert cost.peak_memory is None or cost.peak_memory > cost.bytes


def test_latency_times_every_input_so_many_times(tiny: Network, tmp_path: Path) -> None:
    save(tiny, tmp_path)
    assert latency(load_victim(tmp_path, CPU), INPUTS, repeats=2).shape == (20,)


def test_compressed_size_is_that_of_the_zstd_file(tmp_path: Path) -> None:
    import zstandard

    data = os.urandom(300_000) + bytes(700_000)
    (tmp_path / "file").write_bytes(data)
    assert compressed_size(tmp_path / "file") == len(zstandard.ZstdCompressor(level=19).compress(data))
