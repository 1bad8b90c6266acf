"""One Optuna study as a feed: asks for proposals, adds their calls to the run, tells what was measured.

The driver alone touches the study. Every proposal is drawn by a fresh sampler seeded with the search's seed and the
proposal's number, so that a study taken up again after a kill goes on as if nothing had happened.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import optuna
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import BaseTrial, FixedTrial, Trial, TrialState

from robust_ray.core.call import StageCall
from robust_ray.core.errors import RobustRayError, StoreError
from robust_ray.core.examples import generator
from robust_ray.dispatch.attempt import DamagedError
from robust_ray.dispatch.frontier import THERE, Frontier

if TYPE_CHECKING:
    from robust_ray.sweep import Search

SAMPLERS: Mapping[str, Callable[..., BaseSampler]] = {
    "tpe": TPESampler,
    "nsgaii": NSGAIISampler,
    "gp": GPSampler,
    "random": RandomSampler,
}


class Measurement(NamedTuple):
    """What it takes to measure a proposal."""

    calls: Sequence[StageCall]
    """Inputs before what needs them; what is in the store already costs nothing."""

    read: Callable[[], tuple[tuple[float, ...], Mapping[str, float]]]
    """Once the calls have ended: objective values in order, and each constraint as a number feasible when at most 0.

    Raises ValueError when something could not be measured, DamagedError when rows must be made again.
    """


class Point(NamedTuple):
    """One proposal that is feasible and that no other beats in every objective."""

    params: Mapping[str, Any]
    values: tuple[float, ...]
    """In the order of the objectives."""

    constraints: Mapping[str, float]
    """At most 0 each."""


@dataclass
class _Open:
    """A proposal whose calls have not all ended."""

    trial: Trial
    measurement: Measurement
    unsettled: list[str]
    """Keys that had not ended when last looked at, maybe more."""


class OpenStudy:
    """A study, fed into a run and fed by it."""

    def __init__(self, journal: Path, search: Search, propose: Callable[[BaseTrial], Measurement]) -> None:
        """Open a study, or take it up again.

        Args:
            journal: File of the study; one study a file.
            search: Objectives, sampler, number of proposals.
            propose: From a trial to its measurement; raises RobustRayError where the trial's point cannot be built.

        Raises:
            StoreError: another driver is at it.
        """
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._search = search
        self._propose = propose
        self._lock = _hold(journal)
        _mend(journal)
        self.study = optuna.create_study(
            study_name=journal.stem,
            storage=JournalStorage(JournalFileBackend(str(journal))),
            directions=[objective.direction for objective in search.objectives],
            load_if_exists=True,
        )
        self._open: list[_Open] = []
        self._remade: set[str] = set()
        orphans = self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        self._orphans = [(orphan.number, orphan._trial_id) for orphan in reversed(orphans)]
        self._asked = len(self.study.get_trials(deepcopy=False))

    def advance(self, frontier: Frontier) -> None:
        """Tell the study what was measured, and ask it for what to measure next."""
        while self._settle(frontier) or self._add(frontier):
            pass
        if not self._open:  # nor will there be any more: whoever comes next may ask for further proposals
            self._lock.close()

    def front(self) -> list[Point]:
        """The feasible proposals that no other beats, best in the first objective first."""
        ascending = self._search.objectives[0].direction == "minimize"
        points = [Point(t.params, tuple(t.values), t.constraints) for t in self.study.best_trials]
        return sorted(points, key=lambda point: point.values[0], reverse=not ascending)

    def ended_keys(self) -> set[str]:
        """Keys of the calls of every proposal that has ended, those of earlier runs included."""
        ended = self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.FAIL))
        found: set[str] = set()
        for trial in ended:
            with suppress(RobustRayError):  # such a proposal has no calls
                found.update(call.key for call in self._propose(FixedTrial(trial.params)).calls)
        return found

    def _add(self, frontier: Frontier) -> bool:
        """Open one more proposal if there is room: first those that a killed driver left, with their parameters."""
        if len(self._open) >= self._search.max_concurrent:
            return False
        if self._orphans:
            number, trial_id = self._orphans.pop()
            self._seed(number)
            trial = Trial(self.study, trial_id)
        elif self._asked < self._search.trials:
            self._seed(self._asked)
            self._asked += 1
            trial = self.study.ask()
        else:
            return False
        try:
            measurement = self._propose(trial)
        except RobustRayError as error:  # fields that are fine alone need not be so together
            self._give_up(trial, str(error))
            return True
        frontier.add(measurement.calls)
        self._open.append(_Open(trial, measurement, [call.key for call in measurement.calls]))
        return True

    def _settle(self, frontier: Frontier) -> bool:
        """Close one proposal whose calls have ended, if there is one."""
        for proposal in self._open:
            while proposal.unsettled and frontier.ended(proposal.unsettled[-1]):
                proposal.unsettled.pop()
            if not proposal.unsettled and self._close(proposal, frontier):
                self._open.remove(proposal)
                return True
        return False

    def _close(self, proposal: _Open, frontier: Frontier) -> bool:
        """Tell the study about a proposal; False when some of its calls must run again after all."""
        trial, keys = proposal.trial, [call.key for call in proposal.measurement.calls]
        if not all(frontier.ended(key) for key in keys):  # damaged and queued again since it ended
            proposal.unsettled = keys
            return False
        lacking = next((key for key in keys if frontier.state(key) not in THERE), None)
        if lacking is not None:
            self._give_up(trial, f"{lacking} is {frontier.state(lacking)}")
            return True
        try:
            values, constraints = proposal.measurement.read()
        except DamagedError as error:
            if error.key in self._remade:
                self._give_up(trial, str(error))
                return True
            self._remade.add(error.key)
            frontier.recompute(error.key)
            proposal.unsettled = keys
            return False
        except ValueError as error:
            self._give_up(trial, str(error))
            return True
        for name, value in constraints.items():
            if name not in trial.constraints:  # a killed driver may have come as far as this
                trial.set_constraint(name, value)
        self.study.tell(trial, list(values))
        return True

    def _give_up(self, trial: Trial, why: str) -> None:
        trial.set_user_attr("error", why)
        self.study.tell(trial, state=TrialState.FAIL)

    def _seed(self, number: int) -> None:
        seed = int(generator("search", self._search.seed, number).integers(2**31))
        self.study.sampler = SAMPLERS[self._search.sampler](seed=seed)


def _hold(journal: Path) -> IO[bytes]:
    """Keep other drivers away until the file is closed; they would take our open proposals for those of a dead one."""
    lock = journal.with_suffix(".lock").open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StoreError(
            f"{journal}: one driver at a time may search, but another one is at it; let it end, or stop it"
        ) from None
    return lock


def _mend(journal: Path) -> None:
    """Cut off a last line that a kill left half written; Optuna would refuse to read on behind it."""
    if not journal.exists():
        return
    content = journal.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with journal.open("r+b") as stream:
            stream.truncate(whole)
