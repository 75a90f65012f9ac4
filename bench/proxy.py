"""A TCP proxy that makes the way to a machine long, narrow or broken.

It takes connections on 127.0.0.1 and hands them on to one machine. It runs in a thread of its own;
what it measures must therefore run in another process, or Python's lock would be measured too.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import random
import socket
import struct
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

HOST = "127.0.0.1"
_CHUNK = 1 << 16
_FOREVER = 3600.0
_SEGMENT = 1448
"""Bytes of one TCP segment over Ethernet, which is what gets lost."""
_RETRANSMISSION = 0.2
"""Seconds after which Linux sends a lost segment again at the earliest, beside the round trip."""


@dataclasses.dataclass(frozen=True, slots=True)
class Way:
    """What lies between; without arguments a good short way."""

    delay: float = 0.0
    """Seconds in one direction: half a round trip."""
    bandwidth: float = 0.0
    """Bytes a second in each direction; 0 for no limit."""
    loss: float = 0.0
    """The share of segments that get lost; each holds up all behind it until it is sent again."""
    seed: int = 0
    """From which segments are chosen to be lost."""
    reset_after: int = 0
    """Bytes of both directions together after which the connection is reset; 0 for never."""
    stall_after: int = 0
    """Bytes of both directions together after which nothing more passes, silently; 0 for never."""
    faulty: int = 1 << 30
    """How many connections, from the first on, are reset or stall; later ones are well."""

    def held_up(self, size: int, dice: random.Random) -> float:
        """Return the seconds by which losses hold up a piece of data, and all behind it."""
        segments = -(-size // _SEGMENT)
        lost = sum(dice.random() < self.loss for _ in range(segments)) if self.loss else 0
        return lost * (_RETRANSMISSION + 2 * self.delay)


@dataclasses.dataclass(slots=True)
class Traffic:
    """What went through; may be read while it does."""

    connections: int = 0
    turns: int = 0
    """How often the client spoke after it had heard something, and each connection itself: round
    trips, as far as each of its words waited for the machine's."""
    up: int = 0
    """Bytes to the machine."""
    down: int = 0
    """Bytes from the machine."""


@dataclasses.dataclass(frozen=True, slots=True)
class Proxy:
    """Where a running proxy listens, and what it has seen."""

    port: int
    traffic: Traffic


@contextlib.contextmanager
def between(host: str, port: int, way: Way) -> Generator[Proxy]:
    """Run a proxy to a machine until the block ends; then all its connections are cut."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="proxy", daemon=True)
    thread.start()
    traffic = Traffic()

    async def start() -> asyncio.Server:
        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            traffic.connections += 1
            traffic.turns += 1
            passage = _Passage(way, traffic, traffic.connections)
            # Cancelled at the end; asyncio's streams would complain of a task that ends so.
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await passage.carry(reader, writer, host, port)

        return await asyncio.start_server(take, HOST, 0)

    async def stop(server: asyncio.Server) -> None:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield Proxy(server.sockets[0].getsockname()[1], traffic)
    finally:
        asyncio.run_coroutine_threadsafe(stop(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Passage:
    """One connection on its way."""

    def __init__(self, way: Way, traffic: Traffic, number: int) -> None:
        self._way = way
        self._traffic = traffic
        self._dice = random.Random(way.seed + number)  # noqa: S311 - chance, not secrecy
        self._faulty = number <= way.faulty
        self._heard = True
        self._passed = 0
        self._stalled = False

    async def carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
    ) -> None:
        """Hand on all that both sides say, each thing at its time.

        The client has its connection at once, since the proxy is near. Over the real way it would
        have it a round trip later, and the machine half a one after that.
        """
        loop = asyncio.get_running_loop()
        connected = loop.time() + 2 * self._way.delay
        up, down = asyncio.Queue[tuple[float, bytes]](), asyncio.Queue[tuple[float, bytes]]()
        listening = asyncio.create_task(self._listen(reader, up, connected, down=False))
        answer: asyncio.StreamWriter | None = None
        try:
            await asyncio.sleep(connected + self._way.delay - loop.time())
            machine, answer = await asyncio.open_connection(host, port)
            await asyncio.gather(
                listening,
                self._tell(up, answer, down=False),
                self._listen(machine, down, 0.0, down=True),
                self._tell(down, writer, down=True),
            )
        except _ResetError:
            _reset(writer)
        finally:
            listening.cancel()
            for each in (writer, answer):
                if each is not None:
                    each.transport.abort()

    async def _listen(
        self,
        reader: asyncio.StreamReader,
        queue: asyncio.Queue[tuple[float, bytes]],
        earliest: float,
        *,
        down: bool,
    ) -> None:
        loop = asyncio.get_running_loop()
        arrives = 0.0
        while True:
            data = await reader.read(_CHUNK)
            self._count(data, down=down)
            sent = max(loop.time(), earliest)
            held_up = self._way.held_up(len(data), self._dice)
            # Nothing overtakes what was held up before it.
            arrives = max(arrives, sent + self._way.delay + held_up)
            queue.put_nowait((arrives, data))
            if not data:
                return

    async def _tell(
        self, queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter, *, down: bool
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            arrives, data = await queue.get()
            await asyncio.sleep(arrives - loop.time())
            if not data:
                writer.write_eof()
                return
            writer.write(self._break(data))
            await writer.drain()
            if self._stalled:
                # Until the proxy ends. Nobody holds an event that nobody will set, and a task that
                # waits for one would be thrown away.
                await asyncio.sleep(_FOREVER)
            if down:
                self._heard = True
            if self._way.bandwidth:
                await asyncio.sleep(len(data) / self._way.bandwidth)

    def _count(self, data: bytes, *, down: bool) -> None:
        if down:
            self._traffic.down += len(data)
            return
        self._traffic.up += len(data)
        if data and self._heard:
            self._traffic.turns += 1
            self._heard = False

    def _break(self, data: bytes) -> bytes:
        """Return what still reaches the other side.

        Raises:
            _ResetError: The connection ends here.
        """
        before, self._passed = self._passed, self._passed + len(data)
        if not self._faulty:
            return data
        if self._stalled:
            return b""
        if self._way.reset_after and self._passed >= self._way.reset_after:
            raise _ResetError
        if self._way.stall_after and self._passed >= self._way.stall_after:
            self._stalled = True
            return data[: self._way.stall_after - before]
        return data


class _ResetError(Exception):
    """The way ends with a reset."""


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN (socket(7), SO_LINGER)."""
    plug = writer.get_extra_info("socket")
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
