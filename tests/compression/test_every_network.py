"""Whatever a network is made of, its students are the same in the process that finds them on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from robust_ray.compression import (
    Compression,
    Distillation,
    DynamicQuantization,
    HeadPruning,
    Lesson,
    LowRank,
    MagnitudePruning,
    NeuronPruning,
    Pipeline,
    SimulatedQuantization,
    StaticQuantization,
    WeightOnlyQuantization,
    WeightSharing,
)
from robust_ray.core.examples import Example, Question
from robust_ray.core.machine import Machine
from robust_ray.models import CodeModel, GraphCodeBERT, HuggingFace, Training
from robust_ray.models.writing import Generation
from tests import fakes, shrunk

pytestmark = pytest.mark.torch

SHORT = Generation(beams=2, max_new_tokens=6)

CLASSES, PAIRS = fakes.asks(language="java"), fakes.asks(segments=2, language="java")
TEXTS = Question(label_names=(), segments=1, language="java")

NETWORKS: dict[str, tuple[str, Question, Callable[[str], CodeModel]]] = {
    "siamese": ("codebert", PAIRS, lambda name: HuggingFace(name=name)),
    "data flow": ("graphcodebert", CLASSES, lambda name: GraphCodeBERT(name=name, code_length=64, data_flow_length=32)),
    "encoder and new decoder": ("codebert", TEXTS, lambda name: HuggingFace(name=name, generation=SHORT)),
    "decoder of Conv1D": ("codegpt", TEXTS, lambda name: HuggingFace(name=name, generation=SHORT)),
    "tied weights": ("codet5", TEXTS, lambda name: HuggingFace(name=name, generation=SHORT)),
    "bfloat16": ("plbart", CLASSES, lambda name: HuggingFace(name=name, dtype="bfloat16")),
}
"""Name → its kind in :mod:`tests.shrunk`, what it is asked, and the model of a folder."""


def examples(question: Question) -> list[Example]:
    """A few programs, and something to say of each."""
    codes = [*fakes.JAVA, *reversed(fakes.JAVA)]
    return [
        Example(
            uid=str(i),
            segments=tuple(codes[i : i + question.segments]),
            label=0 if question.wants_text else i % 2,
            language="java",
            reference=f"return the number {i}" if question.wants_text else None,
        )
        for i in range(len(fakes.JAVA))
    ]


def judged(folder: Path, asked: Sequence[Example]) -> tuple[float, float]:
    """Score and loss of a checkpoint: no weight of it can change without the loss."""
    import torch

    from robust_ray.models import students
    from robust_ray.models.reading.forward import cpu_threads
    from robust_ray.models.training.criterion import usual

    network = students.load(folder)
    criterion = usual(network)
    with cpu_threads(1), torch.inference_mode():  # sums of several threads may round otherwise
        found = criterion.assess(network, criterion.prepare(network, asked), Machine(), "cpu")
    return found.score, found.loss


@pytest.fixture(scope="module", params=NETWORKS)
def network(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Question]:
    """A checkpoint before any compression, and what it is asked."""
    from robust_ray.models import students

    kind, question, model_of = NETWORKS[request.param]
    folder = shrunk.write(kind, tmp_path_factory.mktemp(kind))
    teacher = tmp_path_factory.mktemp("teacher")
    students.save(model_of(str(folder)).load(examples(question), question, 0, teacher), teacher)
    return teacher, question


EVERY = {
    "zeros": MagnitudePruning(sparsity=0.5, scope="all"),
    "integers": DynamicQuantization(),
    "few bits": SimulatedQuantization(bits=3, activation_bits=8, embeddings=True),
    "integers rehearsed": StaticQuantization(calibration_examples=2, coverage=0.95, rehearsal_epochs=1),
    "factors": LowRank(ratio=0.25),
    "codebooks": WeightSharing(scope="all", recovery_epochs=1),
    "smaller, factors, zeros, integers": Pipeline(
        steps=(
            Distillation(teacher_layers=1, epochs=1),
            HeadPruning(sparsity=0.5, importance="magnitude"),
            LowRank(ratio=0.5),
            MagnitudePruning(sparsity=0.5, scope="linear"),
            WeightOnlyQuantization(bits=4),
        )
    ),
    "zeros, smaller, codebooks": Pipeline(
        steps=(
            MagnitudePruning(sparsity=0.5, scope="all"),
            NeuronPruning(sparsity=0.5, importance="magnitude"),
            WeightSharing(scope="all"),
        )
    ),
}


@pytest.mark.parametrize("compression", EVERY.values(), ids=EVERY)
def test_a_student_is_the_same_in_another_process(
    compression: Compression,
    network: tuple[Path, Question],
    other_process: ProcessPoolExecutor,
    tmp_path: Path,
) -> None:
    teacher, question = network
    asked = examples(question)
    lesson = Lesson(train=asked, valid=asked, question=question, training=Training(), seed=0, teacher_answers=None)
    compression.compress(teacher, lesson, tmp_path, Machine())
    found = judged(tmp_path, asked)
    assert found[1] != judged(teacher, asked)[1]
    assert other_process.submit(judged, tmp_path, asked).result() == found
