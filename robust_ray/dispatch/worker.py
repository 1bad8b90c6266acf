"""Who makes attempts: this process, or a child that may hang or crash without taking the driver with it."""

from __future__ import annotations

import faulthandler
import multiprocessing
import signal
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from robust_ray.core.call import StageCall
from robust_ray.core.machine import Warm
from robust_ray.dispatch.attempt import Outcome, execute, record_death
from robust_ray.dispatch.limits import RANG, limited, reason
from robust_ray.dispatch.settings import Settings, Shape
from robust_ray.store import Store


class Here:
    """Makes attempts in this process, and keeps what they loaded."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._warm = defaultdict[Shape, Warm](Warm)  # a victim loaded for the CPU is of no use on the GPU

    def attempt(self, call: StageCall, shortages: int) -> Outcome:
        """Make one, after so many that lacked memory."""
        warm = self._warm[self._settings.shape_of(call)]
        outcome = execute(call, self._store, self._settings.machine(call, warm, shortages))
        if not outcome.ok:
            self._warm.clear()  # what is loaded may be why: memory is the usual cause
        return outcome


class Child:
    """Makes attempts in one process after another: a dead one is an attempt that failed, and is replaced."""

    def __init__(self, store: Store, settings: Settings, folder: Path) -> None:
        self._store = store
        self._settings = settings
        self._last_words = folder / "last-words"
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def attempt(self, call: StageCall, shortages: int) -> Outcome:
        """Make one, after so many that lacked memory."""
        started = time.monotonic()
        pipe = self._pipe or self._start()
        try:
            pipe.send((call, shortages))
            outcome: Outcome | Exception = pipe.recv()
        except (EOFError, ConnectionError):
            code = self.close()
            details = self._last_words.read_text(errors="replace") if self._last_words.exists() else ""
            why = reason(f"the worker died with status {code}", self._settings.limit_of(call), hung=RANG in details)
            machine, seconds = self._settings.machine(call, Warm(), shortages), time.monotonic() - started
            return record_death(call, self._store, machine, seconds, why, details)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def close(self) -> int | None:
        """End the process, if there is one; returns its status."""
        if self._pipe is None or self._process is None:
            return None
        self._pipe.close()
        self._process.kill()
        self._process.join()
        code, self._process, self._pipe = self._process.exitcode, None, None
        return code

    def _start(self) -> Connection:
        self._last_words.unlink(missing_ok=True)  # those of the process before
        start = multiprocessing.get_context("spawn")  # torch does not survive a fork
        self._pipe, theirs = start.Pipe()
        arguments = (theirs, self._store, self._settings, self._last_words)
        self._process = start.Process(target=_serve, args=arguments)
        self._process.start()
        theirs.close()
        return self._pipe


def _serve(pipe: Connection, store: Store, settings: Settings, last_words: Path) -> None:
    """Make attempts until the driver ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the driver, which then ends us
    here = Here(store, settings)
    with last_words.open("w") as stream:
        faulthandler.enable(stream)
        while True:
            try:
                call, shortages = pipe.recv()
            except EOFError:
                return
            try:
                with limited(settings.limit_of(call), stream):
                    answer: Outcome | Exception = here.attempt(call, shortages)
            except Exception as error:  # not even a record could be stored: for the driver to say
                answer = error
            pipe.send(answer)


@contextmanager
def worker(store: Store, settings: Settings) -> Iterator[Callable[[StageCall, int], Outcome]]:
    """What makes attempts for a driver: itself, or a child where a call may have to be ended."""
    if not settings.time_limits:
        yield Here(store, settings).attempt
        return
    with tempfile.TemporaryDirectory(prefix="robust-ray-") as folder:
        child = Child(store, settings, Path(folder))
        try:
            yield child.attempt
        finally:
            child.close()
