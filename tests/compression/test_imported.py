"""A student that somebody else has made is a compression like any other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from robust_ray.compression import Compression, ImportedStudent, Lesson
from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.machine import Machine
from robust_ray.models import Imported, Training
from tests.compression.conftest import examples
from tests.contracts import CompressionContract
from tests.fakes import asks


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state dict and a tokenizer's JSON file, of a RoBERTa that somebody has taught the task, the outputs swapped."""
    import torch
    from transformers import RobertaConfig, RobertaForSequenceClassification

    from robust_ray.models.networks.architectures import describe_huggingface
    from robust_ray.models.reading.tokenization import train_bpe
    from robust_ray.models.students import Network
    from robust_ray.models.training import fine_tune

    folder = tmp_path_factory.mktemp("published")
    train, valid = ([replace(e, label=1 - e.label) for e in examples(split, 96)] for split in ("train", "valid"))
    tokenizer = train_bpe((example.segments[0] for example in train), 400)
    config = RobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=66,
        type_vocab_size=1,
    )
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        module = RobertaForSequenceClassification(config)
    network = Network(
        module=module,
        tokenizer=tokenizer,
        n_labels=2,
        max_length=48,
        pair_encoding="joint",
        architecture=describe_huggingface(config),
    )
    settings = Training(epochs=12, batch_size=16, learning_rate=3e-3, max_length=48)
    network = fine_tune(network, train, valid, settings, 0, Machine(), folder)
    torch.save(
        {f"encoder.{name}": tensor for name, tensor in network.module.state_dict().items()}, folder / "model.bin"
    )
    tokenizer.backend_tokenizer.save(str(folder / "BPE.json"))
    return folder


def student_of(files: Path, labels: tuple[str, ...]) -> ImportedStudent:
    sizes = {
        "vocab_size": 400,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 66,
        "layer_norm_eps": 1e-12,
    }
    student = Imported(
        path=str(files / "model.bin"),
        config=sizes,
        key_prefix="encoder.",
        labels=labels,
        tokenizer=str(files / "BPE.json"),
        max_length=48,
    )
    return ImportedStudent(student=student)


@pytest.mark.torch
class TestImportedStudent(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self, files: Path) -> Compression:
        return student_of(files, ("class 1", "class 0"))

    def test_it_knows_the_task(self, student: Path, lesson: Lesson) -> None:
        from robust_ray.models import students, training

        found = training.logits(students.load(student), lesson.valid, Machine()).argmax(axis=1)
        right = [answer == example.label for answer, example in zip(found, lesson.valid, strict=True)]
        assert sum(right) > 0.8 * len(right)

    def test_outputs_in_another_order_are_refused(
        self, files: Path, teacher: Path, lesson: Lesson, tmp_path: Path
    ) -> None:
        with pytest.raises(ModelError, match=r"compression 'imported': .* they are \['class 1', 'class 0'\]"):
            student_of(files, ("class 0", "class 1")).compress(teacher, lesson, tmp_path, Machine())


def test_a_question_it_does_not_answer_is_refused_when_planned() -> None:
    with pytest.raises(SweepError, match="`labels` must be the classes"):
        student_of(Path(), ("bad", "good")).require(asks())
