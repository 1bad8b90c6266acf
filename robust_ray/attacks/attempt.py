"""The attack on one example, from the look at the original to the verdict."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np

from robust_ray.attacks.base import Attack, Candidate, Constraint, Scores, Space, Steps
from robust_ray.attacks.offers import Offers
from robust_ray.attacks.outcome import Adversarial, Outcome
from robust_ray.core.arrays import FloatArray
from robust_ray.core.examples import Input
from robust_ray.core.records import Verdict
from robust_ray.core.victim import Answer
from robust_ray.source.distance import changes
from robust_ray.source.identifiers import SourceCode, analyse
from robust_ray.source.validity import Validity

MAX_CHARACTERS = 200_000
"""Longer code is not attacked: no victim reads it to the end."""

MAX_PROBED = 1_000_000_000
"""Characters of the program times the occurrences of its names: more is not attacked, for a search that asks one probe
for each occurrence would fill memory. The longest functions of Devign have four tenths of it."""

Talk = Generator[Sequence[Input], Answer, None]
"""Yields what is to be asked of the victim, is sent the answer."""


@dataclass(frozen=True)
class Part:
    """One attack with its own names and dice: an attack alone, or one of an ensemble."""

    name: str
    attack: Attack
    offers: Offers
    rng: np.random.Generator


def attempt(parts: Sequence[Part], mask: str, budget: int | None, outcome: Outcome) -> Talk:
    """Attack ``outcome.example`` and fill in ``outcome``.

    Like a search it never sees the victim. It looks at the original first, and leaves out examples that the victim gets
    wrong, in which nothing may be changed, or that are where the goal wants them.

    Args:
        parts: What to do, one after the other until one succeeds.
        mask: The victim's text for 'no information'.
        budget: Most queries of all parts together; None for no limit.
        outcome: The example, and what is found out about it; right at any time, should something break.
    """
    example = outcome.example
    answer = yield [example.input]
    original, label = answer.probabilities, example.label
    outcome.forwards += int(answer.computed.sum())
    outcome.note = answer.notes[0] if answer.notes else None
    outcome.prediction = _prediction(original[0])
    outcome.confidence = float(original[0, label])
    text = example.segments[0]
    if len(text) > MAX_CHARACTERS:
        outcome.skip(f"the code has {len(text):,} characters, more than the {MAX_CHARACTERS:,} that are attacked")
        return

    source = analyse(text, example.language)
    outcome.tokens = len(source.tokens)
    occurrences = sum(map(len, source.spans.values()))
    if len(text) * occurrences > MAX_PROBED:
        outcome.skip(
            f"the code has {occurrences:,} occurrences of names in {len(text):,} characters, too many to probe"
        )
        return

    outcome.identifiers = len({name for part in parts for name in part.attack.transformation.targets(source)})
    right = [part for part in parts if part.attack.goal.applies(original, label)[0]]
    if not right:
        outcome.verdict = Verdict.SKIPPED_MISPREDICTED
        return
    spaces = [(part, _space(part, example.uid, source, mask, original, label)) for part in right]
    ready = [(part, space) for part, space in spaces if not part.attack.goal.achieved(original, label)[0]]
    changeable = [(part, space) for part, space in ready if space.names or space.edits]
    if not ready:
        outcome.skip("the victim answers what the goal wants without any change")
    elif not changeable:
        outcome.skip("nothing in the code may be changed" if source.tokens else "there is no code")
    for part, _ in changeable:
        for constraint in part.attack.constraints:
            constraint.prepare(source)
    for part, space in changeable:
        yield from _search(part, space, budget, outcome)
        if outcome.adversarial is not None:
            return


def _space(part: Part, uid: str, source: SourceCode, mask: str, original: FloatArray, label: int) -> Space:
    """What the part's search may know and change."""
    transformation = part.attack.transformation
    names = part.offers.names(uid, transformation.targets(source), lambda name: transformation.allows(source, name))
    score = float(part.attack.goal.score(original, label)[0])
    return Space(source, transformation, names, transformation.edits(source), mask, score)


def _search(part: Part, space: Space, budget: int | None, outcome: Outcome) -> Talk:
    """Run one search until it succeeds, gives up, or has spent a budget: its own, or that of all parts together."""
    limits = [budget, None if part.attack.query_budget is None else outcome.queries + part.attack.query_budget]
    limit = min((each for each in limits if each is not None), default=None)
    context = outcome.example.input[1:]
    steps = part.attack.search.steps(space, part.rng)
    try:
        batch = next(steps, None)
        while batch is not None:
            sent = batch if limit is None else batch[: limit - outcome.queries]
            answer = yield [(candidate.text, *context) for candidate in sent]
            scores = _judge(part, space.source, sent, answer, outcome)
            if outcome.adversarial is not None:
                return
            if len(sent) < len(batch):
                outcome.budget_exhausted = True
                return
            batch = _send(steps, scores)
    finally:
        steps.close()


def _send(steps: Steps, scores: Scores) -> Sequence[Candidate] | None:
    """The next batch of a search, or None when it has returned."""
    try:
        return steps.send(scores)
    except StopIteration:
        return None


def _judge(part: Part, source: SourceCode, batch: Sequence[Candidate], answer: Answer, outcome: Outcome) -> Scores:
    """Score a batch; the first candidate in it that achieves the goal *and* holds every constraint ends the attack."""
    attack, label = part.attack, outcome.example.label
    values = attack.goal.score(answer.probabilities, label).copy()
    claimed = attack.goal.achieved(answer.probabilities, label)
    achieved = np.zeros(len(batch), dtype=np.bool_)
    first_query = outcome.queries + 1
    outcome.queries += len(batch)
    outcome.forwards += int(answer.computed.sum())
    for i, confidence in enumerate(answer.probabilities[:, label].tolist()):
        if batch[i].is_probe:
            continue
        if claimed[i]:
            outcome.validity = validity = _check(attack.constraints, source, batch[i])
            outcome.rejected += not validity.is_valid
            if not validity.is_valid and not attack.stops_at_invalid:
                values[i] = 0.0  # or a search would go on from a program that is none
                continue
            achieved[i] = True
        outcome.see(first_query + i, confidence)
        if achieved[i]:
            differences = changes(source, batch[i].text, batch[i].renames)
            prediction = _prediction(answer.probabilities[i])
            outcome.win(Adversarial(part.name, first_query + i, batch[i], prediction, confidence, differences))
            break
    return Scores(values, achieved)


def _prediction(probabilities: FloatArray) -> int | None:
    """The likeliest class; None where there are no classes, but one score."""
    return int(probabilities.argmax()) if len(probabilities) > 1 else None


def _check(constraints: Sequence[Constraint], source: SourceCode, candidate: Candidate) -> Validity:
    """The first objection, or else the last approval."""
    for constraint in constraints:
        validity = constraint.check(source, candidate)
        if not validity.is_valid:
            break
    return validity
