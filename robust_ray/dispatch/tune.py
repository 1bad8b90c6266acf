"""Runs a plan on Ray: one Ray Tune experiment whose trials are the workers.

The only module that imports Tune. It places, starts and ends the workers, each an actor. A step of a trial is a call:
after each, Tune asks its scheduler, that is us, whether the trial goes on, and we have given the actor its next call by
then. How many workers there are is decided by :class:`~robust_ray.dispatch.crew.Crew`, which call comes next, what is
retried and what is skipped by :class:`~robust_ray.dispatch.base.Run`, in the driver. The store is the record: Tune's
own files go to a temporary folder.

A trial for each call would be the usual way. It costs a placement group, a reset of the actor and, as Tune goes through
all its trials at every step, ever more time and memory; and Tune binds a trial to whichever actor is free, so that a
call could not go where its student is loaded.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.progress_reporter import TrialProgressCallback

from robust_ray.core.call import StageCall
from robust_ray.core.errors import RobustRayError
from robust_ray.core.machine import Warm
from robust_ray.dispatch import cluster, deaths
from robust_ray.dispatch.attempt import execute, record_death
from robust_ray.dispatch.base import Feed, Progress, Report, Run
from robust_ray.dispatch.cluster import Place
from robust_ray.dispatch.crew import Crew
from robust_ray.dispatch.limits import RANG, limited, reason
from robust_ray.dispatch.quiet import ENVIRONMENT, environment, quiet
from robust_ray.dispatch.settings import Settings, Shape
from robust_ray.store import Store

ABSENT = 8
"""Workers of one shape, at least, that are asked for before they start; on larger clusters one for every core."""

SHORTEST_NAP, LONGEST_NAP = 0.05, 1.0
"""Seconds an idle worker waits before it asks again."""


def run(
    calls: Iterable[StageCall],
    store: Store,
    settings: Settings,
    *,
    progress: Progress | None = None,
    feed: Feed | None = None,
    address: str | None = None,
) -> Report:
    """Run what is missing of a plan on a Ray cluster.

    Args:
        calls: Inputs before what needs them.
        store: Where outputs go and inputs come from; every node must reach it.
        settings: How calls run.
        progress: Is told what happens.
        feed: Where further calls come from.
        address: ``auto`` or ``host:port`` of a running cluster; null for that of ``RAY_ADDRESS``, or else for a private
            one on this machine that ends with the run.

    Raises:
        SweepError: there is no Ray, or a call can never be placed in it.
    """
    with store.leases(settings.beat) as leases:
        this = Run(calls, store, settings, progress, feed, leases)
        if not this.finished():
            _fit(this, store, settings, address)
        return this.report()


def _fit(this: Run, store: Store, settings: Settings, address: str | None) -> None:
    """Have Ray run what is ready, until all has ended."""
    with cluster.joined(address, settings), quiet(), tempfile.TemporaryDirectory(prefix="robust-ray-tune-") as folder:
        crew = Crew(this, room=cluster.room, most_absent=max(ABSENT, int(cluster.room().cpu)))
        with environment(ENVIRONMENT), _unwrapped():
            tune.Tuner(
                tune.with_parameters(_Worker, store=store, settings=settings),
                tune_config=tune.TuneConfig(
                    search_alg=_Asking(this, crew),
                    scheduler=_Directing(this, crew, store),
                    num_samples=-1,
                    reuse_actors=False,
                    trial_dirname_creator=lambda trial: str(trial.trial_id),
                ),
                run_config=tune.RunConfig(
                    name="calls",
                    storage_path=folder,
                    callbacks=[_Silence()],
                    checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                    verbose=0,
                ),
            ).fit()


class _Worker(tune.Trainable):  # type: ignore[misc]  # Ray is not typed
    """An actor that runs one call after another and keeps what it loaded."""

    def setup(self, config: Mapping[str, Any], store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._warm = Warm()
        self._words = deaths.last_words()
        self._place = Place.here(Path(self._words.name))
        self._given: tuple[StageCall, int] | None = None
        self._nap = SHORTEST_NAP

    def give(self, call: StageCall, shortages: int) -> None:
        """What the next :meth:`step` does."""
        self._given = call, shortages

    def step(self) -> dict[str, Any]:
        """Run the call given, or else wait a little, the longer the more often."""
        if self._given is None:
            time.sleep(self._nap)
            self._nap = min(2 * self._nap, LONGEST_NAP)
            return {"outcome": None, "place": self._place}
        (call, shortages), self._given = self._given, None
        self._nap = SHORTEST_NAP
        with limited(self._settings.limit_of(call), self._words):
            outcome = execute(call, self._store, self._settings.machine(call, self._warm, shortages))
        if not outcome.ok:
            self._warm = Warm()  # what is loaded may be why: memory is the usual cause
        return {"outcome": outcome, "place": self._place}

    def cleanup(self) -> None:
        """Nothing is left to be said."""
        self._place.words.unlink(missing_ok=True)

    @classmethod
    def default_resource_request(cls, config: Mapping[str, Any]) -> tune.PlacementGroupFactory:
        held: Shape = config["shape"]
        return tune.PlacementGroupFactory([{"CPU": held.cpu, "GPU": held.gpu}])


class _Asking(tune.search.Searcher):  # type: ignore[misc]  # Ray is not typed
    """Asks for workers: each is a trial, whose only parameter is its shape."""

    def __init__(self, this: Run, crew: Crew) -> None:
        super().__init__()
        self._run = this
        self._crew = crew

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        if self._run.finished():
            return str(self.FINISHED)
        shape = self._crew.wanted()
        if shape is None:
            return None
        self._crew.ask(trial_id, shape)
        return {"shape": shape}

    def on_trial_complete(self, trial_id: str, result: Mapping[str, Any] | None = None, error: bool = False) -> None:
        """Left to :class:`_Directing`, which also learns why a trial failed."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the store is the record."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing was saved."""

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Tune pickles its configuration at the start, to restore what we never restore


class _Directing(tune.schedulers.FIFOScheduler):  # type: ignore[misc]  # Ray is not typed
    """Tells the run what became of each call, and the worker what comes next."""

    def __init__(self, this: Run, crew: Crew, store: Store) -> None:
        super().__init__()
        self._run = this
        self._crew = crew
        self._store = store

    def on_trial_result(self, controller: Any, trial: Any, result: Mapping[str, Any]) -> str:
        call = self._crew.next(trial.trial_id, result["outcome"])
        if call is not None:
            # An actor does what it is told in order: this before the step that Tune has it make next.
            trial.temporary_state.ray_actor.give.remote(call, self._run.shortages(call))
        elif self._crew.gives_way(trial.trial_id):
            self._crew.gone(trial.trial_id)
            return str(self.STOP)
        return str(self.CONTINUE)

    def on_trial_error(self, controller: Any, trial: Any) -> None:
        """The worker died (crashed, killed, its node gone): an attempt like any other, recorded from here."""
        worker = self._crew.died(trial.trial_id)
        if worker.call is None:
            return
        seconds = time.monotonic() - worker.since
        details = Path(trial.error_file).read_text(errors="replace") if trial.error_file else ""
        place: Place | None = (trial.last_result or {}).get("place")  # it has told if it ever had a call
        words = cluster.words(place) if place else ""
        is_lost = place is not None and cluster.is_lost(place.node)
        host = place.host if place else "a node that it was to start on"
        why = reason(
            deaths.reason(words, details, host, is_lost=is_lost),
            self._run.settings.limit_of(worker.call),
            hung=RANG in words,
        )
        outcome = record_death(
            worker.call,
            self._store,
            self._run.settings.machine(worker.call, Warm(), self._run.shortages(worker.call)),
            seconds,
            why,
            words + details,
            place.host if place else None,
            blames_call=not is_lost,
        )
        self._run.ended(worker.call, outcome, is_node_lost=is_lost)

    def choose_trial_to_run(self, controller: Any) -> None:
        """None: Tune starts whatever there is room for, except what is withdrawn or can never be placed."""
        if (shape := self._crew.stranded()) is not None:
            cluster.check_offers(shape)
        needless = self._crew.needless()
        for trial in [trial for trial in controller.get_live_trials() if trial.trial_id in needless]:
            self._crew.gone(trial.trial_id)
            controller.stop_trial(trial)

    def __getstate__(self) -> dict[str, Any]:
        return {}  # as above


class _Silence(TrialProgressCallback):  # type: ignore[misc]  # Ray is not typed
    """In place of Tune's own, which speaks of each worker withdrawn even when told to be silent."""

    def _print(self, msg: str) -> None:
        pass


@contextmanager
def _unwrapped() -> Iterator[None]:
    """Raise what the user can mend as it is: Tune turns whatever its scheduler raises into a traceback."""
    try:
        yield
    except tune.TuneError as error:
        below: BaseException | None = error
        while below is not None and not isinstance(below, RobustRayError):
            below = below.__cause__ or below.__context__
        raise below or error from None
