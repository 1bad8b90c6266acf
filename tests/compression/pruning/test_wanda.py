"""Wanda: weights are judged by what they are multiplied by, measured as it really passes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from robust_ray.compression import Compression, Lesson, WandaPruning
from robust_ray.compression._layers import layers_in, weight_of
from robust_ray.compression.pruning._weight_scores import contributions, input_norms
from robust_ray.core.build import build
from robust_ray.core.errors import SweepError
from robust_ray.core.machine import Machine
from robust_ray.models import students
from tests.contracts import CompressionContract

pytestmark = pytest.mark.torch


class TestWandaPruning(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return WandaPruning(sparsity=0.5, calibration_examples=8)

    def test_every_output_loses_its_share(self, student: Path) -> None:
        for layer in layers_in("linear", students.load(student).module).values():
            weight = weight_of(layer)
            assert ((weight == 0).sum(1) == weight.shape[1] // 2).all()


def test_norms_are_those_of_all_that_passes(teacher: Path, lesson: Lesson) -> None:
    network, few = students.load(teacher), lesson.train[:5]
    layers = layers_in("linear", network.module)
    passed: dict[str, list[Tensor]] = {name: [] for name in layers}

    def watch(name: str) -> None:
        def note(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
            passed[name].append(given[0].flatten(0, -2))

        layers[name].register_forward_pre_hook(note)

    for name in layers:
        watch(name)
    found = input_norms(network, layers, few, Machine())
    lengths = [len(network.tokenizer(example.segments[0])["input_ids"]) for example in few]
    for name, states in passed.items():
        assert [len(state) for state in states] == lengths, "no padding passes"
        torch.testing.assert_close(found[name], torch.cat(states).double().norm(dim=0))
    scores = contributions(network, layers, few, Machine())
    for name, layer in layers.items():
        wanted = weight_of(layer).double().abs() * found[name]
        torch.testing.assert_close(scores[name].double(), wanted, rtol=1e-5, atol=0)


def test_what_wanda_drops_is_missed_less_than_what_magnitude_drops(teacher: Path, lesson: Lesson) -> None:
    network = students.load(teacher)
    layers = layers_in("linear", network.module)
    inputs: list[Tensor] = []
    name, layer = next(iter(layers.items()))
    layer.register_forward_pre_hook(lambda layer, given: inputs.append(given[0].flatten(0, -2)))
    scores = contributions(network, layers, lesson.train[:16], Machine())[name]
    weight, states = weight_of(layer), torch.cat(inputs)

    def change(ranked: Tensor) -> float:
        low = ranked.argsort(dim=1)[:, : ranked.shape[1] // 2]
        return float((states @ weight.scatter(1, low, 0.0).T - states @ weight.T).norm())

    assert change(scores) < change(weight.abs())


def test_embeddings_have_no_inputs_to_be_judged_by() -> None:
    with pytest.raises(SweepError, match=r"scope: one of 'attention', 'linear' is expected, but got 'all'"):
        build(Compression, {"type": "wanda_pruning", "sparsity": 0.5, "scope": "all"}, "compressions[0]")


def test_calibration_needs_an_example() -> None:
    with pytest.raises(SweepError, match="`calibration_examples >= 1` must hold, but got 0"):
        WandaPruning(sparsity=0.5, calibration_examples=0)
