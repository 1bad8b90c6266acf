"""Stand-ins small enough to know by heart: programs written by hand, and victims without a network."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from robust_ray.core.arrays import FloatArray
from robust_ray.core.examples import Example, Input, Question
from robust_ray.core.victim import Encoding

NO_TEXTS: dict[str, Any] = dict.fromkeys(("bleu", "corpus_bleu", "rouge_l", "chrf", "exact_match"))
"""Columns of an evaluation that a task with classes leaves null."""


def asks(n_labels: int = 2, segments: int = 1, language: str = "python") -> Question:
    """The question of a task with so many classes; 0 for one that asks for a text."""
    return Question(label_names=tuple(f"class {i}" for i in range(n_labels)), segments=segments, language=language)


PYTHON = (
    """\
def mean(values, default):
    total = 0
    for value in values:
        total += value
    count = len(values)
    return total / count if count else default
""",
    """\
def longest(words):
    best = ""
    for word in words:
        if len(word) > len(best):
            best = word
    return best
""",
    """\
def merge(left, right):
    result = dict(left)
    for key, value in right.items():
        result[key] = value
    return result
""",
)

JAVA = (
    """\
public int sum(int[] numbers, int limit) {
    int total = 0;
    for (int i = 0; i < numbers.length; i++) {
        if (numbers[i] < limit) {
            total += numbers[i];
        }
    }
    return total;
}
""",
    """\
public static String join(String[] parts, String glue) {
    StringBuilder text = new StringBuilder();
    for (String part : parts) {
        text.append(part).append(glue);
    }
    return text.toString();
}
""",
)

C = (
    """\
static int find(const char *text, char wanted)
{
    int index = 0;
    while (text[index]) {
        if (text[index] == wanted)
            return index;
        index++;
    }
    return -1;
}
""",
    """\
void scale(float *vector, int size, float factor)
{
    int i;
    for (i = 0; i < size; i++)
        vector[i] = vector[i] * factor;
}
""",
)

CELL: dict[str, Any] = {
    "key": "attack-x-v1-0",
    "student": "student",
    "teacher": "teacher",
    "model": "fake",
    "model_params": "{}",
    "task": "fake",
    "task_params": "{}",
    "compression": "none",
    "compression_params": "{}",
    "seed": 0,
    "dtype": "float32",
}
"""Columns that name a cell."""

NOTHING_TO_RENAME = "print(1 + 1)\n"


@dataclass
class BagOfNames:
    """A victim that is a pure function of the words in its input: each votes for a class by a hash of its spelling."""

    n_labels: int = 2
    batch_invariant: bool = True
    mask_token: str = "<mask>"
    poison: str | None = None
    """A word that breaks :meth:`predict`."""

    batches: list[list[Encoding]] = field(default_factory=list)
    """Every batch that was asked, in order."""

    def encode(self, inputs: Sequence[Input]) -> list[Encoding]:
        """Words are tokens."""
        words = [tuple(tuple(re.findall(r"\w+", segment)) for segment in segments) for segments in inputs]
        return [Encoding(ids, sum(map(len, ids))) for ids in words]

    def predict(self, encodings: Sequence[Encoding]) -> FloatArray:
        """Softmax of the votes."""
        self.batches.append(list(encodings))
        return np.stack([self._row(encoding) for encoding in encodings])

    def _row(self, encoding: Encoding) -> FloatArray:
        assert isinstance(encoding.ids, tuple)
        words = [word for segment in encoding.ids for word in segment]
        if self.poison in words:
            raise RuntimeError(f"a bad word:\n{self.poison} cannot be read")
        votes = sum((_vote(word, self.n_labels) for word in words), start=np.zeros(self.n_labels))
        exponentials: FloatArray = np.exp(votes - votes.max())
        probabilities: FloatArray = exponentials / exponentials.sum()
        return probabilities


@functools.cache
def _vote(word: str, n_labels: int) -> FloatArray:
    digest = hashlib.sha256(word.encode()).digest()[:n_labels]
    return np.frombuffer(digest, dtype=np.uint8).astype(np.float64) / 128.0 - 1.0


def example(uid: str, *segments: str, language: str, victim: BagOfNames | None = None, right: bool = True) -> Example:
    """An example whose label is what ``victim`` predicts (class 0 without one), or else another."""
    label = 0 if victim is None else int(victim.predict(victim.encode([segments]))[0].argmax())
    return Example(uid=uid, segments=segments, label=label if right else 1 - label, language=language)


def examples(victim: BagOfNames) -> list[Example]:
    """Programs in three languages, all of which ``victim`` gets right."""
    programs = {"python": PYTHON, "java": JAVA, "c": C}
    return [
        example(f"{language}-{i}", text, language=language, victim=victim)
        for language, texts in programs.items()
        for i, text in enumerate(texts)
    ]
