"""Segments remembered are segments computed, to rounding."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from robust_ray.core.examples import Input
from robust_ray.core.victim import Answers
from robust_ray.models.reading.encoding import Row, pack
from robust_ray.models.reading.segments import SegmentMemory
from robust_ray.models.students import Network, alter
from robust_ray.models.victim import TransformerVictim
from tests.fakes import asks
from tests.models.conftest import TINY, toy

if TYPE_CHECKING:
    from torch import Tensor

    from robust_ray.models.networks.base import SegmentReader

pytestmark = pytest.mark.torch

A, B, C, D = (pack([token] * length) for token, length in ((1, 3), (2, 4), (3, 5), (4, 6)))


class Reader:
    """Vectors that say which row they are of, and a list of those made."""

    def __init__(self) -> None:
        self.read: list[Row] = []

    def __call__(self, rows: list[Row]) -> Tensor:
        import torch

        self.read += rows
        return torch.tensor([[float(row[0]), 1.0] for row in rows])


@pytest.fixture
def pairs(tmp_path: Path) -> Network:
    """An untrained network that compares two segments."""
    return TINY.load(toy(20, segments=2), asks(segments=2), seed=0, workdir=tmp_path)


def victim_of(network: Network, *, remembers: bool = True) -> TransformerVictim:
    return TransformerVictim(network=network, device="cpu", threads=1, remembers=remembers)


def read_by(network: Network, monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """Where the padded ids of all segments that the network reads from now on will be."""
    read: list[Tensor] = []
    summarize = cast("SegmentReader", network.module).summarize

    def noting(input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        read.append(input_ids)
        return summarize(input_ids, attention_mask)

    monkeypatch.setattr(network.module, "summarize", noting)
    return read


def attacked() -> list[list[Input]]:
    """What an attack asks about pairs: round after round the first segment changes, the second does not."""
    originals = [example.segments for example in toy(4, segments=2)]
    return [
        [(first.replace("path", f"p{i}_{n}"), second) for first, second in originals for i in range(3)]
        for n in range(3)
    ]


def test_a_segment_is_read_once_whatever_it_is_paired_with() -> None:
    memory, reader = SegmentMemory(), Reader()
    assert memory.stack([(A, B), (C, B)], reader)[:, :, 0].tolist() == [[1, 2], [3, 2]]
    assert memory.stack([(D, B), (B, A), (D, D)], reader)[:, :, 0].tolist() == [[4, 2], [2, 1], [4, 4]]
    assert reader.read == [A, B, C, D]


def test_the_segments_used_last_are_remembered() -> None:
    memory, reader = SegmentMemory(2), Reader()
    memory.stack([(A, B)], reader)
    memory.stack([(C, B)], reader)
    memory.stack([(B, C)], reader)
    assert reader.read == [A, B, C]
    assert memory.stack([(A, D), (C, B)], reader)[:, :, 0].tolist() == [[1, 4], [3, 2]]
    assert reader.read == [A, B, C, A, D]


def test_lengths_are_those_of_what_must_be_read() -> None:
    memory, reader = SegmentMemory(), Reader()
    lengths = [encoding.length for encoding in memory.encodings([(A, B), (C, B), (B, B)])]
    assert lengths == [3 + 4, 5, 1]
    memory.stack([(A, B)], reader)
    assert [encoding.length for encoding in memory.encodings([(A, B), (C, B), (C, D)])] == [1, 5, 6]


def test_answers_are_those_of_a_victim_that_remembers_nothing(pairs: Network) -> None:
    reader, twin = Answers(victim_of(pairs), 100), Answers(victim_of(pairs, remembers=False), 100)
    for asked in attacked():
        np.testing.assert_allclose(reader.ask(asked).probabilities, twin.ask(asked).probabilities, atol=1e-6, rtol=0)


def test_an_attack_reads_the_unchanged_half_once(pairs: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    read = read_by(pairs, monkeypatch)
    answers = Answers(victim_of(pairs))
    distinct = {segment for asked in attacked() for pair in asked for segment in pair}
    for asked in attacked():
        answers.ask(asked)
    assert sum(map(len, read)) == len(distinct)


def test_batches_stay_within_their_bound(pairs: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    read = read_by(pairs, monkeypatch)
    answers = Answers(victim_of(pairs), 120)
    for asked in attacked():
        answers.ask(asked)
    assert max(ids.numel() for ids in read) <= 120


def test_a_victim_that_minds_its_neighbours_reads_all_each_time(pairs: Network) -> None:
    int8 = alter(pairs, {"type": "int8_dynamic", "per_channel": True})
    victim, inputs = victim_of(int8), attacked()[0]
    assert Answers(victim).ask(inputs).computed.all()
    encodings = victim.encode(inputs[:1])
    np.testing.assert_array_equal(victim.predict(encodings), replace(victim, remembers=False).predict(encodings))
    assert [encoding.length for encoding in victim.encode(inputs[:1] * 2)] == [encodings[0].length] * 2
