"""One kept-open connection to one machine, and shell scripts over it.

Fabric opens the connection; scripts travel on the standard input of one remote shell, so that
their size has no limit and nothing of them shows in the machine's process list.
"""

from __future__ import annotations

import dataclasses
import logging
import socket
import time
from typing import TYPE_CHECKING, Self

import fabric
import paramiko

from labkit import errors

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from labkit.providers import base

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

    def open(self, timeout: float = 60.0, *, banner: float = 15.0) -> None:
        """Connect and log in.

        Args:
            timeout: Seconds that each step of the log-in may take.
            banner: Seconds after which a server that says nothing is given up.

        Raises:
            errors.UnreachableError: The machine refused, was silent, or showed another host key.
        """
        endpoint = self.endpoint
        try:
            self._connection = _connect(endpoint, timeout, banner)
        except paramiko.BadHostKeyException as error:
            raise errors.UnreachableError(
                f"{endpoint.machine} showed another host key than the one pinned when it was made",
                hint="something else answers on "
                f"{endpoint.host}:{endpoint.port}; nothing was sent to it. If the machine was "
                "replaced on purpose, destroy the lab and bring it up again",
            ) from error
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise errors.UnreachableError(
                f"{endpoint.machine} does not answer on {endpoint.host}:{endpoint.port}: "
                f"{str(error) or type(error).__name__}"
            ) from error

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def run(self, script: str, *, timeout: float, root: bool = True) -> Result:
        """Run a shell script and return what it printed.

        Raises:
            DeadlineError: It did not end within `timeout` seconds.
            errors.UnreachableError: The connection broke.
        """
        user = self.endpoint.user
        command = "sudo -n -H sh -s" if root and user != "root" else "sh -s"
        # The braces make the shell read all of the script before it runs any of it, and keep
        # programs in it from eating the rest as their input. The colon is for an empty script, and
        # two streams that become one here keep their order, which SSH's two do not.
        return self._exec(command, f"{{ :\n{script}\n}} < /dev/null 2>&1\n", timeout)

    def _exec(self, command: str, stdin: str, timeout: float) -> Result:
        deadline = time.monotonic() + timeout
        output = bytearray()
        try:
            channel = self._channel(timeout)
            with channel:
                channel.settimeout(timeout)
                channel.set_combine_stderr(True)
                channel.exec_command(command)
                channel.sendall(stdin.encode())
                channel.shutdown_write()
                while chunk := _receive(channel, deadline):
                    output += chunk
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
        if self._connection is None:
            self.open(timeout)
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


def _connect(endpoint: base.Endpoint, timeout: float, banner: float) -> fabric.Connection:
    plug = socket.create_connection((endpoint.host, endpoint.port), banner)
    try:
        # paramiko never sets TCP_NODELAY, and waits for acknowledgements cost as much as the work.
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A port forward accepts before the machine behind it listens. Only the banner (RFC 4253,
        # section 4.2) shows that a server is there, and a new try finds it sooner than waiting.
        if not plug.recv(1, socket.MSG_PEEK):
            raise EOFError("closed at once")
        connection = fabric.Connection(
            endpoint.host,
            user=endpoint.user,
            port=endpoint.port,
            config=fabric.Config(overrides={"load_ssh_configs": False}),
            forward_agent=False,
            connect_kwargs={
                "sock": plug,
                "key_filename": str(endpoint.key),
                "allow_agent": False,
                "look_for_keys": False,
                "banner_timeout": timeout,
                "auth_timeout": timeout,
                "timeout": timeout,
            },
        )
        # Fabric accepts any host key unless told otherwise before it opens.
        client = connection.client
        if client is None:  # Fabric's types allow it; its code does not
            raise EOFError
        client.load_host_keys(str(endpoint.known_hosts))
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        connection.open()
    except BaseException:
        plug.close()
        raise
    return connection


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
    deadline = time.monotonic() + timeout
    last = ""
    while True:
        alive()
        remaining = deadline - time.monotonic()
        try:
            session.open(max(_LOGIN, remaining), banner=_BANNER)
        except errors.UnreachableError as error:
            # A wrong host key does not become right by waiting.
            if isinstance(error.__cause__, paramiko.BadHostKeyException) or remaining <= 0:
                raise
            if error.message != last:
                last = error.message
                narrate(f"waiting for SSH: {last}")
            time.sleep(0.5)
        else:
            return
