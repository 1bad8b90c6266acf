"""The questions of many examples, asked together and counted apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Sequence
from typing import NamedTuple

import numpy as np

from robust_ray.core.answer_cache import AnswerCache
from robust_ray.core.examples import Input
from robust_ray.core.victim import Answer, Answers, Victim


class Question(NamedTuple):
    """What one example asks in one round."""

    uid: str
    inputs: Sequence[Input]


class Pool:
    """A victim shared by many examples.

    An input is computed once for all who ask. It counts as computed for each example that asks it for the first time,
    so that no example's count depends on who else is attacked, or when, or on what a cache holds.
    """

    def __init__(self, victim: Victim, max_batch_tokens: int, cache: AnswerCache | None = None) -> None:
        self._answers = Answers(victim, max_batch_tokens, cache=cache)
        self._seen: defaultdict[str, set[Hashable]] = defaultdict(set)

    def ask(self, questions: Sequence[Question]) -> list[Answer | Exception]:
        """One answer for each question, in order; if asking breaks the victim, what broke it.

        Raises:
            MemoryError: one question alone is too much for this machine now: no fact about the example.
        """
        try:
            return self._together(questions)
        except Exception as error:
            if len(questions) == 1:
                if isinstance(error, MemoryError):
                    raise
                return [error]
            # One bad input must sink neither the others nor their counts, so everyone is asked alone.
            return [answer for question in questions for answer in self.ask([question])]

    def forget(self, uids: Collection[str]) -> None:
        """Drop the answers to these examples from the memory."""
        for uid in uids:
            for ids in self._seen.pop(uid, ()):
                self._answers.memory.pop(ids, None)

    def _together(self, questions: Sequence[Question]) -> list[Answer | Exception]:
        """All answers from one round of batches; nothing is noted as seen should it break."""
        encodings = self._answers.victim.encode([segments for question in questions for segments in question.inputs])
        probabilities = self._answers.answer(encodings).probabilities
        answers: list[Answer | Exception] = []
        start = 0
        for uid, inputs in questions:
            stop = start + len(inputs)
            rows = probabilities[start:stop]
            if np.isfinite(rows).all():
                ids = [encoding.ids for encoding in encodings[start:stop]]
                answers.append(Answer(rows, self._note(uid, ids)))
            else:
                answers.append(ValueError("the victim answered with a probability that is not a number"))
            start = stop
        return answers

    def _note(self, uid: str, ids: Sequence[Hashable]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """``(n,)``: which inputs this example asks for the first time."""
        seen = self._seen[uid]
        is_new = np.zeros(len(ids), dtype=np.bool_)
        for i, each in enumerate(ids):
            if each not in seen:
                seen.add(each)
                is_new[i] = True
        return is_new
