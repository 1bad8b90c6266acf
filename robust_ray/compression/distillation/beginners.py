"""Students before they have learned: how large they are, and those made of their teacher's layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from robust_ray.compression.distillation._layers import spaced
from robust_ray.core.errors import ModelError
from robust_ray.models import ScratchRoberta
from robust_ray.models.reading.tokenization import SMALLEST

if TYPE_CHECKING:
    from robust_ray.models.students import Network

WHERE = "compression 'distillation'"


def is_larger(student: ScratchRoberta, teacher: ScratchRoberta) -> bool:
    """Whether a student's encoder has more numbers than its teacher's, however many words there are to learn."""
    words = (SMALLEST, student.vocabulary, teacher.vocabulary)
    return all(_numbers(student, each) > _numbers(teacher, each) for each in words)


def most_numbers(model: ScratchRoberta) -> int:
    """Weights of the encoder where its vocabulary is full."""
    return _numbers(model, model.vocabulary)


def require_no_larger(student: Network, teacher: Network) -> None:
    """Refuse a student that is larger than its teacher.

    Raises:
        ModelError: it is.
    """
    from robust_ray.models.cost import weights

    ours, theirs = (sum(each.numel() for each in weights(network.module)) for network in (student, teacher))
    if ours > theirs:
        raise ModelError(
            f"{WHERE}: a student must be no larger than its teacher, but has {ours:,} numbers and the teacher "
            f"{theirs:,}; make it smaller"
        )


def made_of_layers(teacher: Network, wanted: int | Sequence[int]) -> Network:
    """So many layers of each stack of a teacher, as far apart as can be, or those of these numbers.

    Args:
        teacher: Its module is used up.
        wanted: How many, or which, counted from 0.

    Raises:
        ModelError: a stack has fewer layers, or there is none that we know.
    """
    from robust_ray.models import students
    from robust_ray.models.alterations import anatomy
    from robust_ray.models.alterations.removal import spell

    depths = {name: len(stack) for name, stack in anatomy.stacks(teacher.module).items()}
    if not depths:
        raise ModelError(
            f"{WHERE}: a teacher's layers must be known where they lie, but of a {type(teacher.module).__name__} they "
            "are not; name a `student`"
        )
    if problem := too_many(wanted, min(depths.values())):
        raise ModelError(problem)
    chosen = {name: spaced(wanted, depth) if isinstance(wanted, int) else wanted for name, depth in depths.items()}
    kept = {name: spell(numbers) for name, numbers in chosen.items() if len(numbers) < depths[name]}
    return students.alter(teacher, {"type": "keep_layers", "kept": kept}) if kept else teacher


def too_many(wanted: int | Sequence[int], layers: int) -> str | None:
    """What is wrong if a teacher has not so many layers, or none of such a number."""
    needed = wanted if isinstance(wanted, int) else max(wanted) + 1
    if needed <= layers:
        return None
    return f"{WHERE}: `teacher_layers` must be of the teacher's {layers}, but got {wanted!r}; give fewer or lower ones"


def _numbers(model: ScratchRoberta, words: int) -> int:
    """Weights of the encoder where there are so many words to learn."""
    width, wide = model.hidden, model.intermediate
    tables = min(model.vocabulary, words) + model.max_length + 5  # positions of special tokens, a token type, a norm
    layer = 4 * (width * width + width) + 2 * width * wide + wide + width + 4 * width
    return tables * width + model.layers * layer
