"""Runs a plan on Ray: one Ray Tune experiment whose search algorithm hands out the calls that are ready.

The only module that imports Ray. Tune places, starts and reuses the workers; which call comes next, what is retried and
what is skipped is decided by :class:`~robust_ray.dispatch.base.Run`, in the driver. The store is the record: Tune's own
files go to a temporary folder.
"""

from __future__ import annotations

import logging
import os
import socket
import tempfile
import time
import uuid
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray
from ray import tune

from robust_ray.core.call import StageCall
from robust_ray.core.errors import SweepError
from robust_ray.core.machine import Warm
from robust_ray.dispatch.attempt import execute, record_death
from robust_ray.dispatch.base import Feed, Progress, Report, Run, Settings, Shape
from robust_ray.store import Store

PENDING = 8
"""Calls of one shape, at least, that may wait for a worker; on larger clusters one for every core."""

ENVIRONMENT = {
    "RAY_AIR_NEW_OUTPUT": "0",  # the new one prints even when told to be silent
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # relative paths in a sweep mean the same on every dispatcher
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # three files a call, and a third of a second
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Tune's own waits ten minutes for a running call
    "TUNE_GLOBAL_CHECKPOINT_S": str(10**9),  # its snapshots grow with every call, and nobody reads them
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
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
    this = Run(calls, store, settings, progress, feed)
    if this.finished():
        return this.report()
    with _cluster(address, settings), _quiet(), tempfile.TemporaryDirectory(prefix="robust-ray-tune-") as folder:
        waiting = _Waiting(most=max(PENDING, int(ray.cluster_resources().get("CPU", 0))))
        shapes = {*settings.shapes.values(), Shape()}
        with _environment({**ENVIRONMENT, "TUNE_MAX_PENDING_TRIALS_PG": str(waiting.most * len(shapes))}):
            tune.Tuner(
                tune.with_parameters(_Worker, store=store, settings=settings),
                tune_config=tune.TuneConfig(
                    search_alg=_Calls(this, waiting),
                    num_samples=-1,
                    reuse_actors=True,
                    trial_dirname_creator=lambda trial: str(trial.trial_id),
                ),
                run_config=tune.RunConfig(
                    name="calls",
                    storage_path=folder,
                    callbacks=[_Events(this, waiting, store)],
                    checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                    verbose=0,
                ),
            ).fit()
    return this.report()


class _Worker(tune.Trainable):  # type: ignore[misc]  # Ray is not typed
    """An actor that runs one call after another and keeps what it loaded."""

    def setup(self, config: Mapping[str, Any], store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._warm = Warm()

    def reset_config(self, new_config: Mapping[str, Any]) -> bool:
        """Take the next call instead of dying: a fresh actor costs seconds."""
        return True

    def step(self) -> dict[str, Any]:
        call: StageCall = self.config["call"]
        outcome = execute(call, self._store, self._settings.machine(call, self._warm))
        if not outcome.ok:
            self._warm = Warm()  # what is loaded may be why: memory is the usual cause
        return {"outcome": outcome, "done": True}

    @classmethod
    def default_resource_request(cls, config: Mapping[str, Any]) -> tune.PlacementGroupFactory:
        held: Shape = config["shape"]
        return tune.PlacementGroupFactory([{"CPU": held.cpu, "GPU": held.gpu}])


class _Waiting:
    """Calls handed out whose worker has not begun: few, so that one saturated shape does not hold back another."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._shapes: dict[str, Shape] = {}

    def add(self, key: str, shape: Shape) -> None:
        self._shapes[key] = shape

    def remove(self, key: str) -> None:
        self._shapes.pop(key, None)

    def full(self) -> list[Shape]:
        """Shapes of which enough calls wait."""
        return [shape for shape, count in Counter(self._shapes.values()).items() if count >= self.most]


class _Calls(tune.search.Searcher):  # type: ignore[misc]  # Ray is not typed
    """Hands out the calls that are ready; the experiment ends with the last of them."""

    def __init__(self, this: Run, waiting: _Waiting) -> None:
        super().__init__()
        self._run = this
        self._waiting = waiting

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        call = self._run.next(self._waiting.full())
        if call is None:
            return self.FINISHED if self._run.finished() else None
        shape = self._run.settings.shape_of(call)
        self._waiting.add(call.key, shape)
        return {"call": call, "shape": shape}

    def on_trial_complete(self, trial_id: str, result: Mapping[str, Any] | None = None, error: bool = False) -> None:
        """Left to :class:`_Events`, which also learns why a trial failed."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the store is the record."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing was saved."""

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Tune pickles its configuration at the start, to restore what we never restore


class _Events(tune.Callback):  # type: ignore[misc]  # Ray is not typed
    """Tells the run what becomes of each trial."""

    def __init__(self, this: Run, waiting: _Waiting, store: Store) -> None:
        self._run = this
        self._waiting = waiting
        self._store = store
        self._started: dict[str, float] = {}

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        call: StageCall = trial.config["call"]
        self._waiting.remove(call.key)
        self._started[call.key] = time.time()
        self._run.started(call)

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._run.ended(trial.config["call"], trial.last_result["outcome"])

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """The worker died (killed, out of memory, its node gone): an attempt like any other, recorded from here."""
        call: StageCall = trial.config["call"]
        self._waiting.remove(call.key)
        details = Path(trial.error_file).read_text(errors="replace") if trial.error_file else ""
        machine = self._run.settings.machine(call, Warm())
        started = self._started.get(call.key, time.time())
        self._run.ended(call, record_death(call, self._store, machine, started, _reason(details), details))

    def __getstate__(self) -> dict[str, Any]:
        return {}  # as above


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
            address=where,
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
        f"--address: a Ray cluster must let us in there, but got {address!r} ({reason}); check the address and, with"
        " `ray status`, the cluster, or leave the address out"
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
