"""QMP with a tiny server on a real socket."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from labkit import errors
from labkit.providers.qemu import monitor

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

_GREETING: dict[str, Any] = {
    "QMP": {
        "version": {"qemu": {"micro": 0, "minor": 2, "major": 7}, "package": ""},
        "capabilities": [],
    }
}


class Qemu:
    """Speaks QMP with one client; `answers` are by command, anything else is refused."""

    def __init__(self, answers: dict[str, Any], *, silent: bool = False) -> None:
        self.answers = answers
        self.silent = silent
        self.heard: list[tuple[str, Any]] = []

    def serve(self, server: socket.socket) -> None:
        plug, _ = server.accept()
        with plug, contextlib.suppress(OSError):
            self._say(plug, _GREETING)
            for message in self._messages(plug):
                command = message["execute"]
                if command != "qmp_capabilities":
                    self.heard.append((command, message.get("arguments")))
                    if self.silent:
                        continue
                number = {"id": message["id"]} if "id" in message else {}
                self._say(plug, {**self._answer(command), **number})
                if command == "quit":
                    return

    @staticmethod
    def _messages(plug: socket.socket) -> Iterator[dict[str, Any]]:
        """Yield what comes; the protocol puts nothing between messages."""
        text = ""
        while chunk := plug.recv(4096):
            text += chunk.decode()
            with contextlib.suppress(json.JSONDecodeError):  # not whole yet
                message, end = json.JSONDecoder().raw_decode(text)
                text = text[end:]
                yield message

    def _answer(self, command: str) -> dict[str, Any]:
        if command == "qmp_capabilities" or command in self.answers:
            return {"return": self.answers.get(command, {})}
        refusal = f"The command {command} has not been found"
        return {"error": {"class": "CommandNotFound", "desc": refusal}}

    @staticmethod
    def _say(plug: socket.socket, message: dict[str, Any]) -> None:
        plug.sendall(f"{json.dumps(message)}\r\n".encode())


@contextlib.contextmanager
def _listening(path: pathlib.Path, qemu: Qemu) -> Generator[None]:
    with socket.socket(socket.AF_UNIX) as server:
        here = pathlib.Path.cwd()
        os.chdir(path.parent)  # as QEMU does: the address must be short
        try:
            server.bind(path.name)
        finally:
            os.chdir(here)
        server.listen()
        thread = threading.Thread(target=qemu.serve, args=(server,))
        thread.start()
        try:
            yield
        finally:
            thread.join(timeout=10)
            assert not thread.is_alive()


def test_an_answer(tmp_path: pathlib.Path) -> None:
    qemu = Qemu({"query-status": {"running": True}})
    with _listening(tmp_path / "monitor", qemu):
        assert monitor.execute(tmp_path / "monitor", "query-status") == {"running": True}
    assert qemu.heard == [("query-status", {})]


def test_arguments_travel(tmp_path: pathlib.Path) -> None:
    qemu = Qemu({"human-monitor-command": ""})
    with _listening(tmp_path / "monitor", qemu):
        given = {"command-line": "info 'x\""}
        monitor.execute(tmp_path / "monitor", "human-monitor-command", given)
    assert qemu.heard == [("human-monitor-command", {"command-line": "info 'x\""})]


def test_a_path_longer_than_a_sockets_address(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / ("deep" * 30)
    folder.mkdir()
    path = folder / "monitor"
    assert len(os.fsencode(path)) > 108
    descriptors = len(list(pathlib.Path("/proc/self/fd").iterdir()))
    with _listening(path, Qemu({"query-status": {"running": True}})):
        assert monitor.execute(path, "query-status") == {"running": True}
    assert len(list(pathlib.Path("/proc/self/fd").iterdir())) == descriptors


def test_quit_ends_the_connection(tmp_path: pathlib.Path) -> None:
    with _listening(tmp_path / "monitor", Qemu({"quit": {}})):
        assert monitor.execute(tmp_path / "monitor", "quit") == {}


def test_a_command_that_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "monitor"
    with _listening(path, Qemu({})), pytest.raises(errors.ProviderError) as caught:
        monitor.execute(path, "dance")
    assert caught.value.message == (
        f"QEMU does not answer 'dance' on {path}: The command dance has not been found"
    )


def test_a_qemu_that_hangs(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "monitor"
    start = time.monotonic()
    with _listening(path, Qemu({}, silent=True)), pytest.raises(errors.ProviderError) as caught:
        monitor.execute(path, "query-status", timeout=0.3)
    assert time.monotonic() - start < 8
    assert caught.value.message == f"QEMU does not answer 'query-status' on {path}: TimeoutError"


def test_nobody_listens(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "monitor"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))  # as a killed QEMU leaves it behind
    with pytest.raises(errors.ProviderError) as caught:
        monitor.execute(path, "query-status")
    assert caught.value.message == (
        f"QEMU does not answer 'query-status' on {path}: "
        "Failed to establish connection: [Errno 111] Connection refused"
    )


def test_no_socket(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "monitor"
    with pytest.raises(errors.ProviderError) as caught:
        monitor.execute(path, "query-status")
    assert caught.value.message == (
        f"QEMU does not answer 'query-status' on {path}: "
        "Failed to establish connection: [Errno 2] No such file or directory"
    )
