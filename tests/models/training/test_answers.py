"""Logits of many inputs are those of each alone; a function in many pairs is read once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from robust_ray.core.examples import Example, generator
from robust_ray.core.victim import Answers
from robust_ray.models.networks.base import SegmentReader
from robust_ray.models.students import Network, alter
from robust_ray.models.training import logits
from robust_ray.models.victim import TransformerVictim
from tests.fakes import asks
from tests.models.conftest import CPU, TINY, toy

pytestmark = pytest.mark.torch


def pairs_of(functions: int, pairs: int) -> list[Example]:
    """As in BigCloneBench, many more pairs than functions."""
    texts = [example.segments[0] for example in toy(functions)]
    draws = generator("pairs").integers(functions, size=(pairs, 2)).tolist()
    return [
        Example(uid=str(i), segments=(texts[a], texts[b]), label=i % 2, language="python")
        for i, (a, b) in enumerate(draws)
    ]


def pair_reader(folder: Path) -> Network:
    return TINY.load(toy(20, segments=2), asks(segments=2), seed=0, workdir=folder)


def count_reads(network: Network, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Where the sizes ``(segments, padded tokens)`` of the batches will be that the network reads from now on."""
    read: list[tuple[int, int]] = []
    module = cast(SegmentReader, network.module)
    summarize = module.summarize

    def counting(input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        read.append((len(input_ids), input_ids.numel()))
        return summarize(input_ids, attention_mask)

    monkeypatch.setattr(module, "summarize", counting)
    return read


def one_by_one(network: Network, examples: list[Example]) -> npt.NDArray[np.float32]:
    return np.concatenate([logits(network, [example], CPU) for example in examples])


def test_logits_are_those_of_each_example_alone(any_network: tuple[Network, list[Example]]) -> None:
    network, examples = any_network
    np.testing.assert_allclose(logits(network, examples, CPU), one_by_one(network, examples), atol=1e-5, rtol=0)


def test_four_thousand_pairs_read_each_function_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network, examples = pair_reader(tmp_path), pairs_of(200, 4000)
    read = count_reads(network, monkeypatch)
    machine = replace(CPU, max_batch_tokens=1024)
    answers = logits(network, examples, machine)
    assert sum(segments for segments, _ in read) == 200
    assert max(tokens for _, tokens in read) <= 1024
    assert answers.shape == (4000, 2)
    read.clear()
    victim = TransformerVictim(network=network, device="cpu", threads=1)
    probabilities = Answers(victim, 1024).ask([example.segments for example in examples]).probabilities
    assert sum(segments for segments, _ in read) == 200
    assert max(tokens for _, tokens in read) <= 1024
    wanted = torch.softmax(torch.from_numpy(answers).double(), dim=1).numpy()
    np.testing.assert_allclose(probabilities, wanted, atol=1e-6, rtol=0)


def test_a_network_that_minds_its_neighbours_reads_one_pair_at_a_time(tmp_path: Path) -> None:
    network = alter(pair_reader(tmp_path), {"type": "int8_dynamic", "per_channel": True})
    examples = pairs_of(4, 12)
    np.testing.assert_array_equal(logits(network, examples, CPU), one_by_one(network, examples))
