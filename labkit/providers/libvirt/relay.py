"""The forwards of one machine: a small process that carries what comes to ports of this host to it.

libvirt forwards no ports, and this host is on the machines' network: connecting to them is enough.

This file is run by itself, `python -I -S relay.py -uuid UUID -pidfile FILE FORWARD...`, each one
PROTOCOL,ADDRESS,PORT,ADDRESS,PORT. It imports nothing of labkit, as the switch of the provider
qemu. The four words before them are there for those who look for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pwd
import socket
import sys

assert sys.platform != "win32"  # noqa: S101 - libvirt's machines are on Linux

_CHUNK = 1 << 16
_PATIENCE = 10.0
"""Seconds that a machine has to take a connection."""
_QUIET = 60.0
"""Seconds after which a peer of UDP that nothing is heard of is forgotten."""
_LOOK = 30.0
"""Seconds between two looks whether the lab's folder is still there."""

Address = tuple[str, int]


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry one direction of a connection to its end, and say that it has ended."""
    with contextlib.suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()


async def _connection(
    target: Address, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Lead one connection to the machine; it ends at once where nobody listens there."""
    try:
        asked = asyncio.open_connection(*target)
        there, back = await asyncio.wait_for(asked, _PATIENCE)
    except (OSError, TimeoutError):
        writer.transport.abort()
        return
    await asyncio.gather(_carry(reader, back), _carry(there, writer))
    for each in (back, writer):
        each.close()


class Front:
    """A port of UDP on this host: each peer has a socket of its own towards the machine."""

    def __init__(self, here: Address, target: Address) -> None:
        """Listen; raises OSError where that cannot be."""
        self._target = target
        self._loop = asyncio.get_running_loop()
        self._peers: dict[Address, tuple[socket.socket, float]] = {}
        self._socket = _datagrams()
        self._socket.bind(here)
        self._loop.add_reader(self._socket, self._pass)

    def _pass(self) -> None:
        """Pass on what a peer sends; what cannot be sent now is lost, as datagrams are."""
        with contextlib.suppress(OSError):
            data, peer = self._socket.recvfrom(_CHUNK)
            self._forget()
            way = self._peers[peer][0] if peer in self._peers else self._begin(peer)
            self._peers[peer] = (way, self._loop.time())
            way.send(data)

    def _begin(self, peer: Address) -> socket.socket:
        way = _datagrams()
        way.connect(self._target)
        self._loop.add_reader(way, self._answer, way, peer)
        return way

    def _answer(self, way: socket.socket, peer: Address) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendto(way.recv(_CHUNK), peer)
            self._peers[peer] = (way, self._loop.time())

    def _forget(self) -> None:
        now = self._loop.time()
        for peer, (way, heard) in list(self._peers.items()):
            if now - heard > _QUIET:
                del self._peers[peer]
                self._loop.remove_reader(way)
                way.close()


def _datagrams() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    return made


async def _listen(forward: str) -> Front | asyncio.Server:
    protocol, host, port, guest, there = forward.split(",")
    target = (guest, int(there))
    if protocol == "udp":
        return Front((host, int(port)), target)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _connection(target, reader, writer)

    return await asyncio.start_server(serve, host, int(port))


async def run(mark: int, forwards: list[str]) -> None:
    """Serve until the file with this process's number is gone.

    Whoever waits for the end of what this prints knows then that all ports are there.

    Args:
        mark: That file, open.
        forwards: As on the command line.
    """
    kept: list[object] = []
    for each in forwards:
        try:
            kept.append(await _listen(each))
        except OSError as error:
            raise OSError(error.errno, f"{each}: {os.strerror(error.errno or 0)}") from error
    os.truncate(mark, 0)
    os.write(mark, f"{os.getpid()}\n".encode())
    _give_up_root()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    while kept and os.fstat(mark).st_nlink:  # noqa: ASYNC110 - that it is gone is no event
        await asyncio.sleep(_LOOK)


def _give_up_root() -> None:
    """Go on as `nobody`: what is read here comes from machines."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)


def main(words: list[str]) -> str | None:
    """Begin, and return what is wrong; nothing when there is such a process already."""
    _, _, _, pid_file, *forwards = words
    mark = os.open(pid_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        asyncio.run(run(mark, forwards))
    except BlockingIOError:
        return None
    except OSError as error:
        return error.strerror or str(error)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
