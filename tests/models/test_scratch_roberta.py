"""A network from nothing: deterministic, of the stated shape, refusing shapes that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from robust_ray.core.errors import ModelError, SweepError
from robust_ray.models import ScratchRoberta
from tests.fakes import asks
from tests.models.conftest import TINY, toy


@pytest.mark.torch
def test_same_seed_same_network(tmp_path: Path) -> None:
    import torch

    before = torch.random.get_rng_state()
    first, second, other = (TINY.load(toy(20), asks(), seed=seed, workdir=tmp_path) for seed in (0, 0, 1))
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(first.module.parameters(), second.module.parameters(), strict=True))
    assert not torch.equal(first.module.get_parameter("out.weight"), other.module.get_parameter("out.weight"))
    assert first.tokenizer.get_vocab() == second.tokenizer.get_vocab()


@pytest.mark.torch
def test_the_whole_window_fits_the_position_table(tmp_path: Path) -> None:
    from robust_ray.models.victim import TransformerVictim

    victim = TransformerVictim(network=TINY.load(toy(20), asks(), 0, tmp_path), device="cpu", threads=1)
    encodings = victim.encode([("x = 1\n" * 100,)])
    assert encodings[0].length == TINY.max_length
    assert victim.predict(encodings).shape == (1, 2)


@pytest.mark.torch
def test_needs_examples_for_its_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="its tokenizer learns from examples, but got none"):
        TINY.load((), asks(), seed=0, workdir=tmp_path)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"hidden": 130}, r"`hidden` must be a multiple of 4 heads, but got 130"),
        ({"layers": 0}, r"`layers >= 1` must hold, but got 0"),
        ({"vocabulary": 100}, r"`vocabulary >= 261` \(every byte\) must hold, but got 100"),
        ({"dropout": 1.0}, r"`0 <= dropout < 1` must hold, but got 1.0"),
        ({"max_length": 4}, r"`max_length >= 8` must hold, but got 4"),
    ],
)
def test_refuses_what_cannot_be(fields: dict[str, int], sentence: str) -> None:
    with pytest.raises(SweepError, match=sentence):
        ScratchRoberta(**fields)  # type: ignore[arg-type]
