"""A Java compiler that stays: a fresh JVM costs half a second and more, an answer of a warm one 15 milliseconds."""

from __future__ import annotations

import atexit
import select
import struct
import subprocess
import threading
from pathlib import Path

SECONDS = 20.0
"""Longest wait for one answer; of a program that takes longer nothing can be said."""

_SECONDS_TO_START = 60.0
_SERVER = Path(__file__).with_name("CompileServer.java")
_OPTIONS = ("-Xss64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


class Javac:
    """The process of ``CompileServer.java``: started when first asked, and again after it broke.

    Threads take turns. The process ends with this one, also when this one is killed: its input ends.
    """

    def __init__(self, path: str) -> None:
        self.java = Path(path).resolve().with_name("java")
        self.process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._is_usable = True

    def takes(self, program: str) -> bool | None:
        """Whether ``javac`` takes a file; None when it broke twice over it, or cannot be started."""
        data = program.encode("utf-8", "replace")
        request = struct.pack(">i", len(data)) + data
        with self._lock:
            answer = self._ask(request) or self._ask(request)
        return None if answer is None else answer == b"1"

    def _ask(self, request: bytes) -> bytes | None:
        process = self._started()
        if process is None:
            return None
        assert process.stdin is not None
        try:
            left = memoryview(request)
            while left:
                left = left[process.stdin.write(left) :]
        except OSError:
            answer = None
        else:
            answer = _read(process, SECONDS)
        if answer is None:
            self._stop()
        return answer

    def _started(self) -> subprocess.Popen[bytes] | None:
        """A process that is ready; when one never gets so, no other is tried."""
        if self.process is None and self._is_usable:
            command, pipe = [str(self.java), *_OPTIONS, str(_SERVER)], subprocess.PIPE
            try:
                self.process = subprocess.Popen(
                    command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, bufsize=0, cwd="/"
                )
            except OSError:
                self._is_usable = False
                return None
            atexit.register(self._stop)
            if _read(self.process, _SECONDS_TO_START) is None:
                self._is_usable = False
                self._stop()
        return self.process

    def _stop(self) -> None:
        """End the process, if there is one."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None
        atexit.unregister(self._stop)


def _read(process: subprocess.Popen[bytes], seconds: float) -> bytes | None:
    """One byte; None when the process has ended or takes too long."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], seconds)
    return process.stdout.read(1) or None if ready else None
