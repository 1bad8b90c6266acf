"""Beam search over renamings, one kind of statement after the other.

Source: Du et al., "An Extensive Study on Adversarial Attack against Pre-trained Models of Code", ESEC/FSE 2023,
https://doi.org/10.1145/3611643.3616356 (BeamAttack).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from robust_ray.attacks.base import Candidate, Scores, Search, Space, Steps
from robust_ray.source.contexts import Statement, contexts


@dataclass(frozen=True)
class State:
    """A program in the beam."""

    candidate: Candidate
    score: float
    open: tuple[str, ...]
    """Identifiers to change next."""


Growth = Generator[Sequence[Candidate], Scores, list[State]]


@dataclass(frozen=True)
class Beam(Search):
    """Keep the best few renamings; rename in each of them every identifier that its kind of statement has left.

    The kinds follow one another by weight, and the weight also says in how many of its identifiers a kind may be
    changed. In the end the replacements of the most renamed program are replaced once more, also by the first name.
    """

    beam_size: int
    """Programs kept."""

    candidates: int
    """Names tried for one identifier."""

    weights: Mapping[Statement, float]
    """How much a victim leans on the identifiers of a kind of statement; a missing kind has the smallest weight."""

    paper_mode: bool = False
    """Follow the released code: the kinds of statement in its fixed order, the current program asked again before each
    identifier, programs asked again when they are reached in another order, and in the end the first replacement taken
    that is no worse, not the best."""

    def steps(self, space: Space, rng: np.random.Generator) -> Steps:
        """One batch for each identifier of each program in the beam."""
        original = State(Candidate(space.source.text), space.original_score, ())
        known: dict[Hashable, float] = {self._key(original): original.score}
        beam = [original]
        for targets, rounds in self._stages(space):
            beam = [replace(state, open=targets) for state in beam]
            beam = yield from self._climb(space, beam, rounds, known, is_final=False)
        most = max(beam, key=lambda state: len(state.candidate.renames))
        renamed = tuple(most.candidate.renames)
        yield from self._climb(space, [replace(most, open=renamed)], len(renamed), known, is_final=True)

    def _stages(self, space: Space) -> Iterator[tuple[tuple[str, ...], int]]:
        """Identifiers of one kind of statement, and how many of them may be changed."""
        least, largest = min(self.weights.values()), max(self.weights.values())
        weights = {kind: self.weights.get(kind, least) for kind in Statement}
        order = list(weights) if self.paper_mode else sorted(weights, key=lambda kind: -weights[kind])
        kinds = contexts(space.source)
        left = list(space.targets)
        for kind in order:
            targets = tuple(target for target in left if kind in kinds[target])
            if targets:
                is_first = len(left) == len(space.targets)
                share = 1.0 if is_first else weights[kind] / largest
                yield targets, math.ceil(len(targets) * share)
                left = [target for target in left if target not in targets]

    def _climb(
        self, space: Space, beam: list[State], rounds: int, known: dict[Hashable, float], *, is_final: bool
    ) -> Growth:
        """Let the beam grow until it stays as it is, or for so many rounds."""
        for _ in range(rounds):
            before, beam = beam, (yield from self._grow(space, beam, known, is_final=is_final))
            if [self._key(state) for state in beam] == [self._key(state) for state in before]:
                break
        return beam

    def _grow(self, space: Space, beam: list[State], known: dict[Hashable, float], *, is_final: bool) -> Growth:
        """The best of the beam and of what comes of changing one more identifier in its programs."""
        grown: dict[Hashable, State] = {}
        for state in beam:
            for target in state.open:
                better = yield from self._perturb(space, state, target, known, is_final=is_final)
                for new in better:
                    grown.setdefault(self._key(new), new)
        for state in beam:
            grown.setdefault(self._key(state), state)
        return sorted(grown.values(), key=lambda state: -state.score)[: self.beam_size]

    def _perturb(
        self, space: Space, state: State, target: str, known: dict[Hashable, float], *, is_final: bool
    ) -> Growth:
        """What another name for ``target`` makes of a program, where that is better (in the end: no worse)."""
        names = self._names(space, state, target, is_final=is_final)
        renamed = (space.apply(_renamed(state.candidate.renames, target, name)) for name in names)
        rest = tuple(name for name in state.open if name != target)
        made = [State(candidate, math.nan, rest) for candidate in renamed if candidate is not None]
        asked_again = [state.candidate] if self.paper_mode and made else []
        new = [each for each in made if self.paper_mode or self._key(each) not in known]
        if new:
            values = (yield [*asked_again, *(each.candidate for each in new)]).values[len(asked_again) :]
            known.update(zip(map(self._key, new), values.tolist(), strict=True))
        scored = [replace(each, score=known[self._key(each)]) for each in made]
        if is_final:
            no_worse = [each for each in scored if each.score >= state.score]
            return no_worse[:1] if self.paper_mode else no_worse
        return [each for each in scored if each.score > state.score]

    def _names(self, space: Space, state: State, target: str, *, is_final: bool) -> Sequence[str]:
        """Names to try for ``target``; in the end also its own, and not the one it has."""
        if not is_final:
            return space.names[target][: self.candidates]
        names = (target, *space.names[target])
        return [name for name in names if name != state.candidate.renames[target]][: self.candidates]

    def _key(self, state: State) -> Hashable:
        """What tells programs apart: in the released code also the order in which their names were changed."""
        renames = state.candidate.renames.items()
        return tuple(renames) if self.paper_mode else frozenset(renames)


def _renamed(renames: Mapping[str, str], target: str, name: str) -> dict[str, str]:
    """The renames with another name for ``target``; none if it is its own."""
    others = {old: new for old, new in renames.items() if old != target}
    return others if name == target else {**others, target: name}
