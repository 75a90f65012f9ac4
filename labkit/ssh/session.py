"""One kept-open connection to one machine, and shell scripts over it.

Fabric opens the connection; scripts travel on the standard input of one remote shell, so that
their size has no limit and nothing of them shows in the machine's process list.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import secrets
import time
from typing import TYPE_CHECKING, Self

from labkit import errors, lean, log, shell, signals
from labkit.ssh import patience, trouble
from labkit.ssh import plug as plugs

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    import fabric
    import paramiko

    from labkit.providers import base

# Fabric and paramiko are imported behind the first connection: a machine does its part of a log-in
# while they are, and not every run gets that far.
# ruff: noqa: PLC0415

# What paramiko has to say also comes as an exception, which is told in a sentence.
logging.getLogger("paramiko").addHandler(logging.NullHandler())

_CHUNK = 1 << 16
_LOGIN = 20.0
"""Seconds that a log-in may take once a server has shown itself, however late."""
_BANNER = 2.0
"""Seconds between two tries while a machine boots."""
_LIMIT = 64 << 20
"""Bytes of output after which a machine is taken to be out of its mind."""


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """What a remote shell printed (both streams, in order) and its exit status."""

    output: str
    status: int


class DeadlineError(errors.UnreachableError):
    """The machine did not finish in time; `output` is what it had printed until then."""

    def __init__(self, message: str, *, output: str, hint: str = "") -> None:
        """Keep what was printed, so that the caller can say how far the machine came."""
        super().__init__(message, hint=hint)
        self.output = output


def ready() -> None:
    """Import what logging in takes, Fabric and paramiko, if that has not been done yet."""
    lean.invoke()
    from labkit.ssh import connect

    del connect


class Session:
    """A connection to a machine whose host key must be the pinned one."""

    def __init__(self, endpoint: base.Endpoint) -> None:
        """Remember where the machine is; nothing is opened yet."""
        self.endpoint = endpoint
        self._connection: fabric.Connection | None = None

    def __enter__(self) -> Self:
        """Return the session itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()

    def open(self, timeout: float = 60.0, *, banner: float | None = None) -> None:
        """Connect and log in.

        Args:
            timeout: Seconds that each step of the log-in may take.
            banner: Seconds after which a server that says nothing is given up, for a machine that
                may be booting; None for one that runs.

        Raises:
            errors.UnreachableError: The machine refused, was silent, or showed another host key.
            signals.Stopped: The run is being interrupted, and this is one of its threads.
        """
        signals.check()
        brief = min(banner or timeout, timeout)
        plug = self._plug(brief, spoken=banner is not None)
        ready()
        from labkit.ssh import connect

        self._connection = connect.connect(self.endpoint, plug, timeout, brief)

    def begin(self) -> None:
        """Log in already; where that fails, whoever runs a script tries again and is told why."""
        with contextlib.suppress(errors.UnreachableError):
            self.open()

    def _plug(self, timeout: float, *, spoken: bool) -> plugs.Plug | None:
        """Connect; a machine behind a gateway is connected to by whoever logs in there."""
        endpoint = self.endpoint
        if endpoint.gateway is not None:
            return None
        try:
            return plugs.connect(endpoint.host, endpoint.port, timeout, spoken=spoken)
        except (OSError, EOFError) as error:
            raise trouble.silent(endpoint, error) from error

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def run(
        self,
        script: str,
        *,
        timeout: float,
        root: bool = True,
        label: str = "script",
        on_output: Callable[[bytes], None] = lambda _: None,
    ) -> Result:
        """Run a shell script and return what it printed.

        Args:
            script: Shell text; it may hold secrets and is never logged.
            timeout: Seconds that it may take.
            root: Whether root runs it, or the user who logs in.
            label: What the log calls it.
            on_output: Given each piece of output when it comes, cut anywhere.

        Raises:
            DeadlineError: It did not end within `timeout` seconds.
            errors.UnreachableError: The connection broke.
        """
        command, before = self._shell(root=root)
        # The braces make the shell read all of the script before it runs any of it, and keep
        # programs in it from eating the rest as their input. The colon is for an empty script, and
        # two streams that become one here keep their order, which SSH's two do not.
        text = f"{before}{{ :\n{script}\n}} < /dev/null 2>&1\n"
        with log.command(label, machine=self.endpoint.machine, sent=len(text)) as record:
            result = self._exec(command, text, timeout, on_output)
            record.status, record.received = result.status, len(result.output)
        return result

    def _shell(self, *, root: bool) -> tuple[str, str]:
        """Return the command of the remote shell, and what its input begins with."""
        if not root or self.endpoint.user == "root":
            return "sh -s", ""
        if self.endpoint.sudo_password is None:
            return "sudo -n -H sh -s", ""
        # Who reads the password's line is not known beforehand: sudo, or, where sudoers(5) asks
        # for none, the shell behind it, which therefore passes over all lines up to a word. -k
        # makes sudo ask although it may have been told before, so that it leaves no line over.
        word = f"labkit-{secrets.token_hex(8)}"
        wait = shell.line('while IFS= read -r line && [ "$line" != {} ]; do :; done', word)
        command = shell.argv("sudo", "-S", "-k", "-p", "", "-H", "sh", "-c", f"{wait}; exec sh -s")
        return command, f"{self.endpoint.sudo_password.reveal()}\n{word}\n"

    def _exec(
        self, command: str, stdin: str, timeout: float, on_output: Callable[[bytes], None]
    ) -> Result:
        if self._connection is None:
            self.open(timeout)
        import paramiko

        from labkit.ssh import pipelining

        signals.check()
        deadline = time.monotonic() + timeout
        output = bytearray()
        try:
            channel = self._channel(timeout)
            with channel:
                channel.settimeout(timeout)
                channel.set_combine_stderr(True)
                pipelining.execute(channel, command)
                channel.sendall(stdin.encode())
                channel.shutdown_write()
                while chunk := _receive(channel, deadline):
                    output += chunk
                    on_output(chunk)
                    if len(output) > _LIMIT:
                        raise errors.UnreachableError(
                            f"{self.endpoint.machine} printed more than {_LIMIT >> 20} MiB"
                        )
                # A shell may close its output and go on.
                if not channel.status_event.wait(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError
                status = channel.recv_exit_status()
                if status < 0:
                    raise EOFError("it ended without an exit status")
        except TimeoutError:
            raise DeadlineError(
                f"{self.endpoint.machine} did not finish within {timeout:.0f} s",
                output=output.decode(errors="replace"),
                hint="look at its console and at its load; a slow host needs a longer time limit",
            ) from None
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise errors.UnreachableError(
                f"the connection to {self.endpoint.machine} broke: {str(error) or 'closed'}"
            ) from error
        return Result(output.decode(errors="replace"), status)

    def _channel(self, timeout: float) -> paramiko.Channel:
        transport = self._connection.transport if self._connection else None
        if transport is None:
            raise EOFError
        return transport.open_session(timeout=timeout)


def _receive(channel: paramiko.Channel, deadline: float) -> bytes:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError
    channel.settimeout(remaining)
    return channel.recv(_CHUNK)


def wait(
    session: Session,
    *,
    timeout: float,
    narrate: Callable[[str], None],
    alive: Callable[[], None] = lambda: None,
) -> None:
    """Try to log in until it works.

    Args:
        session: The session to open.
        timeout: Seconds after which to give up.
        narrate: Told whenever the last answer changes.
        alive: Raises when waiting has become pointless, for example when the machine died.

    Raises:
        errors.UnreachableError: It did not work in time; says the last answer.
    """
    patience.until(
        lambda remaining: session.open(max(_LOGIN, remaining), banner=_BANNER),
        timeout=timeout, narrate=narrate, alive=alive,
    )  # fmt: skip
