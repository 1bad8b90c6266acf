"""Runs a plan on Ray: one Ray Tune experiment whose trials are the workers.

The only module that imports Ray. Tune places, starts and ends the workers, each an actor. A step of a trial is a call:
after each, Tune asks its scheduler, that is us, whether the trial goes on, and we have given the actor its next call by
then. How many workers there are is decided by :class:`~robust_ray.dispatch.crew.Crew`, which call comes next, what is
retried and what is skipped by :class:`~robust_ray.dispatch.base.Run`, in the driver. The store is the record: Tune's
own files go to a temporary folder.

A trial for each call would be the usual way. It costs a placement group, a reset of the actor and, as Tune goes through
all its trials at every step, ever more time and memory; and Tune binds a trial to whichever actor is free, so that a
call could not go where its student is loaded.
"""

from __future__ import annotations

import logging
import os
import socket
import tempfile
import time
import uuid
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.progress_reporter import TrialProgressCallback

from robust_ray.core.call import StageCall
from robust_ray.core.errors import RobustRayError, SweepError
from robust_ray.core.machine import Warm
from robust_ray.dispatch.attempt import execute, record_death
from robust_ray.dispatch.base import Feed, Progress, Report, Run
from robust_ray.dispatch.crew import Crew
from robust_ray.dispatch.limits import limited, reason
from robust_ray.dispatch.settings import Settings, Shape
from robust_ray.store import Store

ABSENT = 8
"""Workers of one shape, at least, that are asked for before they start; on larger clusters one for every core."""

SHORTEST_NAP, LONGEST_NAP = 0.05, 1.0
"""Seconds an idle worker waits before it asks again."""

ENVIRONMENT = {
    "RAY_AIR_NEW_OUTPUT": "0",  # the new one prints even when told to be silent
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # relative paths in a sweep mean the same on every dispatcher
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # three files a call, and a third of a second
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Tune's own waits ten minutes for a running call
    "TUNE_GLOBAL_CHECKPOINT_S": str(10**9),  # its snapshots are read by nobody
    "TUNE_MAX_PENDING_TRIALS_PG": str(10**9),  # how many workers are asked for is decided by the crew
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_WARN_INSUFFICENT_RESOURCE_THRESHOLD_S": str(10**9),  # or else it fails while all is left to another driver
}


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
        SweepError: the address cannot be used, or a call can never be placed on this machine.
    """
    with store.leases(settings.beat) as leases:
        this = Run(calls, store, settings, progress, feed, leases)
        if not this.finished():
            _fit(this, store, settings, address)
        return this.report()


def _fit(this: Run, store: Store, settings: Settings, address: str | None) -> None:
    """Have Ray run what is ready, until all has ended."""
    with _cluster(address, settings), _quiet(), tempfile.TemporaryDirectory(prefix="robust-ray-tune-") as folder:
        crew = Crew(this, room=_room, most_absent=max(ABSENT, int(_room().cpu)))
        with _environment(ENVIRONMENT), _unwrapped():
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
        self._given: tuple[StageCall, int] | None = None
        self._nap = SHORTEST_NAP

    def give(self, call: StageCall, halvings: int) -> None:
        """What the next :meth:`step` does."""
        self._given = call, halvings

    def step(self) -> dict[str, Any]:
        """Run the call given, or else wait a little, the longer the more often."""
        if self._given is None:
            time.sleep(self._nap)
            self._nap = min(2 * self._nap, LONGEST_NAP)
            return {"outcome": None}
        (call, halvings), self._given = self._given, None
        self._nap = SHORTEST_NAP
        with limited(self._settings.limit_of(call)):
            outcome = execute(call, self._store, self._settings.machine(call, self._warm, halvings))
        if not outcome.ok:
            self._warm = Warm()  # what is loaded may be why: memory is the usual cause
        return {"outcome": outcome}

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
            trial.temporary_state.ray_actor.give.remote(call, self._run.halvings(call))
        elif self._crew.gives_way(trial.trial_id):
            self._crew.gone(trial.trial_id)
            return str(self.STOP)
        return str(self.CONTINUE)

    def on_trial_error(self, controller: Any, trial: Any) -> None:
        """The worker died (killed, out of memory, its node gone): an attempt like any other, recorded from here."""
        worker = self._crew.died(trial.trial_id)
        if worker.call is None:
            return
        details = Path(trial.error_file).read_text(errors="replace") if trial.error_file else ""
        machine = self._run.settings.machine(worker.call, Warm(), self._run.halvings(worker.call))
        limit, seconds = self._run.settings.limit_of(worker.call), time.monotonic() - worker.since
        why = reason(_reason(details), limit, hung=limit is not None and seconds >= limit)
        host = trial.temporary_state.location.hostname  # known once it has ended a call
        outcome = record_death(worker.call, self._store, machine, seconds, why, details, host)
        self._run.ended(worker.call, outcome)

    def choose_trial_to_run(self, controller: Any) -> None:
        """None: Tune starts whatever there is room for, except what is withdrawn here."""
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


def _room() -> Shape:
    """What the cluster has."""
    has = ray.cluster_resources()
    return Shape(has.get("CPU", 0.0), has.get("GPU", 0.0))


def _reason(details: str) -> str:
    """The last line of what Ray says."""
    lines = [line.strip() for line in details.splitlines() if line.strip()]
    return f"the worker died: {lines[-1] if lines else 'Ray gives no reason'}"


@contextmanager
def _cluster(address: str | None, settings: Settings) -> Iterator[None]:
    """Be connected to a cluster; what was connected before stays so, what was not is left again."""
    where = os.environ.get("RAY_ADDRESS") if address is None else address
    if where is not None:
        _check_address(where)
    if ray.is_initialized():
        yield
        return
    if where is None:
        # Or else Ray writes a token to the home folder, which may not be writable; it remembers this one, so it stays.
        os.environ.setdefault("RAY_AUTH_TOKEN", uuid.uuid4().hex)
    try:
        ray.init(
            address="local" if where is None else where,  # or else Ray joins whatever was last started here
            include_dashboard=False if where is None else None,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (ConnectionError, ValueError, ray.exceptions.AuthenticationError) as error:
        raise _no_cluster(str(where), error) from None
    try:
        if where is None:
            _check_fits(settings)
        yield
    finally:
        ray.shutdown()


def _check_address(address: str) -> None:
    """Say at once what Ray says after minutes, or not at all."""
    if address.startswith("ray://"):
        raise SweepError(
            f"--address: the driver must run in the cluster, but got {address!r}; run the command on the head node"
            " (`ray submit`, `ray job submit`) with --address auto"
        )
    host, colon, port = address.rpartition(":")
    if colon and port.isdigit():
        try:
            socket.create_connection((host, int(port)), timeout=10).close()
        except OSError as error:
            raise _no_cluster(address, error) from None


def _no_cluster(address: str, error: Exception) -> SweepError:
    reason = " ".join(str(error).split())
    return SweepError(
        f"--address: a Ray cluster must let us in there, but got {address!r} ({reason}); check the address,"
        " the cluster's token and, with `ray status`, the cluster, or leave the address out"
    )


def _check_fits(settings: Settings) -> None:
    """On a machine of our own nothing more will come; a cluster may grow."""
    has = ray.cluster_resources()
    for stage, shape in settings.shapes.items():
        for kind, wanted in (("CPU", shape.cpu), ("GPU", shape.gpu)):
            if wanted > has.get(kind, 0):
                raise SweepError(
                    f"resources.{stage}: at most the machine's {has.get(kind, 0):g} {kind} can be held by a call,"
                    f" but got {wanted:g}; lower it, or connect to a cluster with --address"
                )


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


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _quiet() -> Iterator[None]:
    """No word from Ray below an error of its own; what happens to calls is told by the run."""
    logger = logging.getLogger("ray")
    level = logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            logger.setLevel(level)
