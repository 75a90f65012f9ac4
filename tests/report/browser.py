"""A headless Chromium, led through its DevTools protocol on two pipes; no library, no port.

Source: the Chrome DevTools Protocol, and `--remote-debugging-pipe`: Chromium reads commands from
descriptor 3 and writes to descriptor 4, each message ending with a zero byte.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Generator

PROGRAM = shutil.which("chromium")
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-default-apps", "--disable-extensions", "--hide-scrollbars",
)  # fmt: skip
_PATIENCE = 60.0


class Browser:
    """One page of a Chromium that runs."""

    def __init__(self, read: int, write: int) -> None:
        """Open an empty page, and be told what happens on it."""
        self._read, self._write = read, write
        self._number = 0
        self._rest = b""
        self._session = ""
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **given: object) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": given}
        if self._session:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._write, data) :]
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def _next(self) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._read], [], [], deadline - time.monotonic())
            assert ready, "Chromium says nothing"
            chunk = os.read(self._read, 1 << 20)
            assert chunk, "Chromium has ended"
            self._rest += chunk
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def open(self, path: pathlib.Path, *, scripts: bool = True) -> float:
        """Open a file; return the seconds until it was loaded, and with scripts also drawn."""
        self.events.clear()
        start = time.monotonic()
        self.call("Page.navigate", url=path.as_uri())
        while not self.named("Page.loadEventFired"):
            self.events.append(self._next())
        if scripts:  # without them, nothing is called back
            self.run("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        return time.monotonic() - start

    def named(self, method: str) -> list[dict[str, Any]]:
        """Return what happened of one kind since the page was opened."""
        return [each["params"] for each in self.events if each.get("method") == method]

    def complaints(self) -> list[dict[str, Any]]:
        """Return what the console would show: errors, warnings and refused requests."""
        kinds = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
        return [event for kind in kinds for event in self.named(kind)]

    def requests(self) -> list[str]:
        """Return what the page has asked for, itself among it."""
        return [each["request"]["url"] for each in self.named("Network.requestWillBeSent")]

    def run(self, script: str) -> Any:  # noqa: ANN401 - whatever the page says
        """Return the value of an expression on the page."""
        answer = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def size(self, width: int, height: int, *, phone: bool = False) -> None:
        """Give the window a size."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=phone)  # fmt: skip

    def dark(self, wanted: bool) -> None:
        """Prefer dark colours or light ones."""
        feature = {"name": "prefers-color-scheme", "value": "dark" if wanted else "light"}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def press(self, key: str, code: int) -> None:
        """Press a key and let it go."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                      windowsVirtualKeyCode=code, text="\r" if key == "Enter" else "")  # fmt: skip

    def picture(self) -> bytes:
        """Return what the window shows as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot")["data"])

    def paper(self) -> bytes:
        """Return the page as it is printed, as PDF."""
        sheet = self.call("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
        return base64.b64decode(sheet["data"])


@contextlib.contextmanager
def start() -> Generator[Browser]:
    """Start Chromium with a new profile; end it, and remove the profile, at the end."""
    assert PROGRAM
    ours, theirs = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        words = (PROGRAM, *_FLAGS, f"--user-data-dir={folder}", "--remote-debugging-pipe")
        with subprocess.Popen(
            # The shell gives the pipes the numbers that Chromium wants.
            ["bash", "-c", f'exec "$@" 3<&{theirs[0]} 4>&{ours[1]}', "bash", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs[0], ours[1]),
        ) as process:
            os.close(theirs[0])
            os.close(ours[1])
            try:
                yield Browser(ours[0], theirs[1])
            finally:
                os.close(theirs[1])  # Chromium ends when nobody leads it any more
                try:
                    process.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    process.kill()
                os.close(ours[0])
