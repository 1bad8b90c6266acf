"""A writer under attack."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robust_ray.attacks import RandomRenaming, run
from robust_ray.compression import DynamicQuantization, Lesson, MagnitudePruning
from robust_ray.core.machine import Machine
from robust_ray.core.records import Verdict
from robust_ray.core.victim import Answers
from robust_ray.metrics import bleu
from robust_ray.models import Training, cost, students
from robust_ray.models.students import Network
from robust_ray.models.writing import Generation
from robust_ray.models.writing.victim import ScoredSummaries
from tests.fakes import CELL, asks
from tests.models.writing.conftest import WRITERS, toy, writer

pytestmark = pytest.mark.torch

INPUTS = [example.input for example in toy(6)]


def victim_of(network: Network) -> ScoredSummaries:
    return ScoredSummaries(network=network, device="cpu", threads=1)


def test_its_answer_is_the_bleu_of_what_it_writes(network: Network) -> None:
    victim = victim_of(network)
    written = victim.summaries(INPUTS, max_batch_tokens=200)
    probabilities = victim.predict(victim.encode(INPUTS))
    assert probabilities.shape == (len(INPUTS), 1)
    assert probabilities[:, 0].tolist() == [
        bleu(asked[1], text) for asked, text in zip(INPUTS, written.texts, strict=True)
    ]
    assert written.notes == [None] * len(INPUTS)


def test_the_same_program_with_another_reference_is_another_question(network: Network) -> None:
    victim = victim_of(network)
    (text,) = victim.summaries(INPUTS[:1], 1000).texts
    answer = Answers(victim).ask([(INPUTS[0][0], f"{text} x"), (INPUTS[0][0], "?"), (INPUTS[0][0], f"{text} x")])
    assert answer.computed.tolist() == [True, True, False]
    assert answer.probabilities[0, 0] == answer.probabilities[2, 0]


def test_batches_are_cut_by_what_is_computed(folders: dict[str, Path]) -> None:
    network = writer(folders["codebert"])
    victim = victim_of(network)
    assert network.generation is not None
    writing = network.generation.beams * network.generation.max_new_tokens
    lengths = [encoding.length for encoding in victim.encode(INPUTS)]
    assert lengths == [tokens + writing for tokens in victim.tokens(INPUTS)]


def test_what_is_longer_than_the_window_is_counted(folders: dict[str, Path]) -> None:
    network = writer(folders["codebert"])
    longest = max(victim_of(network).tokens(INPUTS))
    assert victim_of(replace(network, max_length=longest)).truncated(INPUTS) == 0
    assert victim_of(replace(network, max_length=longest - 1)).truncated(INPUTS) > 0


@pytest.mark.parametrize("kind", WRITERS)
def test_a_checkpoint_writes_the_same(kind: str, folders: dict[str, Path], tmp_path: Path) -> None:
    network = writer(folders[kind])
    students.save(network, tmp_path)
    victim = students.load_victim(tmp_path, Machine())
    assert isinstance(victim, ScoredSummaries)
    assert victim.network.generation == network.generation
    assert victim.network.architecture == network.architecture
    assert victim.summaries(INPUTS, 1000) == victim_of(network).summaries(INPUTS, 1000)


@pytest.mark.parametrize("kind", ["codebert", "codegpt", "plbart", "codet5"])
def test_a_writer_can_be_compressed(kind: str, folders: dict[str, Path], tmp_path: Path) -> None:
    students.save(writer(folders[kind], Generation(beams=2, max_new_tokens=2)), tmp_path / "teacher")
    lesson = Lesson(train=toy(8), valid=toy(4), question=asks(0), training=Training(), seed=0, teacher_answers=None)
    for compression in (MagnitudePruning(sparsity=0.4), DynamicQuantization()):
        folder = tmp_path / compression.type
        folder.mkdir()
        compression.compress(tmp_path / "teacher", lesson, folder, Machine())
        student = students.load_victim(folder, Machine())
        assert np.isfinite(Answers(student).ask(INPUTS).probabilities).all()
        measured = cost.measure(folder, student, INPUTS[:1], Machine())
        assert measured.latency_tokens == student.tokens(INPUTS[:1])[0]
        assert measured.nonzero_parameters <= measured.parameters


def test_an_attack_runs_on_a_writer(folders: dict[str, Path]) -> None:
    victim = victim_of(writer(folders["codebert"]))
    (text,) = victim.summaries(INPUTS[:1], 1000).texts
    recipe = RandomRenaming()
    example = replace(toy(1)[0], reference=text)
    names = {source: source.collect(toy(6), [], Machine()) for source in recipe.sources}
    (row,) = run(recipe, [example], victim, names, columns=CELL, seed=0)
    assert row.error is None
    assert row.verdict in (Verdict.SUCCEEDED, Verdict.FAILED)
    assert row.context == (text,)
    assert row.confidence == 1.0
