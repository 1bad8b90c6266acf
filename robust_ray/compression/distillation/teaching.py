"""What a teacher answers on its training split, and on variants of it: found once, for every student."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from robust_ray.compression.distillation.rewriting import rewriter
from robust_ray.compression.schooling import Variants
from robust_ray.core.arrays import FloatArray
from robust_ray.core.examples import Example, Input
from robust_ray.core.machine import Machine
from robust_ray.metrics import bleu, js_divergence

Answers = npt.NDArray[Any]
"""Of one example each: ``(n, n_labels)`` float32 logits, or ``(n,)`` texts."""

VARIANTS = "variants.json"
LOGITS = "logits.npy"
TEXTS = "texts.json"


@dataclass(frozen=True, kw_only=True, eq=False)
class Taught:
    """Examples, and what the teacher answers on each."""

    examples: Sequence[Example]
    """The training split, and variants behind it."""

    origins: Sequence[int]
    """For each example its own position, or that of the one it is a variant of."""

    answers: Answers

    @property
    def is_of_texts(self) -> bool:
        """Whether the answers are texts."""
        return self.answers.ndim == 1

    def answered_as_originals(self) -> Taught:
        """The same with the answer on the original for every variant."""
        return replace(self, answers=self.answers[np.array(self.origins)])

    def save(self, folder: Path) -> None:
        """Write all that :meth:`load` cannot read from the training split."""
        pairs = zip(self.origins, self.examples, strict=True)
        behind = [{"of": of, "segments": each.segments} for i, (of, each) in enumerate(pairs) if of != i]
        (folder / VARIANTS).write_text(json.dumps(behind) + "\n")
        if self.is_of_texts:
            (folder / TEXTS).write_text(json.dumps(self.answers.tolist()) + "\n")
        else:
            np.save(folder / LOGITS, self.answers)

    @classmethod
    def load(cls, folder: Path, train: Sequence[Example]) -> Taught:
        """What :meth:`save` has written for this training split.

        Raises:
            ValueError: there is not one answer for each example.
        """
        behind = json.loads((folder / VARIANTS).read_text())
        variants = [_variant(train[each["of"]], i, tuple(each["segments"])) for i, each in enumerate(behind)]
        texts = folder / TEXTS
        answers = _texts(json.loads(texts.read_text())) if texts.exists() else np.load(folder / LOGITS)
        examples = [*train, *variants]
        if len(answers) != len(examples):
            raise ValueError(f"{folder}: an answer for each of {len(examples)} examples is needed, got {len(answers)}")
        return cls(examples=examples, origins=[*range(len(train)), *(each["of"] for each in behind)], answers=answers)


def teach(teacher: Path, train: Sequence[Example], variants: Variants | None, seed: int, machine: Machine) -> Taught:
    """Ask a teacher about its training split, and about variants of it.

    Args:
        teacher: The checkpoint.
        train: The training split, or the part of it that the teacher has never seen.
        variants: Which variants; None for none.
        seed: Of the variants, which depend on nothing else but the training split and, where the worst ones are
            chosen, on the teacher.
        machine: Where to ask.
    """
    ask = _asking(teacher, machine)
    answers = ask(train)
    if variants is None:
        return Taught(examples=train, origins=range(len(train)), answers=answers)
    tried = list(_candidates(train, variants, seed))
    found = ask([_variant(train[each.of], i, each.segments) for i, each in enumerate(tried)])
    kept = _worst(tried, _distances(answers[[each.of for each in tried]], found))
    behind = [_variant(train[tried[i].of], number, tried[i].segments) for number, i in enumerate(kept)]
    return Taught(
        examples=[*train, *behind],
        origins=[*range(len(train)), *(tried[i].of for i in kept)],
        answers=np.concatenate([answers, found[kept]]),
    )


class _Candidate(NamedTuple):
    """A variant that may be kept."""

    of: int
    """Position of the example."""

    copy: int
    """Which of its variants this may be."""

    segments: Input


def _candidates(train: Sequence[Example], variants: Variants, seed: int) -> Iterator[_Candidate]:
    """What may be kept of each example: no two alike, nor like the example."""
    rewrite = rewriter(variants, train, seed)
    for of, example in enumerate(train):
        seen = {example.segments}
        for number in range(variants.copies * variants.worst_of):
            segments = tuple(rewrite(text, example.language, number) for text in example.segments)
            if segments not in seen:
                seen.add(segments)
                yield _Candidate(of, number // variants.worst_of, segments)


def _worst(tried: Sequence[_Candidate], moved: FloatArray) -> list[int]:
    """Position of the candidate that has moved the answer the most, the first of equals, for each variant."""
    worst: dict[tuple[int, int], int] = {}
    for i, (of, copy, _) in enumerate(tried):
        if (of, copy) not in worst or moved[i] > moved[worst[of, copy]]:
            worst[of, copy] = i
    return list(worst.values())


def _distances(before: Answers, after: Answers) -> FloatArray:
    """``(n,)``: how far each answer has moved, in [0, 1]: by divergence of classes, by BLEU of texts."""
    if before.ndim == 1:
        return np.array([1.0 - bleu(reference, text) for reference, text in zip(before, after, strict=True)])
    return js_divergence(softmax(before, axis=1), softmax(after, axis=1))


def _variant(example: Example, number: int, segments: Input) -> Example:
    return replace(example, uid=f"{example.uid} variant {number}", segments=segments)


def _asking(teacher: Path, machine: Machine) -> Callable[[Sequence[Example]], Answers]:
    """Asks the network of a checkpoint."""
    from robust_ray.models import students, training
    from robust_ray.models.writing.victim import ScoredSummaries

    victim = students.load_victim(teacher, machine)
    if not isinstance(victim, ScoredSummaries):
        return lambda examples: training.logits(victim.network, examples, machine)
    return lambda examples: _texts(victim.summaries([each.input for each in examples], machine.max_batch_tokens).texts)


def _texts(texts: Sequence[str]) -> Answers:
    return np.array(texts, dtype=object)
