"""A teacher small enough to train in a second: it tells calls of ``strcpy`` from calls of ``strncpy``."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from robust_ray.compression import Lesson
from robust_ray.core.examples import Example, generator
from robust_ray.core.machine import Machine
from robust_ray.models import ScratchRoberta, Training
from tests.fakes import asks

NAMES = ("buf", "dst", "name", "line", "path", "out", "tmp", "key")
TRAINING = Training(epochs=6, batch_size=16, learning_rate=5e-3, max_length=48)


def examples(split: str, n: int) -> list[Example]:
    """Functions whose class is the call they make."""
    rng = generator("toy", split)
    made = []
    for i in range(n):
        function, to, source = rng.choice(NAMES, size=3, replace=False)
        call = "strcpy({}, {});" if i % 2 else "strncpy({}, {}, sizeof {});"
        code = f"int {function}_{i}(char *{to}) {{ {call.format(to, source, to)} return {rng.integers(99)}; }}"
        made.append(Example(uid=f"{split}/{i}", segments=(code,), label=i % 2, language="c"))
    return made


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Small networks are fastest on one thread."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def other_process() -> Iterator[ProcessPoolExecutor]:
    """A process that knows of a student only what is on disk; one for all contracts, as it loads torch anew."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield pool


@pytest.fixture(scope="session")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fine-tuned checkpoint, its answers to the training split beside it."""
    from robust_ray.compression.distillation.teaching import teach
    from robust_ray.models import students, training

    root = tmp_path_factory.mktemp("given")
    train, valid = examples("train", 96), examples("valid", 32)
    model = ScratchRoberta(layers=2, hidden=32, heads=2, intermediate=64, vocabulary=400, max_length=48)
    network = training.fine_tune(model.load(train, asks(), 1, root), train, valid, TRAINING, 1, Machine(), root)
    students.save(network, root / "teacher")
    (root / "answers").mkdir()
    teach(root / "teacher", train, None, 0, Machine()).save(root / "answers")
    return root / "teacher"


@pytest.fixture(scope="session")
def lesson(teacher: Path) -> Lesson:
    """What the compressions learn from."""
    return Lesson(
        train=examples("train", 96),
        valid=examples("valid", 32),
        question=asks(),
        training=TRAINING,
        seed=7,
        teacher_answers=teacher.parent / "answers",
    )
