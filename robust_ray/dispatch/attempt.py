"""One attempt at a stage call: fetch its inputs, run it, commit its output last, and say what became of it."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import sys
import time
import traceback
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from robust_ray.core.call import Inputs, Ref, StageCall
from robust_ray.core.care import Care, Careful
from robust_ray.core.errors import CorruptedError, DataError, RobustRayError, StoreError
from robust_ray.core.identity import digest
from robust_ray.core.machine import Machine
from robust_ray.core.paths import private_folder
from robust_ray.core.records import RECORDS, Record, RunRecord
from robust_ray.dispatch import limits, memory
from robust_ray.dispatch.provenance import facts
from robust_ray.store import Store

PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds to wait, time and again, for a store that cannot be written to."""

WORK = "ROBUST_RAY_WORK"
"""Environment variable: where calls work, instead of the system's temporary folder."""

_RECORDS = {record.table: record for record in RECORDS}


class Outcome(NamedTuple):
    """What became of one attempt."""

    key: str

    error: str | None = None
    """What went wrong, in a line; null when the output is complete."""

    seconds: float = 0.0
    """Wall time; 0 when the output was there before."""

    damaged: str | None = None
    """Key of an input that was missing or not what had been committed."""

    users: bool = False
    """Whether the mistake is the user's, so that trying again is of no use."""

    lacked_memory: bool = False
    """Whether smaller batches might help."""

    learned: bool = False
    """Whether the next attempt knows more of what ended this one, so that it is no mere repetition."""

    @property
    def ok(self) -> bool:
        """Whether the output is complete."""
        return self.error is None


class DamagedError(Exception):
    """An input is missing or not what was committed; whatever was there has been put aside."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key


def execute(call: StageCall, store: Store, machine: Machine) -> Outcome:
    """Make one attempt at a call. Its exceptions are recorded and returned, not raised.

    Raises:
        StoreError: not even the record of the attempt can be stored.
    """
    with _work_folder(call, store.uri) as folder:
        if is_there(store, call.ref):
            outcome = Outcome(call.key)
        else:
            outcome = _attempt(call, store, machine, folder)
        if outcome.ok or call.stage.table is not None:
            shutil.rmtree(folder)
        return outcome


def record_death(
    call: StageCall,
    store: Store,
    machine: Machine,
    seconds: float,
    error: str,
    details: str,
    host: str | None = None,
    *,
    blames_call: bool = True,
) -> Outcome:
    """Record an attempt whose worker died before it could itself.

    Args:
        call: What it was at.
        store: Where to.
        machine: What the call might use.
        seconds: How long the attempt took.
        error: What is known of the death, in a line.
        details: What else is known.
        host: Where it was; None for this machine.
        blames_call: Whether the call may have killed the worker; not where its node died.
    """
    outcome = Outcome(call.key, error, seconds, lacked_memory=memory.KILLED in details)
    if outcome.lacked_memory:
        got = "Ray ended the worker, for the machine was about to run out"
        outcome = outcome._replace(error=memory.sentence(call.stage, machine, got))
    outcome = _record(call, store, machine, time.time() - seconds, outcome, details, memory.Footprint(), host)
    if blames_call and isinstance(call.stage, Careful):
        with suppress(StoreError):  # then the next attempt is made as this one was
            outcome = outcome._replace(learned=store.suspects(call.key).died(str(outcome.error)))
    return outcome


def is_there(store: Store, ref: Ref) -> bool:
    """Whether an output is complete; no where the store is away, for which an attempt knows how to wait."""
    try:
        return store.has(ref)
    except StoreError:
        return False


def was_cut_short(call: StageCall, store: Store) -> bool:
    """Whether the last process of this machine to make an attempt at a call has died at it."""
    return _lock(call, store.uri).exists()


def read_rows(store: Store, ref: Ref) -> list[Record]:
    """The rows of a call.

    Raises:
        DamagedError: they are not there, or not what was committed.
    """
    with _putting_aside(store, ref):
        return store.rows(ref)


def _attempt(call: StageCall, store: Store, machine: Machine, folder: Path) -> Outcome:
    started, clock = time.time(), time.monotonic()  # when it was may be wrong, how long it took shall not be
    details = None
    error: Exception | None = None
    try:
        memory.hold(machine)
        _check_identity(call)
        inputs = _fetch(call, store)
        _use_threads(machine.threads)
        with _care(call, store) as care:
            rows = _run(call, inputs, folder, machine, care)
            _commit(call, store, machine, folder, rows)
    except Exception as caught:  # one broken call must not end the sweep: it is recorded, retried and reported
        error, details = caught, traceback.format_exc()
    lacked = memory.is_shortage(error)
    reason = None if error is None else _last_line(error)
    mistake = isinstance(error, RobustRayError) and not isinstance(error, StoreError)  # a store may come back
    outcome = Outcome(
        call.key,
        error=memory.sentence(call.stage, machine, reason) if reason and lacked else reason,
        seconds=time.monotonic() - clock,
        damaged=error.key if isinstance(error, DamagedError) else None,
        users=mistake and not lacked,
        lacked_memory=lacked,
    )
    return _record(call, store, machine, started, outcome, details, memory.footprint(machine))


@contextmanager
def _care(call: StageCall, store: Store) -> Iterator[Care | None]:
    """What the call is to be made with: no care, unless its process has died before; forgotten once it is done."""
    suspects = store.suspects(call.key)
    known = suspects.known() if isinstance(call.stage, Careful) else None
    if known is None:
        yield None
        return

    def begin(uid: str) -> None:
        suspects.at(uid, known)
        limits.renew()  # each example may take as long as all of them together, so that none is blamed for others

    if known.at is not None:  # where an attempt was that nobody has judged
        suspects.at(None, known)
    yield Care(begin=begin, suspects=known.suspects, lost=known.lost)
    suspects.clear()


def _run(call: StageCall, inputs: Inputs, folder: Path, machine: Machine, care: Care | None) -> Sequence[Record]:
    if care is not None and isinstance(call.stage, Careful):
        return call.stage.run_with_care(call.key, inputs, folder, machine, care)
    return call.stage.run(call.key, inputs, folder, machine)


def _check_identity(call: StageCall) -> None:
    """Refuse to store at a key what this machine would make of other data or weights than the driver saw."""
    here = StageCall(call.stage, call.inputs).key
    if here != call.key:
        raise DataError(
            f"{call.key}: every machine must see the data, weights and Python library that the plan was made with, but "
            f"got others on {socket.gethostname()} (key {here}); put the same there, or start the run again"
        )


def _fetch(call: StageCall, store: Store) -> Inputs:
    checkpoints: dict[str, Path] = {}
    tables: dict[str, Sequence[Record]] = {}
    for role, refs in call.inputs.items():
        if any(ref.table is None for ref in refs):
            (ref,) = refs  # a role is one checkpoint, or the rows of any number of calls
            with _putting_aside(store, ref):
                checkpoints[role] = store.checkpoint(ref.key)
        else:
            tables[role] = [row for ref in refs for row in read_rows(store, ref)]
    keys = {role: tuple(ref.key for ref in refs) for role, refs in call.inputs.items()}
    return Inputs(checkpoints=checkpoints, tables=tables, keys=keys)


@contextmanager
def _putting_aside(store: Store, ref: Ref) -> Iterator[None]:
    """Turn whatever is wrong with an input into a :class:`DamagedError`, and make its key incomplete."""
    if not store.has(ref):
        raise DamagedError(ref.key, f"{ref.key} is no longer in the store")
    try:
        yield
    except CorruptedError as error:
        store.discard(ref)
        raise DamagedError(ref.key, str(error)) from error


def _commit(call: StageCall, store: Store, machine: Machine, folder: Path, rows: Sequence[Record]) -> None:
    provenance = call.describe() | facts(gpu=machine.device != "cpu")._asdict()
    if call.stage.table is None:
        store.put_checkpoint(call.key, folder, provenance)
    else:
        store.put_rows(call.ref, rows, provenance, _RECORDS[call.stage.table])


def _record(
    call: StageCall,
    store: Store,
    machine: Machine,
    started: float,
    outcome: Outcome,
    details: str | None,
    took: memory.Footprint,
    host: str | None = None,
) -> Outcome:
    here = facts(gpu=machine.device != "cpu")
    run = RunRecord(
        key=call.key,
        attempt=uuid.uuid4().hex,
        stage=call.stage.name,
        outcome="done" if outcome.ok else "failed",
        started=started,
        seconds=outcome.seconds,
        **took._asdict(),
        energy=None,
        **here._replace(host=host or here.host)._asdict(),
        error=outcome.error,
        traceback=details,
    )
    for pause in PAUSES:  # whatever keeps a store from taking rows keeps it from taking this, so here is where to wait
        try:
            store.put_run(run)
            return outcome
        except StoreError:
            time.sleep(pause)
    store.put_run(run)
    return outcome


def _last_line(error: Exception) -> str:
    """The user's sentence, or the exception with its type as a traceback ends."""
    if isinstance(error, RobustRayError | DamagedError):
        return " ".join(str(error).split())
    return " ".join("".join(traceback.format_exception_only(error)).split())


def _use_threads(threads: int) -> None:
    """Let torch compute with ``threads``, whether it is loaded already or will be by the stage."""
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


@contextmanager
def _work_folder(call: StageCall, store_uri: str) -> Iterator[Path]:
    """The folder a call works in, held by one process of this machine at a time.

    A checkpoint's folder is the same in every attempt and outlives a kill, so that a training goes on where it was;
    rows are made in an empty one.
    """
    lock = _lock(call, store_uri)
    folder = lock.with_suffix("")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(lock):
        if call.stage.table is not None:
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(exist_ok=True)
        yield folder


def _lock(call: StageCall, store_uri: str) -> Path:
    """Held while an attempt is made, and left behind by a process that dies at it."""
    return private_folder(os.environ.get(WORK)) / digest(store_uri) / f"{call.key}.lock"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file, waiting for whoever has it; the system frees it when the holder dies."""
    while True:
        with path.open("w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            if not _is_still(path, stream.fileno()):  # the holder we waited for has removed it
                continue
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False
