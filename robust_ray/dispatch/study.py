"""One Optuna study as a feed: asks for proposals, adds their calls to the run, tells what was measured.

The driver alone touches the study. Every proposal is drawn by a fresh sampler seeded with the search's seed and the
proposal's number, so that a study taken up again after a kill goes on as if nothing had happened.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.trial import BaseTrial, FixedTrial, FrozenTrial, Trial, TrialState

from robust_ray.core.errors import RobustRayError
from robust_ray.dispatch.attempt import DamagedError
from robust_ray.dispatch.frontier import Frontier
from robust_ray.dispatch.journal import storage
from robust_ray.dispatch.proposals import (
    EXAMPLES,
    INTERVALS,
    KNOWN,
    NOT_ATTACKED,
    REPEATS,
    SETTINGS,
    Measurement,
    Point,
    Rung,
)
from robust_ray.dispatch.samplers import sampler
from robust_ray.dispatch.states import THERE
from robust_ray.search import BRANCH, Reading, Search, branches, goes_on
from robust_ray.store import Journal

PATIENCE = 10
"""Proposals made for each that is asked for, before a search ends for want of new ones."""


@dataclass
class _Open:
    """A proposal whose calls have not all ended."""

    trial: Trial
    measurement: Measurement
    unsettled: list[str]
    """Keys of its rung that had not ended when last looked at, maybe more."""

    step: int = 0

    @property
    def rung(self) -> Rung:
        """Where it stands."""
        return self.measurement.rungs[self.step]

    def measure(self, frontier: Frontier) -> None:
        """Have the calls of its rung run, those that are there already not again."""
        self.trial.set_user_attr(EXAMPLES, self.rung.examples)
        frontier.add(self.rung.calls)
        self.unsettled = [call.key for call in self.rung.calls]

    def has_ended(self, frontier: Frontier) -> bool:
        """Whether nothing more is expected of its rung."""
        while self.unsettled and frontier.ended(self.unsettled[-1]):
            self.unsettled.pop()
        return not self.unsettled


class OpenStudy:
    """A study, fed into a run and fed by it."""

    def __init__(
        self,
        journal: Journal,
        search: Search,
        propose: Callable[[BaseTrial], Measurement],
        known: Iterable[Mapping[str, Any]] = (),
    ) -> None:
        """Open a study, or take it up again.

        Args:
            journal: Of the study; one study a journal.
            search: Objectives, sampler, number of proposals.
            propose: From a trial to its measurement; raises RobustRayError where the trial's point cannot be built.
            known: Parameters of points that are measured already, or will be anyway. They come first, are measured
                whole and cost no proposal. (They are asked for like others instead of being added as ended trials, so
                that genetic samplers count them among their first generation.)

        Raises:
            StoreError: another driver is at it.
        """
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._search = search
        self._propose = propose
        self._lock = journal.take_up()
        self.study = optuna.create_study(
            study_name=journal.path.stem,
            storage=storage(journal),
            directions=[objective.direction for objective in search.objectives],
            load_if_exists=True,
        )
        self._open: list[_Open] = []
        self._remade: set[str] = set()
        self._enqueue(known)
        trials = self.study.get_trials(deepcopy=False)
        orphans = [trial for trial in trials if trial.state == TrialState.RUNNING]
        self._orphans = [(orphan.number, orphan._trial_id) for orphan in reversed(orphans)]
        self._waiting = [trial.number for trial in reversed(trials) if trial.state == TrialState.WAITING]
        self._created = len(trials)
        ended = [trial.user_attrs for trial in trials if trial.state.is_finished()]
        self._proposed = {attributes[SETTINGS] for attributes in ended if SETTINGS in attributes}
        self._asked = sum(KNOWN not in attributes and REPEATS not in attributes for attributes in ended)
        self._repeats = sum(REPEATS in attributes for attributes in ended)

    def advance(self, frontier: Frontier) -> None:
        """Tell the study what was measured, and ask it for what to measure next."""
        while self._settle(frontier) or self._add(frontier):
            pass
        if not self._open:  # nor will there be any more: whoever comes next may ask for further proposals
            self._lock.close()

    def front(self) -> list[Point]:
        """The feasible proposals that no other beats, best in the first objective first."""
        ascending = self._search.objectives[0].direction == "minimize"
        points = [
            Point(
                trial.user_attrs[SETTINGS],
                tuple(trial.values),
                tuple(None if ends is None else (ends[0], ends[1]) for ends in trial.user_attrs[INTERVALS]),
                trial.constraints,
            )
            for trial in self.study.best_trials
        ]
        return sorted(points, key=lambda point: point.values[0], reverse=not ascending)

    def given_up(self) -> list[str]:
        """Why each of the proposals that have ended without values did."""
        return [trial.user_attrs["error"] for trial in self.study.trials if "error" in trial.user_attrs]

    def ended_keys(self) -> set[str]:
        """Keys of the calls of every proposal that has ended, as far as it came; those of earlier runs included."""
        found: set[str] = set()
        for trial in self.study.get_trials(deepcopy=False):
            if not trial.state.is_finished():
                continue
            with suppress(RobustRayError):  # such a proposal has no calls
                for rung in self._propose(FixedTrial(trial.params)).rungs:
                    found.update(call.key for call in rung.calls)
                    if trial.user_attrs.get(EXAMPLES) == rung.examples:
                        break
        return found

    def _enqueue(self, known: Iterable[Mapping[str, Any]]) -> None:
        """Put the known points first in line that are not among the proposals yet."""
        there = [_params(trial) for trial in self.study.trials]
        for params in known:
            if not any(_is_part(params, other) for other in there):
                self.study.enqueue_trial(dict(params), user_attrs={KNOWN: True})
                there.append(dict(params))

    def _add(self, frontier: Frontier) -> bool:
        """Open one more proposal if there is room: first those that a killed driver left, with their parameters."""
        if len(self._open) >= self._search.max_concurrent:
            return False
        if self._orphans:
            number, trial_id = self._orphans.pop()
            self._seed(number)
            trial = Trial(self.study, trial_id)
        elif self._waiting:
            self._seed(self._waiting.pop())
            trial = self.study.ask()  # which takes the one that waits
            _ = trial.relative_params  # or a genetic sampler, with nothing left to draw, would give it no generation
        elif self._asked < self._search.trials and self._repeats < PATIENCE * self._search.trials:
            self._seed(self._created)
            self._created += 1
            trial = self.study.ask()
        else:
            return False
        try:
            measurement = self._propose(trial)
        except RobustRayError as error:  # fields that are fine alone need not be so together
            self._asked += KNOWN not in trial.user_attrs
            self._give_up(trial, str(error), TrialState.PRUNED)
            return True
        if measurement.settings in self._proposed:
            self._turn_down(trial)
            return True
        self._asked += KNOWN not in trial.user_attrs
        self._proposed.add(measurement.settings)
        trial.set_user_attr(SETTINGS, measurement.settings)
        proposal = _Open(trial, measurement, [])
        proposal.measure(frontier)
        self._open.append(proposal)
        return True

    def _turn_down(self, trial: Trial) -> None:
        """End a proposal that was made before, at no charge.

        It would have the same values. Told them again, TPE would come to propose little else; told that it is bad, it
        looks beside it. The others learn nothing of it: genetic ones breed another child, GP leaves the next to chance.
        """
        self._repeats += 1
        trial.set_user_attr(REPEATS, True)
        self.study.tell(trial, state=TrialState.PRUNED)

    def _settle(self, frontier: Frontier) -> bool:
        """Close one proposal whose calls have ended, if there is one; take others to their next rung."""
        for proposal in self._open:
            while proposal.has_ended(frontier):
                if self._close(proposal, frontier):
                    self._open.remove(proposal)
                    return True
        return False

    def _close(self, proposal: _Open, frontier: Frontier) -> bool:
        """Tell the study about a proposal; False when some calls must run for it first after all."""
        trial, rung = proposal.trial, proposal.rung
        keys = [call.key for call in rung.calls]
        if not all(frontier.ended(key) for key in keys):  # damaged and queued again since it ended
            proposal.unsettled = keys
            return False
        lacking = next((key for key in keys if frontier.state(key) not in THERE), None)
        if lacking is not None:
            self._give_up(trial, f"{lacking} is {frontier.state(lacking)}")
            return True
        try:
            reading = rung.read()
        except DamagedError as error:
            if error.key in self._remade:
                self._give_up(trial, str(error))
                return True
            self._remade.add(error.key)
            frontier.recompute(error.key)
            proposal.unsettled = keys
            return False
        except ValueError as error:
            self._give_up(trial, str(error), TrialState.PRUNED)
            return True
        if rung is not proposal.measurement.rungs[-1] and self._goes_on(trial, rung, reading):
            proposal.step += 1
            proposal.measure(frontier)
            return False
        self._tell(proposal, reading)
        return True

    def _goes_on(self, trial: Trial, rung: Rung, reading: Reading) -> bool:
        """Whether a proposal is worth the examples of the next rung; decided once, whatever is learnt after a kill."""
        name = f"{EXAMPLES} {rung.examples}"
        if name not in trial.user_attrs:
            others = (other.user_attrs.get(name) for other in self.study.get_trials(deepcopy=False))
            feasible = [other["values"] for other in others if other is not None and other["feasible"]]
            verdict = KNOWN in trial.user_attrs or goes_on(self._search, reading, feasible)
            is_feasible = all(violation <= 0 for violation in reading.constraints.values())
            told = {"values": list(reading.values), "feasible": is_feasible, "goes_on": verdict}
            trial.set_user_attr(name, told)
        return bool(trial.user_attrs[name]["goes_on"])

    def _tell(self, proposal: _Open, reading: Reading) -> None:
        """Tell what was measured; of a proposal that was stopped, what its rung has shown.

        To be measured whole is a constraint like any other, broken by the share of examples left out. So nobody who
        reads the study takes a stopped proposal for one of the front, and every sampler still learns from it: that it
        was worse than what went on, and the worse the earlier it was stopped.
        """
        trial, whole = proposal.trial, proposal.measurement.rungs[-1].examples
        constraints = dict(reading.constraints)
        if len(proposal.measurement.rungs) > 1:
            constraints[NOT_ATTACKED] = 1 - proposal.rung.examples / whole
        for name, value in constraints.items():
            if name not in trial.constraints:  # a killed driver may have come as far as this
                trial.set_constraint(name, value)
        trial.set_user_attr(INTERVALS, reading.intervals)
        self.study.tell(trial, list(reading.values))

    def _give_up(self, trial: Trial, why: str, state: TrialState = TrialState.FAIL) -> None:
        """End a proposal without values: ``PRUNED`` where it is to blame, ``FAIL`` where the machines are.

        TPE learns of what is pruned that it is bad. Of what has failed nobody learns: TPE would propose it forever.
        """
        trial.set_user_attr("error", why)
        self.study.tell(trial, state=state)

    def _seed(self, number: int) -> None:
        """Set the sampler for a proposal, which knows of those before it alone."""
        before = self.study.get_trials(deepcopy=False)[:number]
        tried = {_params(trial).get(BRANCH) for trial in before}
        untried = [name for name in branches(self._search) if name not in tried]
        after_repeat = any(REPEATS in trial.user_attrs for trial in before[-1:])
        self.study.sampler = sampler(self._search, number, untried=untried, after_repeat=after_repeat)


def _params(trial: FrozenTrial) -> Mapping[str, Any]:
    """What a proposal has, or will have once it is asked for."""
    return trial.params or trial.system_attrs.get("fixed_params", {})


def _is_part(params: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a proposal has these parameters; of a range with a step Optuna proposes 0.30000000000000004 for 0.3."""
    return all(name in other and _is_same(value, other[name]) for name, value in params.items())


def _is_same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other)
    return one == other
