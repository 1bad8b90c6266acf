"""A headless Chromium, driven over its DevTools protocol: what a page looks like, says, asks for and complains of."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SECONDS = 60
"""To wait for anything, on a busy machine."""

MEGABYTES = 64
"""Of one message at most: a picture of a long page."""


def chromium() -> str | None:
    """Path of a Chromium on this machine; None where there is none."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Page:
    """One tab, and everything it has said."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._last = 0
        self._session: str | None = None
        self.events: list[tuple[str, dict[str, Any]]] = []
        """Names and parameters, in the order in which they came."""

        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the protocol, and its answer."""
        self._last += 1
        session = {"sessionId": self._session} if self._session else {}
        self._connection.send(json.dumps({"id": self._last, "method": method, "params": params} | session))
        while True:
            message = json.loads(self._connection.recv(SECONDS))
            if message.get("id") == self._last:
                assert "error" not in message, message["error"]
                found: dict[str, Any] = message["result"]
                return found
            if "method" in message:
                self.events.append((message["method"], message.get("params", {})))

    def look(self, *, width: int, height: int = 800, scheme: str = "light", media: str = "screen") -> Self:
        """Choose the size of the window in CSS pixels, light or dark, screen or print."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        self.send(
            "Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}]
        )
        return self

    def open(self, file: Path) -> Self:
        """Go to a file, and wait until it is read."""
        self.send("Page.navigate", url=file.resolve().as_uri())
        self.wait("document.readyState === 'complete'")
        return self

    def ask(self, script: str) -> Any:
        """Value of a JavaScript expression."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, script: str) -> None:
        """Until a JavaScript expression holds."""
        end = time.monotonic() + SECONDS
        while not self.ask(script):
            assert time.monotonic() < end, f"in {SECONDS} s it did not come about that {script}"
            time.sleep(0.05)

    def press(self, key: str) -> None:
        """A key, as a reader would: ``Tab``, ``Enter``, ``Escape``."""
        codes = {"Tab": 9, "Enter": 13, "Escape": 27}
        named = {"key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
        self.send("Input.dispatchKeyEvent", type="keyDown", **named, **({"text": "\r"} if key == "Enter" else {}))
        self.send("Input.dispatchKeyEvent", type="keyUp", **named)

    def click(self, script: str) -> None:
        """The middle of an element, with the mouse, after scrolling to it."""
        self.ask(f"({script}).scrollIntoView({{block: 'center', behavior: 'instant'}})")
        box = self.ask(
            f"(() => {{ const {{x, y, width, height}} = ({script}).getBoundingClientRect(); "
            "return [x + width / 2, y + height / 2]; })()"
        )
        at = {"x": box[0], "y": box[1]}
        self.send("Input.dispatchMouseEvent", type="mouseMoved", **at)
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, **at, button="left", clickCount=1)

    def picture(self, file: Path, *, whole: bool = True) -> None:
        """What is seen, as PNG."""
        answer = self.send("Page.captureScreenshot", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(answer["data"]))

    def complaints(self) -> list[str]:
        """Errors of the console, and exceptions that nobody caught."""
        return [
            str(params)
            for name, params in self.events
            if name == "Runtime.exceptionThrown"
            or (name == "Log.entryAdded" and params["entry"]["level"] == "error")
            or (name == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"))
        ]

    def requests(self) -> list[str]:
        """Addresses that the page asked for."""
        return [params["request"]["url"] for name, params in self.events if name == "Network.requestWillBeSent"]


@contextmanager
def browsing(program: str, folder: Path) -> Iterator[Page]:
    """A fresh tab of a fresh browser, whose files lie in the folder."""
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
    options += ["--no-first-run", "--disable-extensions", "--remote-debugging-port=0", f"--user-data-dir={folder}"]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with connect(_address(folder, process), max_size=MEGABYTES * 2**20) as connection:
            yield Page(connection)
    finally:
        process.terminate()
        process.wait(SECONDS)


def _address(folder: Path, process: subprocess.Popen[bytes]) -> str:
    """Where the browser listens: it writes its port and path into its folder."""
    written, end = folder / "DevToolsActivePort", time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        lines = written.read_text().split() if written.exists() else []
        if len(lines) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.05)
    raise AssertionError(f"in {SECONDS} s no browser listened; it ended with {process.poll()}")
