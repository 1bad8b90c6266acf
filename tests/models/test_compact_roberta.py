"""The students' network: of the stated shape, deterministic, saved and read again, and it learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robust_ray.core.build import build
from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.examples import Example, Input, Question
from robust_ray.core.victim import Answers
from robust_ray.models import CodeModel, CompactRoberta
from tests.fakes import asks
from tests.models.conftest import CPU, TRAINING, toy

SMALL = CompactRoberta(vocabulary=320, layers=1, hidden=16, heads=2, intermediate=32, max_length=48)
VARIETY = (
    SMALL,
    replace(SMALL, tokenizer="word", reading="avatar", marks=False, activation="silu", positions=64),
    replace(SMALL, tokenizer="wordpiece", position_type="relative_key", activation="relu"),
    replace(SMALL, tokenizer="unigram", reading="avatar", position_type="relative_key_query", activation="gelu_new"),
)
LINES = [replace(each, segments=tuple(f"{text}\n\n\treturn  0\n" for text in each.segments)) for each in toy(6)]
every_kind = pytest.mark.parametrize("model", VARIETY, ids=lambda model: f"{model.tokenizer} {model.position_type}")


@pytest.mark.torch
@every_kind
def test_same_seed_same_network(model: CompactRoberta, tmp_path: Path) -> None:
    import torch

    before = torch.random.get_rng_state()
    first, second, other = (model.load(toy(20), asks(), seed=seed, workdir=tmp_path) for seed in (0, 0, 1))
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(first.module.parameters(), second.module.parameters(), strict=True))
    name = next(name for name, _ in first.module.named_parameters() if name.endswith("query.weight"))
    assert not torch.equal(first.module.get_parameter(name), other.module.get_parameter(name))
    assert first.tokenizer.get_vocab() == second.tokenizer.get_vocab()


@pytest.mark.torch
@pytest.mark.parametrize("segments", [1, 2])
@every_kind
def test_saved_and_read_again_to_the_bit(model: CompactRoberta, segments: int, tmp_path: Path) -> None:
    from robust_ray.models import students

    examples = toy(20, segments=segments)
    network = model.load(examples, asks(segments=segments), 0, tmp_path)
    students.save(network, tmp_path / "student")
    inputs = [each.segments for each in examples]
    expected = _probabilities(network, inputs)
    victim = students.load_victim(tmp_path / "student", CPU)
    assert np.array_equal(Answers(victim).ask(inputs).probabilities, expected)
    assert victim.batch_invariant


@pytest.mark.torch
@every_kind
def test_an_answer_is_independent_of_its_company(model: CompactRoberta, tmp_path: Path) -> None:
    network = model.load(toy(20), asks(), 0, tmp_path)
    inputs = [("x",), ("def f(path):\n    " + "open(path) ; " * 30,), ("",), ("close(path)",)]
    together = _probabilities(network, inputs)
    alone = np.concatenate([_probabilities(network, [each]) for each in inputs])
    assert together == pytest.approx(alone, abs=1e-6)


@pytest.mark.torch
@every_kind
def test_reads_a_program_as_one_line(model: CompactRoberta, tmp_path: Path) -> None:
    network = model.load(toy(20), asks(), 0, tmp_path)
    lines = [each.segments for each in LINES]
    blanks = [tuple(" ".join(text.split()) for text in segments) for segments in lines]
    assert np.array_equal(_probabilities(network, lines), _probabilities(network, blanks))


@pytest.mark.torch
def test_the_whole_window_is_read_and_no_more(tmp_path: Path) -> None:
    from robust_ray.models.victim import TransformerVictim

    for model in VARIETY:
        victim = TransformerVictim(network=model.load(toy(20), asks(), 0, tmp_path), device="cpu", threads=1)
        encodings = victim.encode([("x = 1 ; " * 100,)])
        assert encodings[0].length == model.max_length
        assert victim.predict(encodings).shape == (1, 2)


@pytest.mark.torch
@pytest.mark.parametrize("position_type", ["absolute", "relative_key_query"])
def test_learns(position_type: Any, tmp_path: Path) -> None:
    from robust_ray.models import training

    model = replace(SMALL, position_type=position_type, hidden_dropout=0.0)
    train, valid, test = toy(160), toy(20, 160), toy(20, 180)
    network = model.load(train, asks(), 0, tmp_path)
    settings = replace(TRAINING, epochs=6, learning_rate=2e-3)
    tuned = training.fine_tune(network, train, valid, settings, 0, CPU, tmp_path)
    answers = _probabilities(tuned, [each.segments for each in test]).argmax(1)
    assert (answers == [each.label for each in test]).mean() >= 0.9


@pytest.mark.torch
def test_has_the_rows_it_was_promised_however_few_words_there_are(tmp_path: Path) -> None:
    network = replace(SMALL, tokenizer="word", vocabulary=5000).load(toy(20), asks(), 0, tmp_path)
    assert network.architecture["config"]["vocab_size"] == 5000
    assert len(network.tokenizer) < 100


@pytest.mark.torch
@pytest.mark.parametrize("tokenizer", ["wordpiece", "unigram"])
def test_a_vocabulary_without_room_for_every_character_is_refused(tokenizer: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"its 12 tokens must know every character of the training split"):
        replace(SMALL, tokenizer=tokenizer, vocabulary=12).load(toy(20), asks(), 0, tmp_path)


@pytest.mark.torch
def test_needs_examples_for_its_tokenizer(tmp_path: Path) -> None:
    examples: list[Example] = []
    with pytest.raises(ModelError, match="its tokenizer learns from examples, but got none"):
        SMALL.load(examples, asks(), seed=0, workdir=tmp_path)


def test_named_in_a_file_as_any_model_is() -> None:
    fields = {"type": "compact_roberta", "tokenizer": "word", "position_type": "relative_key", "learning_rate": "1e-3"}
    built = build(CodeModel, fields, "models[0]")
    assert built == CompactRoberta(tokenizer="word", position_type="relative_key", learning_rate=1e-3)
    with pytest.raises(SweepError, match=r"models\[0\].tokenizer: one of 'bpe', 'wordpiece', 'unigram', 'word' is"):
        build(CodeModel, fields | {"tokenizer": "words"}, "models[0]")


def test_recommends_its_own_settings() -> None:
    settings = replace(SMALL, learning_rate=1e-3, batch_size=64).recommended(asks())
    assert (settings.learning_rate, settings.batch_size, settings.max_length) == (1e-3, 64, 48)


def test_does_not_write() -> None:
    with pytest.raises(SweepError, match=r"model 'compact_roberta': it tells classes apart, but this task asks for"):
        SMALL.require(Question(label_names=(), segments=1, language="java"))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"hidden": 130}, r"`hidden` must be a multiple of 8 heads, but got 130"),
        ({"layers": 0}, r"`layers >= 1` must hold, but got 0"),
        ({"vocabulary": 100}, r"`vocabulary >= 260` must hold with tokenizer 'bpe', but got 100"),
        ({"vocabulary": 4, "tokenizer": "word"}, r"`vocabulary >= 5` must hold with tokenizer 'word', but got 4"),
        ({"hidden_dropout": 1.0}, r"`0 <= hidden_dropout < 1` must hold, but got 1.0"),
        ({"attention_dropout": -0.1}, r"`0 <= attention_dropout < 1` must hold, but got -0.1"),
        ({"max_length": 4}, r"`max_length >= 8` must hold, but got 4"),
        ({"positions": 100}, r"`positions >= max_length` must hold, but got 100 and 400"),
        ({"learning_rate": 0.0}, r"`0 < learning_rate < 1` must hold, but got 0.0"),
        ({"batch_size": 0}, r"`batch_size >= 1` must hold, but got 0"),
    ],
)
def test_refuses_what_cannot_be(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SweepError, match=sentence):
        CompactRoberta(**fields)


def _probabilities(network: Any, inputs: Sequence[Input]) -> Any:
    from robust_ray.models.victim import TransformerVictim

    return Answers(TransformerVictim(network=network, device="cpu", threads=1)).ask(inputs).probabilities
