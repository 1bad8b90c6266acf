"""The model under attack, as everything above it sees it: strings in, probabilities out.

A victim encodes and answers; :class:`Answers` remembers, de-duplicates, sorts by length and cuts batches by token
count. Texts with the same encoding (a rename past the model's window, say) are one input to the victim, so equal
programs get bit-equal answers.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np

from robust_ray.core.answer_cache import AnswerCache
from robust_ray.core.arrays import BoolArray, FloatArray
from robust_ray.core.examples import Input

Precision = Literal["float32", "bfloat16"]
"""Number format of a victim's forward pass."""


class Encoding(NamedTuple):
    """One input as the victim reads it."""

    ids: Hashable
    """Token ids, in whatever form the victim likes; equal ids have equal ``repr`` and mean an equal answer."""

    length: int
    """Tokens the victim must compute, padding not counted; what batches are cut by."""

    note: str | None = None
    """What of the input could not be read as the model means it (``no data flow``); None where all was."""


class Victim(Protocol):
    """Answers ``predict``; teacher and student alike."""

    @property
    def batch_invariant(self) -> bool:
        """Whether an answer is, up to rounding (1e-6), independent of its batch; if not, it is asked one at a time."""
        ...

    @property
    def n_labels(self) -> int:
        """Number of classes."""
        ...

    @property
    def mask_token(self) -> str:
        """Text that stands for 'no information' (``<mask>``, or the unknown token)."""
        ...

    def encode(self, inputs: Sequence[Input]) -> list[Encoding]:
        """Tokenize and truncate; pure, cheap beside :meth:`predict`."""
        ...

    def predict(self, encodings: Sequence[Encoding]) -> FloatArray:
        """``(n, n_labels)`` array of class probabilities, one row per encoding; the whole sequence is one batch."""
        ...


@runtime_checkable
class Launcher(Victim, Protocol):
    """A victim that computes by itself (on a GPU) while its caller goes on."""

    def launch(self, encodings: Sequence[Encoding]) -> Callable[[], FloatArray]:
        """Start a batch; what is returned waits for the answer of :meth:`predict`, and is called once."""
        ...


class Answer(NamedTuple):
    """What came back for a sequence of inputs."""

    probabilities: FloatArray
    """``(n, n_labels)``."""

    computed: BoolArray
    """``(n,)``: whether the victim computed this input now; else a memory or a twin answered."""

    notes: tuple[str | None, ...] = ()
    """:attr:`Encoding.note` of each input."""


@dataclass
class Answers:
    """A victim's answers, each computed once."""

    victim: Victim
    max_batch_tokens: int = 16384
    """Padded tokens in one batch at most; a single longer input still makes a batch of one."""

    memory: dict[Any, FloatArray] = field(default_factory=dict)
    """Encoding ids → ``(n_labels,)`` probabilities."""

    cache: AnswerCache | None = None
    """Answers of earlier runs; None for none."""

    _is_stopped: bool = field(default=False, init=False)

    def stop(self) -> None:
        """Break off, after the batch at hand, what another thread is being answered, and answer nothing more."""
        self._is_stopped = True

    def ask(self, inputs: Sequence[Input]) -> Answer:
        """Probabilities of every input, in order.

        Raises:
            ValueError: one of them is not a number, as of a network whose weights have none.
        """
        answer = self.answer(self.victim.encode(inputs))
        if not np.isfinite(answer.probabilities).all():  # which argmax would take for the first class
            raise ValueError("the victim answered with a probability that is not a number")
        return answer

    def answer(self, encodings: Sequence[Encoding]) -> Answer:
        """Probabilities of every encoded input, in order."""
        new: dict[Hashable, Encoding] = {}
        for encoding in encodings:
            if encoding.ids not in self.memory:
                new.setdefault(encoding.ids, encoding)
        if new and self.cache is not None:
            self._recall(new, self.cache)
        computed = np.zeros(len(encodings), dtype=np.bool_)
        if new:
            self._compute(list(new.values()))
            for i, encoding in enumerate(encodings):
                computed[i] = new.pop(encoding.ids, None) is not None
        rows = [self.memory[encoding.ids] for encoding in encodings]
        probabilities = np.array(rows) if rows else np.zeros((0, self.victim.n_labels))
        return Answer(probabilities, computed, tuple(encoding.note for encoding in encodings))

    def _recall(self, new: dict[Hashable, Encoding], cache: AnswerCache) -> None:
        """Take out of ``new`` what an earlier run has answered."""
        for ids, row in zip(list(new), cache.get(list(new)), strict=True):
            if row is not None:
                self.memory[ids] = row
                del new[ids]

    def _compute(self, asked: Sequence[Encoding]) -> None:
        """Have the victim answer in batches, and remember."""
        lengths = [encoding.length for encoding in asked]
        positions = token_batches(lengths, self.max_batch_tokens, batch_invariant=self.victim.batch_invariant)
        for batch, rows in _predict(self.victim, ([asked[i] for i in batch] for batch in positions)):
            ids = [encoding.ids for encoding in batch]
            self.memory.update(zip(ids, rows, strict=True))
            if self.cache is not None:
                self.cache.put(ids, rows)
            if self._is_stopped:
                raise CancelledError("nobody waits for these answers any more")


def _predict(victim: Victim, batches: Iterable[Sequence[Encoding]]) -> Iterator[tuple[Sequence[Encoding], FloatArray]]:
    """Each batch with its answer; the next one is launched, if that can be, before an answer is waited for."""
    if not isinstance(victim, Launcher):
        for batch in batches:
            yield batch, victim.predict(batch)
        return
    launched: tuple[Sequence[Encoding], Callable[[], FloatArray]] | None = None
    for batch in batches:
        ready, launched = launched, (batch, victim.launch(batch))
        if ready is not None:
            yield ready[0], ready[1]()
    if launched is not None:
        yield launched[0], launched[1]()


def token_batches(lengths: Sequence[int], max_tokens: int, *, batch_invariant: bool = True) -> list[list[int]]:
    """Positions sorted by length and cut so that ``count * longest <= max_tokens``; a longer one goes alone.

    Each goes alone where answers depend on their batch neighbours.
    """
    batches: list[list[int]] = []
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if batch_invariant and batches and (len(batches[-1]) + 1) * lengths[i] <= max_tokens:
            batches[-1].append(i)
        else:
            batches.append([i])
    return batches
