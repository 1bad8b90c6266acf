"""A network as a victim: pure encoding, and answers that do not depend on the company."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_ray.core.errors import ModelError
from robust_ray.core.examples import Example
from robust_ray.core.victim import Answers, Victim, token_batches
from robust_ray.models.reading.encoding import Rows, count, pack
from robust_ray.models.students import Network, alter
from robust_ray.models.victim import TransformerVictim
from tests.fakes import asks
from tests.models.conftest import TINY, toy

pytestmark = pytest.mark.torch


def victim_of(network: Network) -> TransformerVictim:
    return TransformerVictim(network=network, device="cpu", threads=1)


def test_alone_and_in_company_agree(any_network: tuple[Network, list[Example]]) -> None:
    network, examples = any_network
    victim: Victim = victim_of(network)
    inputs = [example.segments for example in examples]
    together = victim.predict(victim.encode(inputs))
    alone = np.concatenate([victim.predict(victim.encode([one])) for one in inputs])
    assert victim.batch_invariant
    np.testing.assert_allclose(together, alone, atol=1e-6, rtol=0)


def test_probabilities_are_float64_rows_that_sum_to_one(any_network: tuple[Network, list[Example]]) -> None:
    network, examples = any_network
    answer = Answers(victim_of(network), max_batch_tokens=100).ask([example.segments for example in examples])
    assert answer.probabilities.shape == (len(examples), 2)
    assert answer.probabilities.dtype == np.float64
    np.testing.assert_allclose(answer.probabilities.sum(1), 1.0, atol=1e-12)


def test_rows_are_cut_and_a_change_past_the_window_is_the_same_input(tiny: Network) -> None:
    victim = victim_of(tiny)
    long, longer = victim.encode([("x = 1\n" * 100,), ("x = 1\n" * 101,)])
    assert long.length == tiny.max_length
    assert long.ids == longer.ids


def test_a_joint_pair_is_cut_longest_first(hub_folder: Path, tmp_path: Path) -> None:
    from robust_ray.models import HuggingFace

    network = HuggingFace(name=str(hub_folder), pairs="joint").load((), asks(segments=2), seed=0, workdir=tmp_path)
    encoding = victim_of(network).encode([("x = 1\n" * 100, "y")])[0]
    (row,) = cast(Rows, encoding.ids)
    assert encoding.length == count(row) == 64
    assert network.tokenizer.decode(np.frombuffer(row, np.int32)).endswith("</s></s>y</s>")


def test_the_mask_token_is_one_token(tiny: Network) -> None:
    victim = victim_of(tiny)
    encoding = victim.encode([(victim.mask_token,)])[0]
    assert encoding.ids == (pack([0, tiny.tokenizer.mask_token_id, 2]),)


def test_one_logit_reads_as_its_sigmoid(tmp_path: Path) -> None:
    import torch

    network = TINY.load(toy(20), asks(1), seed=0, workdir=tmp_path)
    victim = victim_of(network)
    encodings = victim.encode([toy(1)[0].segments])
    with torch.inference_mode():
        ids = torch.tensor(np.frombuffer(cast(Rows, encodings[0].ids)[0], np.int32)).view(1, 1, -1)
        logit = network.module(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
    np.testing.assert_allclose(victim.predict(encodings)[0, 1], torch.sigmoid(logit).item(), atol=1e-6)


def test_int8_is_asked_one_at_a_time(tiny: Network) -> None:
    victim = victim_of(alter(tiny, {"type": "int8_dynamic", "per_channel": True}))
    inputs = [example.segments for example in toy(6)]
    assert not victim.batch_invariant
    asked = Answers(victim).ask(inputs).probabilities
    alone = np.concatenate([victim.predict(victim.encode([one])) for one in inputs])
    np.testing.assert_array_equal(asked, alone)


def test_joint_encoding_refuses_three_segments(hub_folder: Path, tmp_path: Path) -> None:
    from robust_ray.models import HuggingFace

    network = HuggingFace(name=str(hub_folder)).load((), asks(), seed=0, workdir=tmp_path)
    with pytest.raises(ModelError, match=r"reads 1 or 2 segments, but got \[3\]; use 'siamese'"):
        victim_of(network).encode([("a", "b", "c")])


@given(st.lists(st.integers(1, 50), max_size=40), st.integers(1, 100))
@settings(deadline=None)
def test_token_batches_hold_every_position_once_and_fit(lengths: list[int], limit: int) -> None:
    batches = token_batches(lengths, limit)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    assert all(len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= limit for batch in batches)


def test_a_victim_without_memory_answers_alike(any_network: tuple[Network, list[Example]]) -> None:
    network, examples = any_network
    inputs = [example.segments for example in examples]
    forgetful = replace(victim_of(network), remembers=False)
    for victim in (victim_of(network), forgetful):
        encodings = victim.encode(inputs)
        assert [encoding.ids for encoding in encodings] == [encoding.ids for encoding in forgetful.encode(inputs)]
        np.testing.assert_allclose(
            victim.predict(encodings), forgetful.predict(forgetful.encode(inputs)), atol=1e-6, rtol=0
        )


@pytest.mark.parametrize("alteration", [None, {"type": "int8_dynamic", "per_channel": True}])
def test_bfloat16_is_near_float32(
    any_network: tuple[Network, list[Example]], alteration: dict[str, Any] | None
) -> None:
    network, examples = any_network
    if alteration is not None:
        network = alter(network, alteration)
    exact, near = victim_of(network), replace(victim_of(network), precision="bfloat16")
    inputs = [example.segments for example in examples]
    coarse, fine = (victim.predict(victim.encode(inputs)) for victim in (near, exact))
    assert coarse.dtype == np.float64
    difference = np.abs(coarse - fine).max()
    assert difference < 0.03
    assert difference > 0 or alteration  # eight bits may round the difference away
    np.testing.assert_allclose(coarse.sum(1), 1.0, atol=1e-12)


def test_a_launched_batch_is_a_predicted_one(tiny: Network) -> None:
    victim = victim_of(tiny)
    encodings = victim.encode([example.segments for example in toy(6)])
    np.testing.assert_array_equal(victim.launch(encodings)(), victim.predict(encodings))


def test_too_little_memory_is_a_memory_error(tiny: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    def fail(**tensors: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    victim = victim_of(tiny)
    encodings = victim.encode([toy(1)[0].segments])
    monkeypatch.setattr(tiny.module, "forward", fail)
    with pytest.raises(MemoryError, match="CUDA out of memory"):
        victim.predict(encodings)
