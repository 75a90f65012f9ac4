"""The proxy, against a real server on this machine."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from bench import proxy

if TYPE_CHECKING:
    from collections.abc import Generator


@contextlib.contextmanager
def echo() -> Generator[int]:
    """Run a server that sends back what it hears, for one connection after the other."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    plug, _ = server.accept()
                    with plug, contextlib.suppress(OSError):
                        while data := plug.recv(1 << 16):
                            plug.sendall(data)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(5)


@contextlib.contextmanager
def through(way: proxy.Way) -> Generator[tuple[proxy.Proxy, socket.socket]]:
    with (
        echo() as port,
        proxy.between("127.0.0.1", port, way) as between,
        socket.create_connection((proxy.HOST, between.port), 10) as plug,
    ):
        yield between, plug


def dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - chance, not secrecy


def ask(plug: socket.socket, text: bytes) -> bytes:
    plug.sendall(text)
    heard = b""
    while len(heard) < len(text):
        data = plug.recv(1 << 16)
        if not data:
            break
        heard += data
    return heard


def test_everything_passes_and_is_counted() -> None:
    text = dice(1).randbytes(1 << 20)
    with through(proxy.Way()) as (between, plug):
        plug.settimeout(10)
        sender = threading.Thread(target=plug.sendall, args=(text,))
        sender.start()
        heard = b""
        while len(heard) < len(text):
            heard += plug.recv(1 << 16)
        sender.join()
        assert heard == text
        traffic = between.traffic
        assert (traffic.connections, traffic.up, traffic.down) == (1, len(text), len(text))


def test_a_connection_and_each_question_take_a_round_trip() -> None:
    delay = 0.05
    with through(proxy.Way(delay=delay)) as (between, plug):
        start = time.monotonic()
        for number in range(3):
            assert ask(plug, b"%d" % number) == b"%d" % number
        # A busy host makes it longer; that there is no fifth turn is in the count.
        assert time.monotonic() - start >= 4 * 2 * delay
        assert between.traffic.turns == 4


def test_what_is_said_at_once_is_one_turn() -> None:
    # The answer to the first one comes after four times the delay, also on a busy host.
    with through(proxy.Way(delay=0.1)) as (between, plug):
        plug.sendall(b"a")
        time.sleep(0.01)
        assert ask(plug, b"b")
        assert between.traffic.turns == 2


def test_a_reset_cuts_the_first_connections_only() -> None:
    way = proxy.Way(reset_after=10, faulty=1)
    with echo() as port, proxy.between("127.0.0.1", port, way) as between:
        address = (proxy.HOST, between.port)
        with socket.create_connection(address, 10) as plug:
            assert ask(plug, b"well") == b"well"
            with pytest.raises(ConnectionResetError):
                ask(plug, b"too much by far")
        with socket.create_connection(address, 10) as plug:
            assert ask(plug, b"this is well again") == b"this is well again"


def test_a_stall_lets_some_pass_and_then_says_nothing() -> None:
    with through(proxy.Way(stall_after=10)) as (_, plug):
        plug.sendall(b"sixsix")
        plug.settimeout(5)
        assert plug.recv(10) == b"sixs"
        plug.settimeout(0.2)
        with pytest.raises(TimeoutError):
            plug.recv(10)


def test_the_band_is_as_narrow_as_asked_for() -> None:
    text = b"x" * 20_000
    with through(proxy.Way(bandwidth=100_000)) as (_, plug):
        start = time.monotonic()
        assert ask(plug, text) == text
        assert ask(plug, b"y") == b"y"
        assert time.monotonic() - start >= 0.2


@pytest.mark.parametrize(("loss", "held_up"), [(0.0, 0.0), (1.0, 2 * (0.2 + 0.1))])
def test_a_lost_segment_comes_after_a_retransmission(loss: float, held_up: float) -> None:
    way = proxy.Way(delay=0.05, loss=loss)
    assert way.held_up(1449, dice(1)) == pytest.approx(held_up)


def test_losses_are_the_same_for_the_same_seed_and_about_as_many_as_asked_for() -> None:
    way = proxy.Way(loss=0.1)
    found = [[way.held_up(1448, dice(seed)) for _ in range(1)] for seed in range(2)]
    assert found == [[way.held_up(1448, dice(seed))] for seed in range(2)]
    third = dice(3)
    lost = sum(way.held_up(1448, third) > 0 for _ in range(2000))
    assert 150 < lost < 250
