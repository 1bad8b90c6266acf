"""The questions of many examples, asked together and counted apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Sequence
from concurrent.futures import CancelledError
from typing import NamedTuple

import numpy as np

from robust_ray.core.answer_cache import AnswerCache
from robust_ray.core.examples import Input
from robust_ray.core.victim import Answer, Answers, Encoding, Victim


class Request(NamedTuple):
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
        self._answered: Encoding | None = None  # any input the victim could answer

    def ask(self, requests: Sequence[Request]) -> list[Answer | Exception]:
        """One answer for each request, in order; if asking breaks the victim, what broke it.

        Raises:
            MemoryError: one request alone is too much for this machine now: no fact about the example.
            CancelledError: :meth:`stop` was called.
            Exception: the victim broke for good, so that no later request would be answered either.
        """
        try:
            return self._together(requests)
        except CancelledError:
            raise
        except Exception:
            # One bad input must sink neither the others nor their counts, and a fault may pass.
            return [self._alone(request) for request in requests]

    def stop(self) -> None:
        """Break off, after the batch at hand, what another thread asks."""
        self._answers.stop()

    def forget(self, uids: Collection[str]) -> None:
        """Drop the answers to these examples from the memory."""
        for uid in uids:
            for ids in self._seen.pop(uid, ()):
                self._answers.memory.pop(ids, None)

    def _alone(self, request: Request) -> Answer | Exception:
        """A second attempt, whose failure is the request's own."""
        try:
            return self._together([request])[0]
        except CancelledError:
            raise
        except Exception as error:
            if isinstance(error, MemoryError) or self._is_broken():
                raise
            self._answers.memory.clear()  # what was computed before it broke is noted nowhere, to be forgotten
            return error

    def _together(self, requests: Sequence[Request]) -> list[Answer | Exception]:
        """All answers from one round of batches; nothing is noted as seen should it break."""
        encodings = self._answers.victim.encode([segments for request in requests for segments in request.inputs])
        probabilities, _, notes = self._answers.answer(encodings)
        self._answered = next(iter(encodings), self._answered)
        answers: list[Answer | Exception] = []
        start = 0
        for uid, inputs in requests:
            stop = start + len(inputs)
            rows = probabilities[start:stop]
            is_new = self._note(uid, [encoding.ids for encoding in encodings[start:stop]])
            if np.isfinite(rows).all():
                answers.append(Answer(rows, is_new, notes[start:stop]))
            else:
                answers.append(ValueError("the victim answered with a probability that is not a number"))
            start = stop
        return answers

    def _is_broken(self) -> bool:
        """Whether the victim fails on what it has answered before: a lost GPU, say, fails on everything."""
        if self._answered is None:
            return False
        try:
            self._answers.victim.predict([self._answered])
        except Exception:
            return True
        return False

    def _note(self, uid: str, ids: Sequence[Hashable]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """``(n,)``: which inputs this example asks for the first time."""
        seen = self._seen[uid]
        is_new = np.zeros(len(ids), dtype=np.bool_)
        for i, each in enumerate(ids):
            if each not in seen:
                seen.add(each)
                is_new[i] = True
        return is_new
