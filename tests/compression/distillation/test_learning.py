"""Whatever a network is made of, its layers can be matched, and be a student of their own."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from robust_ray.compression import Lesson, Matching
from robust_ray.compression.distillation._watching import Traces, tokens_seen, watch
from robust_ray.compression.distillation.beginners import made_of_layers
from robust_ray.compression.distillation.criterion import Likeness
from robust_ray.compression.distillation.learning import distill
from robust_ray.compression.distillation.teaching import Taught, teach
from robust_ray.core.machine import Machine
from robust_ray.models import Training, students
from robust_ray.models.alterations import anatomy
from robust_ray.models.reading.encoding import count
from robust_ray.models.students import Network
from robust_ray.models.training.criterion import Classification, usual
from tests import shrunk
from tests.fakes import asks
from tests.models.alterations import networks

pytestmark = pytest.mark.torch

SIZE = replace(shrunk.SMALL, layers=3)
SETTINGS = Training(epochs=1, batch_size=1, learning_rate=1e-3)
BOTH = Matching(hidden=1.0, attention=1.0)


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Network]:
    """Network in :data:`tests.models.alterations.networks.NETWORKS` → a new one, the same each time."""

    @functools.cache
    def folder_of(kind: str) -> Path:
        return shrunk.write(kind, tmp_path_factory.mktemp(kind), SIZE)

    return lambda name: networks.load(name, folder_of(name.partition(" ")[0]))


def traces_of(network: Network) -> tuple[Traces, dict[str, Tensor]]:
    """What goes on while a network reads three examples, and where it saw a token."""
    criterion = usual(network)
    split = criterion.prepare(network, networks.examples(network))
    network.module.eval()
    with torch.no_grad(), watch(network.module) as traces:
        criterion.loss(network, split, [0, 1, 2], "cpu")
    return traces, tokens_seen(network, split, [0, 1, 2], "cpu")


def distance(student: Network, teacher: Path) -> Tensor:
    """How much there is to learn, answers included."""
    likeness = Likeness(usual(student), BOTH, teacher)
    split = likeness.prepare(student, networks.examples(student))
    return likeness.loss(student, split, [0, 1, 2], "cpu")


def given(student: Network, teacher: Path) -> tuple[Taught, Lesson]:
    """What a student learns from; its question and the folder of answers are not looked at."""
    train = networks.examples(student)
    lesson = Lesson(train=train, valid=train, question=asks(), training=SETTINGS, seed=0, teacher_answers=None)
    return teach(teacher, train, None, 0, Machine()), lesson


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_every_layer_leaves_its_states_and_its_attention(load: Callable[[str], Network], name: str) -> None:
    network = load(name)
    traces, seen = traces_of(network)
    assert set(traces) == set(seen) == set(anatomy.stacks(network.module))
    for stack, layers in traces.items():
        for layer in layers:
            assert len(layer.states) == 1
            assert layer.states[0].shape[:2] == seen[stack].shape
            assert [each.shape[:2] for each in layer.attention] == [seen[stack].shape] * 3
        assert not torch.equal(layers[0].states[0], layers[1].states[0])


@pytest.mark.parametrize("name", ["codebert", "codebert pairs", "codet5", "codet5 writes", "codegpt writes"])
def test_padding_is_not_seen(load: Callable[[str], Network], name: str) -> None:
    network = load(name)
    criterion = usual(network)
    split = criterion.prepare(network, networks.examples(network))
    read = [count(row) for i in range(3) for row in split.rows[i][: 2 if name.endswith("pairs") else 1]]
    for stack, mask in tokens_seen(network, split, [0, 1, 2], "cpu").items():
        wanted = read
        if name.endswith("writes"):
            written = [len(network.module.start) + len(ids) - 1 for ids in split.targets.tokens]  # type: ignore[arg-type]
            if "decoder" in stack:
                wanted = written
            elif name.startswith("codegpt"):
                wanted = [code + text for code, text in zip(read, written, strict=True)]
        assert mask.sum(1).tolist() == wanted


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_a_student_like_its_teacher_has_nothing_to_match(
    load: Callable[[str], Network], name: str, tmp_path: Path
) -> None:
    students.save(load(name), tmp_path)
    student = load(name)
    criterion = usual(student)
    split = criterion.prepare(student, networks.examples(student))
    with torch.no_grad():
        answering = float(criterion.loss(student, split, [0, 1, 2], "cpu"))
    assert float(distance(student, tmp_path).detach()) == pytest.approx(answering, abs=1e-5)


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_one_layer_is_told_how_to_be_like_three(load: Callable[[str], Network], name: str, tmp_path: Path) -> None:
    students.save(load(name), tmp_path)
    student = made_of_layers(load(name), 1)
    torch.autograd.backward(distance(student, tmp_path))
    for layers in anatomy.stacks(student.module).values():
        assert len(layers) == 1
        gradients = [weight.grad for weight in layers.parameters() if weight.grad is not None]
        assert all(gradient.isfinite().all() for gradient in gradients)
        assert sum(bool(gradient.any()) for gradient in gradients) >= 9


@pytest.mark.parametrize("name", ["graphcodebert pairs", "codet5 writes"])
def test_what_has_learned_is_a_network_as_before(load: Callable[[str], Network], name: str, tmp_path: Path) -> None:
    teacher = tmp_path / "teacher"
    students.save(load(name), teacher)
    student = made_of_layers(load(name), 1)
    names = student.module.state_dict().keys()
    learned = distill(student, *given(student, teacher), Machine(), tmp_path, matching=BOTH, teacher=teacher)
    students.save(learned, tmp_path / "student")
    assert students.load(tmp_path / "student").module.state_dict().keys() == names


def test_a_student_that_is_matched_is_more_like_its_teacher(teacher: Path, lesson: Lesson, tmp_path: Path) -> None:
    taught = teach(teacher, lesson.train, None, 0, Machine())
    short = replace(lesson, training=replace(lesson.training, epochs=2))
    likeness = Likeness(Classification(), BOTH, teacher)
    found = []
    for matching in (None, BOTH):
        beginner = made_of_layers(students.load(teacher), 1)
        learned = distill(beginner, taught, short, Machine(), tmp_path, matching=matching, teacher=teacher)
        split = likeness.prepare(learned, lesson.valid)
        answering, both = (each.loss(learned, split, range(32), "cpu") for each in (Classification(), likeness))
        found.append(float((both - answering).detach()))
    assert found[1] < 0.7 * found[0]


def test_the_projection_of_states_of_another_width_is_learned_and_thrown_away(
    load: Callable[[str], Network], tmp_path: Path
) -> None:
    teacher = tmp_path / "teacher"
    students.save(load("codebert"), teacher)
    folder = shrunk.write("codebert", tmp_path / "narrow", replace(SIZE, hidden=16, layers=1))
    student = networks.load("codebert", folder)
    names = student.module.state_dict().keys()
    learned = distill(student, *given(student, teacher), Machine(), tmp_path, matching=Matching(), teacher=teacher)
    assert learned.alterations == ()
    assert learned.module.state_dict().keys() == names


def test_matching_needs_a_teacher(load: Callable[[str], Network], lesson: Lesson, tmp_path: Path) -> None:
    students.save(load("codebert"), tmp_path)
    taught = teach(tmp_path, lesson.train[:2], None, 0, Machine())
    with pytest.raises(ValueError, match="matching needs the teacher's checkpoint"):
        distill(load("codebert"), taught, lesson, Machine(), tmp_path, matching=BOTH)
