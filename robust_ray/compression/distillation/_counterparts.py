"""Whether a student can be matched with a teacher, layer by layer and token by token."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace

import torch

from robust_ray.compression.distillation._watching import Trace, watch
from robust_ray.compression.distillation.beginners import WHERE
from robust_ray.compression.distillation.criterion import Likeness
from robust_ray.compression.distillation.matching import Matching
from robust_ray.core.errors import ModelError
from robust_ray.core.examples import Example
from robust_ray.models.alterations.anatomy import stacks
from robust_ray.models.checks.sanity import golden_ids
from robust_ray.models.students import Network


def require_alike(student: Network, teacher: Network) -> Network:
    """The student, its window no longer than the teacher's; refused unless it reads and computes as the teacher does.

    Raises:
        ModelError: it does not.
    """
    facts = (
        ("read the tokens", golden_ids(student.tokenizer), golden_ids(teacher.tokenizer)),
        ("read segments", student.pair_encoding, teacher.pair_encoding),
        ("prepare code", student.preprocessing, teacher.preprocessing),
        ("read a data flow", student.data_flow, teacher.data_flow),
        ("have stacks of layers", *(list(stacks(network.module)) for network in (student, teacher))),
    )
    for what, ours, theirs in facts:
        if ours != theirs:
            raise ModelError(
                f"{WHERE}: to be matched, a student must {what} as its teacher does, but got {_short(ours)} and "
                f"{_short(theirs)}; use `teacher_layers`, or omit `matching`"
            )
    return replace(student, max_length=min(student.max_length, teacher.max_length))


def widths_of(student: Network, likeness: Likeness, examples: Sequence[Example]) -> list[tuple[int, int]]:
    """Width of the states of student and teacher in each stack, seen on an example; nothing where no map is needed.

    Args:
        student: In evaluation mode afterwards.
        likeness: What is to be alike.
        examples: One.

    Raises:
        ModelError: the layers do not go together, or attention is not known where it lies.
    """
    split = likeness.prepare(student, examples)
    student.module.eval()
    with torch.no_grad(), watch(student.module) as ours:
        likeness.answering.loss(student, split, [0], "cpu")
    theirs = likeness.traces(split, [0], "cpu")
    for name, layers in ours.items():
        _require_layers(likeness.matching, layers, theirs[name])
    found = [(layers[0].states[0].shape[-1], theirs[name][0].states[0].shape[-1]) for name, layers in ours.items()]
    return found if likeness.matching.hidden and any(own != wanted for own, wanted in found) else []


def _require_layers(matching: Matching, ours: Sequence[Trace], theirs: Sequence[Trace]) -> None:
    """Refuse a stack whose layers have no counterparts."""
    if problem := matching.misfit(len(ours), len(theirs)):
        raise ModelError(f"{WHERE}: {problem}")
    if matching.attention and not all(len(layer.attention) == 3 for layer in (*ours, *theirs)):
        raise ModelError(
            f"{WHERE}: to be matched, attention must be known where it lies, but in a layer it is not; "
            "set `matching.attention` to 0"
        )


def _short(fact: object) -> str:
    return textwrap.shorten(str(fact), 60)
