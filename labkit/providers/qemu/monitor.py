"""Talk to a running QEMU by QMP, the QEMU Machine Protocol, with QEMU's own library."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from typing import TYPE_CHECKING, Any

from qemu import qmp

from labkit import errors

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Generator, Mapping

# What the library has to say also comes as an exception, which is told in a sentence.
logging.getLogger("qemu.qmp").addHandler(logging.NullHandler())

# sockaddr_un.sun_path (unix(7)) holds 108 bytes; macOS has 104.
_LONGEST = 100


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
    try:
        with _reachable(socket) as address:
            return asyncio.run(
                asyncio.wait_for(_execute(address, command, dict(arguments or {})), timeout)
            )
    except (OSError, EOFError, TimeoutError, qmp.QMPError) as error:
        raise errors.ProviderError(
            f"QEMU does not answer '{command}' on {socket}: {str(error) or type(error).__name__}"
        ) from error


async def _execute(address: str, command: str, arguments: dict[str, object]) -> Any:  # noqa: ANN401
    client = qmp.QMPClient("labkit")
    await client.connect(address)
    try:
        answer = await client.execute(command, arguments)
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
