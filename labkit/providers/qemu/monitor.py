"""Talk to a running QEMU by QMP, the QEMU Machine Protocol, with QEMU's own library."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
from typing import TYPE_CHECKING, Any, cast

from qemu import qmp

from labkit import errors, log

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Awaitable, Callable, Generator, Mapping

# What the library has to say also comes as an exception, which is told in a sentence.
logging.getLogger("qemu.qmp").addHandler(logging.NullHandler())

# sockaddr_un.sun_path (unix(7)) holds 108 bytes; macOS has 104.
_LONGEST = 100
_POLL = 0.02


class JobError(errors.ProviderError):
    """A job has ended without success; the message is QEMU's own."""


def execute(
    socket: pathlib.Path,
    command: str,
    arguments: Mapping[str, object] | None = None,
    *,
    timeout: float = 10.0,
) -> Any:  # noqa: ANN401 - what QMP answers depends on the command
    """Run one command and return its answer.

    Raises:
        errors.ProviderError: Nobody listens, or QEMU refused, or was silent.
    """

    async def ask(client: qmp.QMPClient) -> Any:  # noqa: ANN401
        return await client.execute(command, dict(arguments or {}))

    return _talk(socket, command, ask, timeout)


def job(
    socket: pathlib.Path, command: str, arguments: Mapping[str, object], *, timeout: float
) -> None:
    """Run a command that works in the background, until it is done (qapi/job.json).

    Raises:
        JobError: It failed.
        errors.ProviderError: Nobody listens, or QEMU refused, or was silent.
    """
    name = f"labkit-{secrets.token_hex(8)}"

    async def run(client: qmp.QMPClient) -> str:
        await client.execute(command, {"job-id": name, **arguments})
        found = await _job(client, name)
        while found["status"] != "concluded":
            await asyncio.sleep(_POLL)
            found = await _job(client, name)
        await client.execute("job-dismiss", {"id": name})
        return str(found.get("error", ""))

    error = _talk(socket, command, run, timeout)
    if error:
        raise JobError(error)


async def _job(client: qmp.QMPClient, name: str) -> dict[str, Any]:
    jobs = cast("list[dict[str, Any]]", await client.execute("query-jobs"))
    return next(each for each in jobs if each["id"] == name)


def _talk(
    socket: pathlib.Path,
    command: str,
    talk: Callable[[qmp.QMPClient], Awaitable[Any]],
    timeout: float,
) -> Any:  # noqa: ANN401
    try:
        with (
            log.command(f"QMP {command}", machine=socket.parent.name),
            _reachable(socket) as address,
        ):
            return asyncio.run(asyncio.wait_for(_connected(address, talk), timeout))
    except (OSError, EOFError, TimeoutError, qmp.QMPError) as error:
        raise errors.ProviderError(
            f"QEMU does not answer '{command}' on {socket}: {str(error) or type(error).__name__}"
        ) from error


async def _connected(address: str, talk: Callable[[qmp.QMPClient], Awaitable[Any]]) -> Any:  # noqa: ANN401
    client = qmp.QMPClient("labkit")
    await client.connect(address)
    try:
        answer = await talk(client)
    finally:
        # After 'quit' the connection is gone already.
        with contextlib.suppress(EOFError, OSError, qmp.QMPError):
            await client.disconnect()
    return answer


@contextlib.contextmanager
def _reachable(socket: pathlib.Path) -> Generator[str]:
    """Give an address that fits, however deep the lab's folder is."""
    if len(os.fsencode(socket)) <= _LONGEST:
        yield str(socket)
        return
    descriptor = os.open(socket.parent, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{descriptor}/{socket.name}"
    finally:
        os.close(descriptor)
