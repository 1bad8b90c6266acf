"""Costs are counted on what is stored, and timed on what is asked."""

from __future__ import annotations

import os
from pathlib import Path
from statistics import median_low

import pytest

from robust_ray.models import bert_formula
from robust_ray.models.cost import Cost, compressed_size, latency, measure, sizes_of, weights
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
    assert student.loaded_bytes < teacher.loaded_bytes == 4 * parameters
    assert student.flops == teacher.flops
    assert student.formula_flops == teacher.formula_flops


def test_zeros_are_stored_sparse_and_loaded_dense(tiny: Network, tmp_path: Path) -> None:
    import torch

    dense = cost_of(tiny, tmp_path / "dense")
    weight = tiny.module.get_parameter("body.embeddings.word_embeddings.weight")
    with torch.no_grad():
        nonzero = int(torch.count_nonzero(weight))
        weight.zero_()
    sparse = cost_of(tiny, tmp_path / "sparse")
    assert sparse.parameters == dense.parameters
    assert sparse.nonzero_parameters == dense.nonzero_parameters - nonzero
    assert dense.bytes == (tmp_path / "dense" / "model.safetensors").stat().st_size
    assert sparse.bytes < dense.bytes
    assert sparse.compressed_bytes < dense.compressed_bytes
    assert sparse.loaded_bytes == dense.loaded_bytes
    assert sparse.flops == dense.flops


def test_tied_weights_count_once(tiny: Network, tmp_path: Path) -> None:
    attention = tiny.module.get_submodule("body.encoder.layer.0.attention.self")
    before = sum(tensor.numel() for tensor in weights(tiny.module))
    attention.get_submodule("key").weight = attention.get_parameter("query.weight")
    assert sum(tensor.numel() for tensor in weights(tiny.module)) == before - 16 * 16


def test_times_are_positive_and_ordered(tiny: Network, tmp_path: Path) -> None:
    cost = cost_of(tiny, tmp_path)
    assert 0 < cost.latency_p50 <= cost.latency_p95
    assert cost.throughput > 0
    assert cost.latency_tokens == median_low(e.length for e in load_victim(tmp_path, CPU).encode(INPUTS))
    assert cost.batch_tokens == CPU.max_batch_tokens
    assert cost.energy is None or cost.energy > 0
    assert cost.peak_memory is None or cost.peak_memory >= cost.loaded_bytes


def test_latency_times_every_input_so_many_times(tiny: Network, tmp_path: Path) -> None:
    save(tiny, tmp_path)
    assert latency(load_victim(tmp_path, CPU), INPUTS, repeats=2).shape == (20,)


def test_compressed_size_is_that_of_the_zstd_file(tmp_path: Path) -> None:
    import zstandard

    data = os.urandom(300_000) + bytes(700_000)
    (tmp_path / "file").write_bytes(data)
    assert compressed_size(tmp_path / "file") == len(zstandard.ZstdCompressor(level=6).compress(data))


def test_the_formula_is_of_the_example_that_is_counted(tiny: Network, tmp_path: Path) -> None:
    cost = cost_of(tiny, tmp_path)
    found = sizes_of(tiny.module)
    assert found is not None
    assert cost.formula_flops == bert_formula.flops(found, cost.latency_tokens)
