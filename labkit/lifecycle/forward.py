"""Lead ports of this host to ports of a machine, through ssh(1), until somebody ends it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING

from labkit import errors, log, visible

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Sequence

_LISTENING = 60.0
"""Seconds until ssh has logged in; an emulated machine under load takes several."""
_LAST = 65535
_PAIR = re.compile(
    r"(?:(?P<bind>[0-9.]+|\[[0-9A-Fa-f:.]+\]):)?(?P<local>[0-9]{1,5}):(?P<remote>[0-9]{1,5})"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Forward:
    """A port of this host, and the port of the machine that it leads to."""

    bind: str
    local: int
    remote: int

    def __str__(self) -> str:
        """Show as it is written."""
        return f"{self.bind}:{self.local}"

    @property
    def argument(self) -> str:
        """What ssh(1) takes after -L; brackets keep the colons of an IPv6 address apart."""
        return f"[{self.bind}]:{self.local}:127.0.0.1:{self.remote}"


def parse(text: str) -> Forward:
    """Read `[ADDRESS:]LOCAL:REMOTE`; without an address only this host reaches the port.

    Raises:
        errors.LabError: It is not written like that.
    """
    found = _PAIR.fullmatch(text)
    ports = [int(found[name]) for name in ("local", "remote")] if found else []
    if not found or not all(0 < port <= _LAST for port in ports):
        raise errors.LabError(
            f"'{visible.line(text)}' is no pair of ports",
            hint="write LOCAL:REMOTE, for example 8080:80, or ADDRESS:LOCAL:REMOTE",
        )
    return Forward((found["bind"] or "127.0.0.1").strip("[]"), *ports)


def forward(
    config: pathlib.Path, machine: str, forwards: Sequence[Forward], ready: Callable[[], None]
) -> None:
    """Forward until the process is interrupted; `ready` is called once it works.

    Raises:
        errors.LabError: A port is taken, or an address is not this host's.
        errors.UnreachableError: ssh could not log in, or its connection ended.
    """
    for each in forwards:
        _require_free(each)
    # Should this process be killed, the kernel ends ssh too (setpriv(1)).
    guard = ["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv") else []
    words = ["ssh", "-F", str(config), "-N", "-o", "BatchMode=yes"]
    words += ["-o", "ExitOnForwardFailure=yes", "-o", "ServerAliveInterval=15"]
    for each in forwards:
        words += ["-L", each.argument]
    # -- ends the options, so that nothing in a name is taken for one (ssh(1)).
    words += ["--", machine]
    with (
        log.command(words, machine=machine) as record,
        subprocess.Popen([*guard, *words], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as ssh,
    ):
        try:
            if _listens(ssh, forwards):
                ready()
            _, said = ssh.communicate()
        except BaseException:
            ssh.terminate()
            raise
        record.status, record.said = ssh.returncode, said.decode(errors="replace")
    last = visible.line(record.said.strip().rpartition("\n")[2])
    raise errors.UnreachableError(
        f"the connection to {machine} ended: {last or 'closed'}",
        hint="'lab.status' shows whether the machine runs",
    )


def _listens(ssh: subprocess.Popen[bytes], forwards: Sequence[Forward]) -> bool:
    """Wait until ssh listens: its ports can then no longer be had. False: it has ended.

    Raises:
        errors.UnreachableError: It did neither in time.
    """
    deadline = time.monotonic() + _LISTENING
    while any(_refusal(each) is None for each in forwards):
        if ssh.poll() is not None:
            return False
        if time.monotonic() > deadline:
            raise errors.UnreachableError(f"ssh did not log in within {_LISTENING:.0f} s")
        time.sleep(0.1)
    return True


def _require_free(each: Forward) -> None:
    refusal = _refusal(each)
    if refusal is not None:
        raise errors.LabError(
            f"{each} cannot be listened on: {refusal.strerror or refusal}",
            hint="choose another port above 1023, or end what listens there",
        )


def _refusal(each: Forward) -> OSError | None:
    """Try to listen; return why that is not possible."""
    with contextlib.ExitStack() as stack:
        try:
            family, kind, *_, address = socket.getaddrinfo(
                each.bind, each.local, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
            )[0]
            probe = stack.enter_context(socket.socket(family, kind))
            if os.name == "posix":  # Windows lets this option take a port that is in use
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
        except OSError as error:
            return error
    return None
