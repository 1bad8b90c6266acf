"""Where the next proposal of a study comes from: from a driver before, from what is known, or from the sampler."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from robust_ray.dispatch.proposals import KNOWN, REPEATS, SETTINGS, wants_more
from robust_ray.dispatch.samplers import sampler
from robust_ray.search import BRANCH, Search, branches


class Known(NamedTuple):
    """A point that may be measured already, or will be anyway."""

    params: Mapping[str, Any]

    is_measured: Callable[[], bool] = lambda: True
    """Asked only where the study does not have it yet, for it may take a while to find out."""


class Asking:
    """The proposals of a study that are still to come."""

    def __init__(self, study: optuna.Study, search: Search, known: Iterable[Known]) -> None:
        """Look at what is there, and put the known points first in line that are not among it yet."""
        self._study = study
        self._search = search
        self._enqueue(known)
        trials = study.get_trials(deepcopy=False)
        self._left = [trial for trial in reversed(trials) if trial.state == TrialState.RUNNING]
        self._waiting = [trial.number for trial in reversed(trials) if trial.state == TrialState.WAITING]
        self._created = len(trials)
        ended = [trial.user_attrs for trial in trials if trial.state.is_finished()]
        self._made = {attributes[SETTINGS] for attributes in ended if SETTINGS in attributes}
        self._asked = sum(KNOWN not in attributes and REPEATS not in attributes for attributes in ended)
        self._repeats = sum(REPEATS in attributes for attributes in ended)

    def next(self, *, further: bool) -> Trial | None:
        """The next proposal, first those that a driver has left, with their parameters; None when there is none.

        Args:
            further: Whether to make further ones, too.
        """
        if self._left:
            left = self._left.pop()
            self._seed(left.number)
            return Trial(self._study, left._trial_id)
        if self._waiting:
            self._seed(self._waiting.pop())
            trial = self._study.ask()  # which takes the one that waits
            _ = trial.relative_params  # or a genetic sampler, with nothing left to draw, would give it no generation
            return trial
        if further and wants_more(self._search.trials, self._asked, self._repeats):
            self._seed(self._created)
            self._created += 1
            return self._study.ask()
        return None

    def charge(self, trial: Trial) -> None:
        """Count a proposal, unless it was known."""
        self._asked += KNOWN not in trial.user_attrs

    def is_new(self, trial: Trial, settings: str) -> bool:
        """Whether a proposal was not made before; or else it has ended, at no charge.

        It would have the same values. Told them again, TPE would come to propose little else; told that it is bad, it
        looks beside it. The others learn nothing of it: genetic ones breed another child, GP leaves the next to chance.
        """
        if settings in self._made:
            self._repeats += 1
            trial.set_user_attr(REPEATS, True)
            self._study.tell(trial, state=TrialState.PRUNED)
            return False
        self._made.add(settings)
        trial.set_user_attr(SETTINGS, settings)
        return True

    def _enqueue(self, known: Iterable[Known]) -> None:
        there = [_params(trial) for trial in self._study.get_trials(deepcopy=False)]
        for params, is_measured in known:
            if not any(_is_part(params, other) for other in there) and is_measured():
                self._study.enqueue_trial(dict(params), user_attrs={KNOWN: True})
                there.append(dict(params))

    def _seed(self, number: int) -> None:
        """Set the sampler for a proposal, which knows of those before it alone."""
        before = self._study.get_trials(deepcopy=False)[:number]
        tried = {_params(trial).get(BRANCH) for trial in before}
        untried = [name for name in branches(self._search) if name not in tried]
        after_repeat = any(REPEATS in trial.user_attrs for trial in before[-1:])
        self._study.sampler = sampler(self._search, number, untried=untried, after_repeat=after_repeat)


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
