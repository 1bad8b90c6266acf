"""Ctrl-C, in processes of their own."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

import pytest

from robust_ray.watching.interrupt import interruptible

PROGRAM = """
import signal, sys, time
from robust_ray.watching.interrupt import interruptible

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have had it ignored
try:
    with interruptible(lambda: print("farewell", flush=True)):
        try:
            print("at work", flush=True)
            time.sleep(60)
        finally:
            print("winding up", flush=True)
            time.sleep(float(sys.argv[1]))
except KeyboardInterrupt:
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    sys.exit(7)
"""


@pytest.mark.parametrize(("winding_up", "times", "status"), [(0.0, 1, 7), (60.0, 2, 130)])
def test_the_first_is_told_at_once_and_the_second_ends_at_once(winding_up: float, times: int, status: int) -> None:
    command = [sys.executable, "-c", PROGRAM, str(winding_up)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        process.send_signal(signal.SIGINT)
        assert [process.stdout.readline() for _ in range(2)] == ["farewell\n", "winding up\n"]
        if times == 2:
            process.send_signal(signal.SIGINT)
        started = time.monotonic()
        _, errors = process.communicate(timeout=30)
        assert process.returncode == status
        assert errors == ""
        assert time.monotonic() - started < 20


def test_where_it_is_ignored_it_stays_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruptible(lambda: None):
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_thread_leaves_it_alone() -> None:
    def run() -> None:
        with interruptible(lambda: None):
            seen.append(signal.getsignal(signal.SIGINT))

    seen: list[object] = []
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]
