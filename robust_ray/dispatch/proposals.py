"""What a study holds: proposals, how far each is to be measured, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import optuna
from optuna.trial import FrozenTrial, TrialState

from robust_ray.core.call import StageCall
from robust_ray.dispatch.journal import reading
from robust_ray.search import Reading
from robust_ray.store import Journal

KNOWN, EXAMPLES, INTERVALS = "known", "examples", "intervals"
"""Attributes of a trial: measured anyway; attacked examples of the rung it came to; of each value."""

SETTINGS, REPEATS = "settings", "repeats"
"""The proposal as a sweep file would hold it; whether an earlier one was the same."""

ERROR = "error"
"""Why a proposal was given up, or could not be measured by the driver that was last at it."""

NOT_ATTACKED = "examples not attacked"
"""The constraint that a proposal stopped on the way breaks."""


PATIENCE = 10
"""Repetitions for each proposal that is asked for, before a search ends for want of new ones."""


class Rung(NamedTuple):
    """How far a proposal is measured before it is judged."""

    examples: int
    """Attacked."""

    calls: Sequence[StageCall]
    """All that takes, inputs before what needs them; what is in the store already costs nothing."""

    read: Callable[[], Reading]
    """Once the calls have ended. Raises ValueError when something could not be measured, DamagedError when rows must be
    made again."""


class Measurement(NamedTuple):
    """What it takes to measure a proposal."""

    settings: str
    """The proposal as a sweep file would hold it."""

    rungs: Sequence[Rung]
    """One after the other; the last measures it whole."""


class Point(NamedTuple):
    """One proposal that is measured whole, is feasible, and that no other beats in every objective."""

    settings: str
    """As a sweep file would hold it."""

    values: tuple[float, ...]
    """In the order of the objectives."""

    intervals: tuple[tuple[float, float] | None, ...]
    """Of each value; None where the choice of attacked examples does not decide it."""

    constraints: Mapping[str, float]
    """At most 0 each."""


class Tally(NamedTuple):
    """How many proposals of a study have come to what."""

    measured: int
    """Whole."""

    stopped: int
    """After a rung, being worse than others."""

    given_up: int
    """That could not be measured."""

    open: int
    """Not ended: being measured, about to be, or left to the next driver by one that was killed or had no luck."""

    known: int
    """Of all these, those that the sweep measures anyway or that were in the store: they cost no proposal."""

    repeats: int
    """Beside these, those that were made before."""

    @property
    def asked(self) -> int:
        """Proposals that count against the search's number of trials."""
        return self.measured + self.stopped + self.given_up + self.open - self.known

    def has_ended(self, trials: int) -> bool:
        """Whether a search of so many proposals has nothing left to measure or to propose."""
        return not self.open and not wants_more(trials, self.asked, self.repeats)


def wants_more(trials: int, asked: int, repeats: int) -> bool:
    """Whether a search of so many proposals goes on after those that were asked for and those made once more."""
    return asked < trials and repeats < PATIENCE * trials


def tally(journal: Journal) -> Tally:
    """Count what is in a study's journal, beside the driver that adds to it; nothing where there is none yet."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with reading(journal) as storage:
        if storage is None:
            return Tally(0, 0, 0, 0, 0, 0)
        made = [
            trial
            for study in storage.get_all_studies()
            for trial in storage.get_all_trials(study._study_id, deepcopy=False)
        ]
    trials = [trial for trial in made if REPEATS not in trial.user_attrs]
    ended = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    stopped = sum(map(_is_stopped, ended))
    return Tally(
        measured=len(ended) - stopped,
        stopped=stopped,
        given_up=sum(trial.state in (TrialState.PRUNED, TrialState.FAIL) for trial in trials),
        open=sum(not trial.state.is_finished() for trial in trials),
        known=sum(KNOWN in trial.user_attrs for trial in trials),
        repeats=len(made) - len(trials),
    )


def _is_stopped(trial: FrozenTrial) -> bool:
    return trial.constraints.get(NOT_ATTACKED, 0.0) > 0
