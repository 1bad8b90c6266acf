"""The questions of many examples, asked together and counted apart."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from robust_ray.core.examples import Input
from robust_ray.core.victim import Answer, Answers, Encoding, FloatArray, Victim


class Question(NamedTuple):
    """What one example asks in one round."""

    uid: str
    inputs: Sequence[Input]


class Pool:
    """A victim shared by many examples.

    Equal inputs of one example are computed once. Those of different examples, which practically never coincide, are
    computed apart, so that no example's count of forwards depends on who else is attacked, or when.
    """

    def __init__(self, victim: Victim, max_batch_tokens: int) -> None:
        self._answers = Answers(_SignedVictim(victim), max_batch_tokens)

    def ask(self, questions: Sequence[Question]) -> list[Answer | Exception]:
        """One answer for each question, in order; if asking breaks the victim, what broke it.

        Raises:
            MemoryError: one question alone is too much for this machine now: no fact about the example.
        """
        answer = self._try(questions)
        if isinstance(answer, Exception):
            # One bad input must sink neither the others nor their counts, so everyone is asked alone.
            return [self._alone(question) for question in questions]
        ends = np.cumsum([len(question.inputs) for question in questions])[:-1]
        parts = zip(np.split(answer.probabilities, ends), np.split(answer.computed, ends), strict=True)
        return [Answer(*part) for part in parts]

    def forget(self, uids: Collection[str]) -> None:
        """Drop the answers to these examples from the memory."""
        if uids:
            memory = self._answers.memory
            self._answers.memory = {ids: row for ids, row in memory.items() if ids.uid not in uids}

    def _alone(self, question: Question) -> Answer | Exception:
        answer = self._try([question])
        if isinstance(answer, MemoryError):
            raise answer
        return answer

    def _try(self, questions: Sequence[Question]) -> Answer | Exception:
        inputs = [(question.uid, *segments) for question in questions for segments in question.inputs]
        known = len(self._answers.memory)
        try:
            return self._answers.ask(inputs)
        except Exception as error:
            for ids in list(self._answers.memory)[known:]:
                del self._answers.memory[ids]
            return error


class _Signed(NamedTuple):
    """Token ids, and the example that asks about them."""

    uid: str
    ids: Hashable


@dataclass(frozen=True)
class _SignedVictim:
    """A victim whose inputs carry, in front, the uid of the example that asks."""

    victim: Victim

    @property
    def batch_invariant(self) -> bool:
        return self.victim.batch_invariant

    @property
    def n_labels(self) -> int:
        return self.victim.n_labels

    @property
    def mask_token(self) -> str:
        return self.victim.mask_token

    def encode(self, inputs: Sequence[Input]) -> list[Encoding]:
        encodings = self.victim.encode([signed[1:] for signed in inputs])
        return [Encoding(_Signed(uid, ids), length) for (uid, *_), (ids, length) in zip(inputs, encodings, strict=True)]

    def predict(self, encodings: Sequence[Encoding]) -> FloatArray:
        return self.victim.predict([Encoding(_unsigned(encoding), encoding.length) for encoding in encodings])


def _unsigned(encoding: Encoding) -> Hashable:
    assert isinstance(encoding.ids, _Signed)
    return encoding.ids.ids
