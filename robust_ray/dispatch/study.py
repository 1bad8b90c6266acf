"""One Optuna study as a feed: asks for proposals, adds their calls to the run, tells what was measured.

The driver alone touches the study. Every proposal is drawn by a fresh sampler seeded with the search's seed and the
proposal's number, so that a study taken up again after a kill goes on as if nothing had happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

import optuna
from optuna.trial import BaseTrial, FixedTrial, Trial, TrialState

from robust_ray.core.errors import RobustRayError
from robust_ray.dispatch.asking import Asking, Known
from robust_ray.dispatch.attempt import DamagedError
from robust_ray.dispatch.frontier import Frontier
from robust_ray.dispatch.journal import storage
from robust_ray.dispatch.proposals import (
    ERROR,
    EXAMPLES,
    INTERVALS,
    KNOWN,
    NOT_ATTACKED,
    SETTINGS,
    Measurement,
    Point,
    Rung,
)
from robust_ray.dispatch.states import THERE
from robust_ray.search import Reading, Search, goes_on
from robust_ray.store import Journal

MOST_LOST = 3
"""Proposals lost one after another after which no further ones are made: what the sampler draws meanwhile it draws
without having learnt anything, and the next command would have to measure it all the same."""


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
        known: Iterable[Known] = (),
    ) -> None:
        """Open a study, or take it up again.

        Args:
            journal: Of the study; one study a journal.
            search: Objectives, sampler, number of proposals.
            propose: From a trial to its measurement; raises RobustRayError where the trial's point cannot be built.
            known: Points that come first, are measured whole and cost no proposal. (They are asked for like others
                instead of being added as ended trials, so that genetic samplers count them among their first
                generation.)

        Raises:
            StoreError: another driver is at it.
        """
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._search = search
        self._propose = propose
        self._journal = journal
        self._held = journal.take_up()
        self.study = optuna.create_study(
            study_name=journal.path.stem,
            storage=storage(journal),
            directions=[objective.direction for objective in search.objectives],
            load_if_exists=True,
        )
        self._asking = Asking(self.study, search, known)
        self._open: list[_Open] = []
        self._remade: set[str] = set()
        self._lost = 0

    def advance(self, frontier: Frontier) -> None:
        """Tell the study what was measured, and ask it for what to measure next."""
        while self._settle(frontier) or self._add(frontier):
            pass
        self._journal.send()
        if not self._open:  # nor will there be any more: whoever comes next may ask for further proposals
            self.close()

    def close(self) -> None:
        """Let others have the study."""
        self._held.close()

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
        """Why each of the proposals without values has none."""
        trials = self.study.get_trials(deepcopy=False)
        return [
            trial.user_attrs[ERROR]
            for trial in trials
            if ERROR in trial.user_attrs and trial.state != TrialState.COMPLETE
        ]

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

    def _add(self, frontier: Frontier) -> bool:
        """Open one more proposal, if there is room and there is one."""
        if len(self._open) >= self._search.max_concurrent:
            return False
        trial = self._asking.next(further=self._lost < MOST_LOST)
        if trial is None:
            return False
        try:
            measurement = self._propose(trial)
        except RobustRayError as error:  # fields that are fine alone need not be so together
            self._asking.charge(trial)
            self._give_up(trial, str(error))
            return True
        if self._asking.is_new(trial, measurement.settings):
            self._asking.charge(trial)
            proposal = _Open(trial, measurement, [])
            proposal.measure(frontier)
            self._open.append(proposal)
        return True

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
            self._lose(trial, f"{lacking} is {frontier.state(lacking)}")
            return True
        try:
            reading = rung.read()
        except DamagedError as error:
            if error.key in self._remade:
                self._lose(trial, str(error))
                return True
            self._remade.add(error.key)
            frontier.recompute(error.key)
            proposal.unsettled = keys
            return False
        except ValueError as error:
            self._give_up(trial, str(error))
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
        self._lost = 0

    def _give_up(self, trial: Trial, why: str) -> None:
        """End a proposal that is itself to blame for having no values: TPE learns that it is bad."""
        trial.set_user_attr(ERROR, why)
        self.study.tell(trial, state=TrialState.PRUNED)

    def _lose(self, trial: Trial, why: str) -> None:
        """Leave a proposal, for which the machines are to blame, as a kill would: whoever comes next takes it up."""
        self._lost += ERROR not in trial.user_attrs  # a proposal that never works must not hold up all others forever
        trial.set_user_attr(ERROR, why)
