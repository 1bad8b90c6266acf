"""The attack engine: many attempts in flight, one stream of large batches.

The victim's forward pass is the only expensive thing, so it is never idle: attempts fly in two groups, and while the
victim answers what all of one group want to know, the other group thinks. Who is in flight with whom changes no row: an
attempt has its own random generator and its own counts, and a victim's answer to an input is the same in any batch, but
for the last bits of a float (about 1e-7), which a batch of another shape rounds otherwise.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from robust_ray.attacks.attempt import Part, Talk, attempt
from robust_ray.attacks.base import Attack, AttackRecipe, SingleAttack, Substitutes
from robust_ray.attacks.offers import Offers
from robust_ray.attacks.outcome import Outcome
from robust_ray.attacks.pool import Pool, Request
from robust_ray.core.answer_cache import AnswerCache
from robust_ray.core.care import Care
from robust_ray.core.examples import Example, Input, generator
from robust_ray.core.identity import parameters
from robust_ray.core.records import AttackRecord, SubstituteRecord
from robust_ray.core.victim import Answer, Victim

_log = logging.getLogger(__name__)


def run(
    recipe: AttackRecipe,
    examples: Sequence[Example],
    victim: Victim,
    names: Mapping[Substitutes, Sequence[SubstituteRecord]],
    *,
    columns: Mapping[str, Any],
    seed: int,
    in_flight: int = 64,
    max_batch_tokens: int = 16384,
    cache: AnswerCache | None = None,
    care: Care | None = None,
) -> Iterator[AttackRecord]:
    """Attack every example.

    Args:
        recipe: The attack.
        examples: What to attack; their uids differ.
        victim: The model under attack; it is asked in a thread of its own, one batch at a time.
        names: Replacement names from each of the recipe's ``sources``.
        columns: The columns of a :class:`~robust_ray.core.records.CellRecord`.
        seed: Of the attack's dice.
        in_flight: Examples attacked at once, at least one.
        max_batch_tokens: Padded tokens in one batch of the victim at most.
        cache: The victim's answers in earlier runs.
        care: How to go about the examples if one of them may kill the process: then they are attacked one at a time.

    Yields:
        One row for each example, in their order, each as soon as it and those before it are known.

    Raises:
        ValueError: ``in_flight`` is below one, or two examples have the same uid.
        SweepError: the goal makes no sense for this victim.
    """
    if in_flight < 1:
        raise ValueError(
            f"in_flight: at least one example must be attacked at once, but got {in_flight}; give 1 or more"
        )
    for uid, count in Counter(example.uid for example in examples).items():
        if count > 1:
            raise ValueError(f"examples: every uid must occur once, but got {uid!r} {count} times; make them differ")
    for part in recipe.parts:
        part.goal.require(victim.n_labels)
    shared = {
        **columns,
        "attack": recipe.type,
        "attack_params": parameters(recipe),
        "query_budget": recipe.query_budget,
        "batch_invariant": victim.batch_invariant,
    }
    segments = max((len(example.segments) for example in examples), default=1)
    assemblies = [_Assembly.of(part, part.suited(segments, victim.n_labels).build(), names) for part in recipe.parts]

    def start(example: Example) -> _Flight:
        outcome = Outcome(example)
        if care is not None:
            if example.uid in care.lost:
                outcome.lose(care.lost[example.uid])
                return _Flight(outcome, _nothing())
            care.begin(example.uid)
        parts = [each.with_dice(seed, example.uid) for each in assemblies]
        return _Flight(outcome, attempt(parts, victim.mask_token, recipe.query_budget, outcome))

    pool = Pool(victim, max_batch_tokens, cache)
    due, waiting = deque(example.uid for example in examples), deque(examples)
    if care is not None:
        in_flight = 1
        waiting = deque(sorted(examples, key=lambda example: example.uid not in care.suspects))
    flights: dict[str, _Flight] = {}
    groups = deque([_Group(in_flight - in_flight // 2), _Group(in_flight // 2)])
    with ThreadPoolExecutor(1, thread_name_prefix="victim") as asker:
        try:
            while waiting or flights:
                group = groups.popleft()
                group.land()
                while waiting and len(group.flying) < group.size:
                    example = waiting.popleft()
                    flight = flights[example.uid] = start(example)
                    if not flight.has_landed:
                        group.flying.append(flight)
                group.ask(pool, asker)
                groups.append(group)
                while due and due[0] in flights and flights[due[0]].has_landed:
                    yield flights.pop(due.popleft()).outcome.record(shared)
        finally:
            pool.stop()
            asker.shutdown(wait=False, cancel_futures=True)
            for flight in flights.values():
                flight.close()


class _Assembly(NamedTuple):
    """A part of the recipe, put together once for all examples."""

    name: str
    attack: Attack
    offers: Offers
    params: str
    """What its dice depend on beside seed and example."""

    @classmethod
    def of(
        cls, part: SingleAttack, attack: Attack, names: Mapping[Substitutes, Sequence[SubstituteRecord]]
    ) -> _Assembly:
        """Its dice depend on neither its company nor its budget: a smaller budget only ends the same attack sooner."""
        rows = () if part.substitutes is None else names[part.substitutes]
        return cls(part.type, attack, Offers(rows), parameters(replace(part, query_budget=None)))

    def with_dice(self, seed: int, uid: str) -> Part:
        """For one example."""
        return Part(self.name, self.attack, self.offers, generator(self.name, self.params, seed, uid))


@dataclass
class _Group:
    """Attempts whose questions are asked together."""

    size: int
    flying: list[_Flight] = field(default_factory=list)
    landed: list[str] = field(default_factory=list)
    """Uids whose answers the pool need not keep."""

    answers: Future[list[Answer | Exception]] | None = None

    def ask(self, pool: Pool, asker: ThreadPoolExecutor) -> None:
        """Have the pool answer in the background; only that thread ever touches the pool."""
        if self.flying:
            requests = [Request(flight.outcome.example.uid, flight.asks) for flight in self.flying]
            self.answers = asker.submit(_ask, pool, self.landed, requests)
            self.landed = []

    def land(self) -> None:
        """Wait for the answers, let every attempt go on, and keep those that want to know more."""
        if self.answers is None:
            return
        answers, self.answers = self.answers.result(), None
        for flight, answer in zip(self.flying, answers, strict=True):
            flight.resume(answer)
        self.landed += [flight.outcome.example.uid for flight in self.flying if flight.has_landed]
        self.flying = [flight for flight in self.flying if not flight.has_landed]


def _ask(pool: Pool, landed: Collection[str], requests: Sequence[Request]) -> list[Answer | Exception]:
    pool.forget(landed)
    return pool.ask(requests)


def _nothing() -> Talk:
    """The attempt on an example that is not to be touched."""
    yield from ()


class _Flight:
    """An attempt under way. Whatever breaks it becomes its outcome, and no one else's."""

    def __init__(self, outcome: Outcome, talk: Talk) -> None:
        self.outcome = outcome
        self._talk = talk
        self.asks: Sequence[Input] = next(talk, ())
        self.has_landed = not self.asks

    def resume(self, answer: Answer | Exception) -> None:
        """Go on until the next question or the end."""
        try:
            self.asks = self._talk.throw(answer) if isinstance(answer, Exception) else self._talk.send(answer)
        except StopIteration:
            self._land()
        except Exception as error:
            _log.warning("the attack on example %s broke", self.outcome.example.uid, exc_info=True)
            self.outcome.fail(error)
            self._land()

    def close(self) -> None:
        """End it, for the whole run does."""
        try:
            self._talk.close()
        except Exception:
            _log.warning("the attack on example %s broke at its end", self.outcome.example.uid, exc_info=True)

    def _land(self) -> None:
        """It may have to wait for those before it, and shall not keep what it asked last in memory."""
        self.has_landed = True
        self.asks = ()
