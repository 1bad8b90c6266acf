"""Beam search for one summary: given scores, which beginnings to follow. No network, no tensors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from robust_ray.models.writing.generation import Generation


class Candidate(NamedTuple):
    """One more token behind a beginning."""

    total: float
    """Log-probability of the beginning with the token."""

    beam: int
    """Which of the beginnings that are followed."""

    token: int


class BeamSearch:
    """The beginnings followed and the summaries found so far.

    Source: the search of transformers' ``generate`` without early stopping: a beginning that ends is kept, the best
        others are followed, until as many have ended as are followed and no open one is better by its own length.
    Deviations: in CodeXGLUE's own search a beginning that ends takes the place of one that could have been followed;
        CodeT5's authors stop as soon as as many have ended as are followed.
    """

    def __init__(self, generation: Generation, end: int) -> None:
        self._generation = generation
        self._end = end
        self._open: list[tuple[int, ...]] = [()]
        self._ended: list[tuple[float, tuple[int, ...]]] = []
        self._length = 0

    def advance(self, candidates: Iterable[Candidate]) -> list[Candidate]:
        """Take one more token: which candidates to follow, best first; none where the search is over.

        Args:
            candidates: The best ones, best first; enough of them are twice as many as beams.
        """
        beams = self._generation.beams
        followed: list[Candidate] = []
        self._length += 1
        for rank, candidate in enumerate(candidates):
            if candidate.token != self._end:
                followed.append(candidate)
            elif rank < beams:
                self._keep(candidate.total, self._open[candidate.beam])
        followed = followed[:beams]
        self._open = [(*self._open[candidate.beam], candidate.token) for candidate in followed]
        if self._length == self._generation.max_new_tokens:
            for candidate, tokens in zip(followed, self._open, strict=True):
                self._keep(candidate.total, tokens)
        return [] if self._is_over(followed) else followed

    @property
    def best(self) -> list[int]:
        """Tokens of the best summary, without its end."""
        return list(self._ended[0][1])

    def _keep(self, total: float, tokens: tuple[int, ...]) -> None:
        self._ended.append((self._score(total), tokens))
        self._ended.sort(key=lambda scored: -scored[0])
        del self._ended[self._generation.beams :]

    def _score(self, total: float) -> float:
        score: float = total / self._length**self._generation.length_penalty
        return score

    def _is_over(self, followed: list[Candidate]) -> bool:
        if not followed or self._length == self._generation.max_new_tokens:
            return True
        is_full = len(self._ended) == self._generation.beams
        return is_full and self._ended[-1][0] >= self._score(followed[0].total)
