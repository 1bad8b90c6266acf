"""The attack engine: many attempts in flight, one stream of large batches.

The victim's forward pass is the only expensive thing, so it is kept full: in each round, what every attempt in flight
wants to know is asked together. Who is in flight with whom changes no row: an attempt has its own random generator, its
own memory and its own counts, and a victim's answer to an input is the same in any batch, but for the last bits of a
float (about 1e-7), which a batch of another shape rounds otherwise.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from robust_ray.attacks.attempt import Talk, attempt
from robust_ray.attacks.base import AttackRecipe
from robust_ray.attacks.offers import Offers
from robust_ray.attacks.outcome import Outcome
from robust_ray.attacks.pool import Pool, Question
from robust_ray.core.examples import Example, Input, generator
from robust_ray.core.identity import parameters
from robust_ray.core.records import AttackRecord, SubstituteRecord
from robust_ray.core.victim import Answer, Victim

_log = logging.getLogger(__name__)


def run(
    recipe: AttackRecipe,
    examples: Sequence[Example],
    victim: Victim,
    substitutes: Sequence[SubstituteRecord],
    *,
    columns: Mapping[str, Any],
    seed: int,
    in_flight: int = 64,
    max_batch_tokens: int = 16384,
) -> Iterator[AttackRecord]:
    """Attack every example.

    Args:
        recipe: The attack.
        examples: What to attack; their uids differ.
        victim: The model under attack.
        substitutes: Replacement names.
        columns: The columns of a :class:`~robust_ray.core.records.CellRecord`.
        seed: Of the attack's dice.
        in_flight: Examples attacked at once, at least one.
        max_batch_tokens: Padded tokens in one batch of the victim at most.

    Yields:
        One row for each example, in their order, each as soon as it and those before it are known.

    Raises:
        ValueError: ``in_flight`` is below one.
    """
    if in_flight < 1:
        raise ValueError(
            f"in_flight: at least one example must be attacked at once, but got {in_flight}; give 1 or more"
        )
    attack, params, offers = recipe.build(), parameters(recipe), Offers(substitutes)
    pool = Pool(victim, max_batch_tokens)
    shared = {
        **columns,
        "attack": recipe.type,
        "attack_params": params,
        "query_budget": attack.query_budget,
        "batch_invariant": victim.batch_invariant,
    }

    def start(example: Example) -> _Flight:
        outcome, rng = Outcome(example), generator(recipe.type, params, seed, example.uid)
        return _Flight(outcome, attempt(attack, offers, victim.mask_token, rng, outcome))

    waiting = deque(examples)
    flights: deque[_Flight] = deque()
    while waiting or flights:
        flying = [flight for flight in flights if not flight.has_landed]
        while waiting and len(flying) < in_flight:
            flying.append(start(waiting.popleft()))
            flights.append(flying[-1])
        answers = pool.ask([Question(flight.outcome.example.uid, flight.asks) for flight in flying])
        for flight, answer in zip(flying, answers, strict=True):
            flight.resume(answer)
        pool.forget({flight.outcome.example.uid for flight in flying if flight.has_landed})
        while flights and flights[0].has_landed:
            yield flights.popleft().outcome.record(shared)


class _Flight:
    """An attempt under way. Whatever breaks it becomes its outcome, and no one else's."""

    def __init__(self, outcome: Outcome, talk: Talk) -> None:
        self.outcome = outcome
        self.has_landed = False
        self._talk = talk
        self.asks: Sequence[Input] = next(talk)

    def resume(self, answer: Answer | Exception) -> None:
        """Go on until the next question or the end."""
        try:
            self.asks = self._talk.throw(answer) if isinstance(answer, Exception) else self._talk.send(answer)
        except StopIteration:
            self.has_landed = True
        except Exception as error:
            _log.warning("the attack on example %s broke", self.outcome.example.uid, exc_info=True)
            self.outcome.fail(error)
            self.has_landed = True
