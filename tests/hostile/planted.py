"""Run labkit's command line with a real sshd in the place of a machine.

`python planted.py ENDPOINT RECORD WORDS...`: ENDPOINT is a JSON file that says where the sshd is;
every program that labkit starts is written to RECORD, with its environment.
"""

from __future__ import annotations

import atexit
import json
import os
import pathlib
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import paramiko

from labkit import __main__, providers
from labkit.providers import base
from labkit.secrets import store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labkit import workspace
    from labkit.plan import model


class Provider(base.Provider):
    """One machine, which runs already: an sshd of the test's, and a process as long as its run."""

    place: Mapping[str, Any] = {}

    def __init__(self, lab: model.Lab, space: workspace.Workspace, *_: object) -> None:
        self._lab, self._space = lab, space
        self._secrets = store.Store(lab.secrets, space.folder)

    def preflight(self) -> Sequence[base.Finding]:
        return ()

    def prepare(self) -> None:
        self._space.make()

    def status(self) -> Mapping[str, base.State]:
        return {machine.name: base.State.RUNNING for machine in self._lab.machines}

    def endpoint(self, machine: model.Machine) -> base.Endpoint:
        place = self.place
        key, known_hosts = pathlib.Path(place["key"]), pathlib.Path(place["known_hosts"])
        password = store.sudo_password(self._secrets, machine)
        return base.Endpoint(
            machine.name, "127.0.0.1", place["port"], place["user"], key, known_hosts, password
        )

    def start(self, machine: model.Machine) -> base.Endpoint:
        process = subprocess.Popen(["sleep", "600"])
        atexit.register(process.kill)
        return self.endpoint(machine)

    def stop(self, machine: model.Machine) -> None:
        del machine

    def made(self) -> Sequence[str]:
        return [machine.name for machine in self._lab.machines]

    def destroy(self, name: str) -> None:
        del name

    def leftovers(self) -> Sequence[str]:
        return ()

    def alive(self, machine: model.Machine) -> None:
        del machine

    def console_tail(self, machine: model.Machine, lines: int = 15) -> str:
        del machine, lines
        return "the end of a console"


def _crash(channel: paramiko.Channel, script: bytes) -> NoReturn:
    """Stand for a fault of labkit's own, with a whole script at hand."""
    raise ZeroDivisionError(f"in the middle of {len(script)} bytes for {channel.chanid}")


def main() -> None:
    """Run one task."""
    endpoint, record, *words = sys.argv[1:]
    descriptor = os.open(record, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "subprocess.Popen":
            _, command, _, environment = arguments
            shown = {"command": command, "environment": dict(environment or os.environ)}
            os.write(descriptor, json.dumps(shown, default=repr).encode() + b"\n")

    sys.addaudithook(watch)
    Provider.place = json.loads(pathlib.Path(endpoint).read_text(encoding="utf-8"))
    # Whatever a provider must be able to do besides is not asked of this one.
    Provider.__abstractmethods__ = frozenset()
    providers.create = Provider
    if os.environ.get("PLANTED_CRASH"):
        setattr(paramiko.Channel, "sendall", _crash)  # noqa: B010 - with names of its own
    sys.argv = ["labkit", *words]
    __main__.main()


if __name__ == "__main__":
    main()
