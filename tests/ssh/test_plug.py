"""A connection that reads ahead, at a real socket."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from labkit.ssh import plug

if TYPE_CHECKING:
    from collections.abc import Generator

Pair = tuple[plug.Plug, socket.socket]


@pytest.fixture
def pair() -> Generator[Pair]:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        plug.connect("127.0.0.1", server.getsockname()[1], 30.0) as near,
        server.accept()[0] as far,
    ):
        yield near, far


def test_nothing_is_lost_and_nothing_is_said_twice(pair: Pair) -> None:
    near, far = pair
    far.sendall(b"SSH-2.0\r\n")
    assert [near.recv(size) for size in (4, 2, 100)] == [b"SSH-", b"2.", b"0\r\n"]
    far.sendall(b"more")
    assert near.recv(100) == b"more"
    far.close()
    assert near.recv(100) == b""


def test_no_acknowledgement_is_waited_for(pair: Pair) -> None:
    assert pair[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_server_that_speaks_is_heard_from_its_first_word() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        said: list[bytes] = []

        def call() -> None:
            with plug.connect("127.0.0.1", server.getsockname()[1], 30.0, spoken=True) as near:
                said.append(near.recv(100))

        caller = threading.Thread(target=call)
        caller.start()
        with server.accept()[0] as far:
            far.sendall(b"SSH-2.0\r\n")
            caller.join()
    assert said == [b"SSH-2.0\r\n"]


def test_closing_wakes_who_reads(pair: Pair) -> None:
    near, _ = pair
    said: list[bytes] = []

    def read() -> None:
        with contextlib.suppress(OSError):  # it was closed before it was read from
            said.append(near.recv(1))

    reader = threading.Thread(target=read)
    reader.start()
    near.close()
    reader.join(25.0)  # the time limit of the connection is 30 s
    assert not reader.is_alive()
    assert said in ([b""], [])


def test_closing_twice(pair: Pair) -> None:
    pair[0].close()
    pair[0].close()


def test_a_connection_that_is_refused() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionRefusedError):
            plug.connect("127.0.0.1", probe.getsockname()[1], 30.0)
