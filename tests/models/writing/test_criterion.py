"""Learning to write."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from robust_ray.core.examples import Example
from robust_ray.core.machine import Machine
from robust_ray.models import ScratchRoberta, Training, students
from robust_ray.models.students import Network
from robust_ray.models.training import fine_tune
from robust_ray.models.training.criterion import Assessment, usual
from robust_ray.models.writing import Generation
from robust_ray.models.writing.criterion import Writing
from tests.fakes import asks
from tests.models.writing.conftest import BRIEF, toy, writer

pytestmark = pytest.mark.torch

TINY = ScratchRoberta(
    vocabulary=400, layers=1, hidden=64, heads=2, intermediate=64, max_length=64, dropout=0.0, generation=BRIEF
)


def test_the_loss_is_that_of_each_text_alone(network: Network) -> None:
    criterion = Writing()
    split = criterion.prepare(network, toy(4))
    assert split.weights == [float(len(tokens)) for tokens in split.targets.tokens]
    with torch.inference_mode():
        together = float(criterion.loss(network, split, [0, 1, 2, 3], "cpu"))
        alone = [float(criterion.loss(network, split, [i], "cpu")) for i in range(4)]
    weighted = sum(loss * weight for loss, weight in zip(alone, split.weights, strict=True)) / sum(split.weights)
    assert together == pytest.approx(weighted, abs=1e-5)


def test_every_token_is_learned_given_those_before_it(folders: dict[str, Path]) -> None:
    network = writer(folders["codebert"])
    split = Writing().prepare(network, toy(1))
    (tokens,) = split.targets.tokens
    assert tokens[-1] == network.tokenizer.eos_token_id
    assert network.tokenizer.decode(tokens[:-1]) == "opens the file"
    ids = network.tokenizer(toy(1)[0].segments[0], return_tensors="pt")
    with torch.inference_mode():
        written = torch.tensor([[network.tokenizer.bos_token_id, *tokens[:-1]]])
        logits = network.module(**ids, written=written).logits[0]
        expected = functional.cross_entropy(logits, torch.tensor(tokens))
        assert float(Writing().loss(network, split, [0], "cpu")) == pytest.approx(float(expected), abs=1e-6)


def test_a_reference_is_cut_to_what_may_be_written(folders: dict[str, Path]) -> None:
    network = writer(folders["codebert"], Generation(beams=1, max_new_tokens=3))
    (tokens,) = Writing().prepare(network, toy(1)).targets.tokens
    assert len(tokens) == 3
    assert tokens[-1] == network.tokenizer.eos_token_id


def test_a_random_sample_is_judged(folders: dict[str, Path]) -> None:
    network, examples = writer(folders["codebert"]), toy(20)
    judged = Writing(judged=5).prepare(network, examples).targets.judged
    same = Writing(judged=5).prepare(network, examples[::-1]).targets.judged
    assert [examples[i].uid for i in judged] == [examples[::-1][i].uid for i in same]
    assert len(Writing(judged=7).prepare(network, examples).targets.judged) == 7


def test_writing_is_usual_for_writers_alone(folders: dict[str, Path], tmp_path: Path) -> None:
    assert isinstance(usual(writer(folders["codebert"])), Writing)
    assert not isinstance(usual(TINY.load(toy(4), asks(), 0, tmp_path)), Writing)
    assert pickle.loads(pickle.dumps(Writing(judged=3))) == Writing(judged=3)  # noqa: S301


def judged(network: Network, examples: Sequence[Example]) -> Assessment:
    with torch.inference_mode():
        return Writing().assess(network, Writing().prepare(network, examples), Machine(), "cpu")


def test_a_writer_learns(tmp_path: Path) -> None:
    train, valid = toy(96), toy(12, start=96)
    network = replace(TINY, dropout=0.1).load(train, asks(0), seed=0, workdir=tmp_path)
    training = Training(epochs=16, patience=16, batch_size=8, learning_rate=5e-3)
    network = fine_tune(network, train, valid, training, 0, Machine(), tmp_path)
    assert judged(network, valid).loss < 0.2
    assert judged(network, valid).score > 0.9
    students.save(network, tmp_path / "checkpoint")
    victim = students.load_victim(tmp_path / "checkpoint", Machine())
    assert float(victim.predict(victim.encode([example.input for example in valid])).mean()) > 0.9


@pytest.mark.parametrize("kind", ["codegpt", "plbart", "codet5"])
def test_every_kind_of_writer_learns(kind: str, folders: dict[str, Path], tmp_path: Path) -> None:
    examples = toy(24)
    network = writer(folders[kind], replace(BRIEF, beams=1))
    before = judged(network, examples)
    training = Training(epochs=8, patience=8, batch_size=4, learning_rate=5e-3)
    after = judged(fine_tune(network, examples, examples, training, 0, Machine(), tmp_path), examples)
    assert after.loss < before.loss - 0.5
    assert after.score > before.score
