"""The attack on one example, from the look at the original to the verdict."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np

from robust_ray.attacks.base import Attack, Candidate, Constraint, Scores, Space, Steps
from robust_ray.attacks.offers import Offers
from robust_ray.attacks.outcome import Adversarial, Outcome
from robust_ray.core.examples import Input
from robust_ray.core.records import Verdict
from robust_ray.core.victim import Answer
from robust_ray.source.distance import changes
from robust_ray.source.identifiers import SourceCode, analyse
from robust_ray.source.validity import Validity

Talk = Generator[Sequence[Input], Answer, None]
"""Yields what is to be asked of the victim, is sent the answer."""


def attempt(attack: Attack, offers: Offers, mask: str, rng: np.random.Generator, outcome: Outcome) -> Talk:
    """Attack ``outcome.example`` and fill in ``outcome``.

    Like a search it never sees the victim. It looks at the original first, and leaves out examples that the victim gets
    wrong, in which nothing may be changed, or that are where the goal wants them.

    Args:
        attack: What to do.
        offers: Replacement names.
        mask: The victim's text for 'no information'.
        rng: The example's own.
        outcome: The example, and what is found out about it; right at any time, should something break.
    """
    example = outcome.example
    answer = yield [example.segments]
    outcome.forwards += int(answer.computed.sum())
    outcome.prediction = int(answer.probabilities[0].argmax())
    outcome.confidence = float(answer.probabilities[0, example.label])

    source = analyse(example.segments[0], example.language)
    targets = attack.transformation.targets(source)
    outcome.tokens, outcome.identifiers = len(source.tokens), len(targets)

    if outcome.prediction != example.label:
        outcome.verdict = Verdict.SKIPPED_MISPREDICTED
        return
    names = offers.names(example.uid, targets, lambda name: attack.transformation.allows(source, name))
    if not names or attack.goal.achieved(answer.probabilities, example.label)[0]:
        outcome.verdict = Verdict.SKIPPED_NO_TARGET
        return
    score = float(attack.goal.score(answer.probabilities, example.label)[0])
    space = Space(source, attack.transformation, names, mask, score)
    yield from _search(attack, space, rng, outcome)


def _search(attack: Attack, space: Space, rng: np.random.Generator, outcome: Outcome) -> Talk:
    """Run the search until it succeeds, gives up, or has spent its budget."""
    context = outcome.example.segments[1:]
    steps = attack.search.steps(space, rng)
    batch = next(steps, None)
    while batch is not None:
        left = len(batch) if attack.query_budget is None else attack.query_budget - outcome.queries
        sent = batch[:left]
        answer = yield [(candidate.text, *context) for candidate in sent]
        scores = _judge(attack, space.source, sent, answer, outcome)
        if outcome.adversarial is not None:
            return
        if len(sent) < len(batch):
            outcome.budget_exhausted = True
            return
        batch = _send(steps, scores)


def _send(steps: Steps, scores: Scores) -> Sequence[Candidate] | None:
    """The next batch of a search, or None when it has returned."""
    try:
        return steps.send(scores)
    except StopIteration:
        return None


def _judge(attack: Attack, source: SourceCode, batch: Sequence[Candidate], answer: Answer, outcome: Outcome) -> Scores:
    """Score a batch; the first candidate in it that achieves the goal *and* holds every constraint ends the attack."""
    label = outcome.example.label
    values = attack.goal.score(answer.probabilities, label)
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
            if not validity.is_valid:
                outcome.rejected += 1
                continue
            achieved[i] = True
        outcome.see(first_query + i, confidence)
        if achieved[i]:
            differences = changes(source, batch[i].text, batch[i].renames)
            prediction = int(answer.probabilities[i].argmax())
            outcome.adversarial = Adversarial(batch[i], prediction, confidence, differences)
            outcome.verdict = Verdict.SUCCEEDED
            break
    return Scores(values, achieved)


def _check(constraints: Sequence[Constraint], source: SourceCode, candidate: Candidate) -> Validity:
    """The first objection, or else the last approval."""
    for constraint in constraints:
        validity = constraint.check(source, candidate)
        if not validity.is_valid:
            break
    return validity
