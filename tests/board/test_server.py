"""The board's server, asked by well and ill meaning clients over real sockets."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from labkit.board import roll, server
from tests.board import desks

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Generator

TOKEN = "token-of-the-test"  # noqa: S105 - nobody's


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def board(tmp_path: pathlib.Path, said: list[str]) -> Generator[server.Server]:
    desks.up(desks.space(tmp_path, desks.desk(tmp_path, "ann").student))
    students = [
        desks.desk(tmp_path, "ann", "<script>alert(1)</script>"),
        desks.desk(tmp_path, "far", local=False),
    ]
    labs = roll.Roll(students, tmp_path / "store")
    with server.Server(("127.0.0.1", 0), "k8s", labs, TOKEN, said.append) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def ask(
    board: server.Server,
    target: str = "/",
    method: str = "GET",
    body: bytes | None = None,
    **headers: str,
) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", board.server_port, timeout=30)
    with contextlib.closing(connection):
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, body, given)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()


def raw(board: server.Server, text: bytes) -> bytes:
    """Send bytes and return all that comes until the server hangs up."""
    with socket.create_connection(("127.0.0.1", board.server_port), timeout=30) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(text)
        found = b""
        with contextlib.suppress(OSError):
            while chunk := connection.recv(65536):
                found += chunk
        return found


def test_the_token_opens_the_page(board: server.Server) -> None:
    status, headers, _ = ask(board, f"/?token={TOKEN}")
    assert (status, headers["Location"]) == (303, "/")
    cookie = headers["Set-Cookie"]
    assert cookie == f"labkit-board={TOKEN}; HttpOnly; SameSite=Strict; Path=/"
    status, headers, text = ask(board, Cookie=cookie.partition(";")[0])
    assert status == 200
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script>alert" not in text
    assert "a token" not in text
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert policy.endswith("connect-src 'self'; frame-ancestors 'none'")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Server"] == "labkit"


@pytest.mark.parametrize(
    ("target", "cookie"),
    [
        ("/", ""),
        ("/?token=", ""),
        ("/?token=wrong", ""),
        (f"/?token={TOKEN}x", ""),
        ("/?token=%FF%00", ""),
        ("/", "labkit-board=wrong"),
        ("/", "labkit-board="),
        ("/", "other=1; ;;=\u00e9"),
    ],
)
def test_without_the_token_nothing_is_shown(board: server.Server, target: str, cookie: str) -> None:
    status, _, text = ask(board, target, Cookie=cookie)
    assert (status, text) == (403, "open the address that 'class.board' printed\n")


@pytest.mark.parametrize(
    "target", ["/../../etc/passwd", "/%2e%2e/etc/passwd", "/board.json", "//evil", "/events"]
)
def test_there_is_nothing_else(board: server.Server, target: str) -> None:
    status, _, text = ask(board, target, Cookie=f"labkit-board={TOKEN}")
    assert (status, text) == (404, "there is nothing here\n")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("", 421),
        ("[::1", 421),
        ("localhost:1", 200),
        ("127.0.0.1", 200),
        ("[::1]:80", 200),
        ("192.0.2.1:80", 200),
    ],
)
def test_another_sites_name_is_refused(board: server.Server, host: str, status: int) -> None:
    assert ask(board, Host=host, Cookie=f"labkit-board={TOKEN}")[0] == status


def test_events_are_taken(board: server.Server, tmp_path: pathlib.Path, said: list[str]) -> None:
    space = desks.space(tmp_path, "far")
    desks.up(space, "/etc/motd")
    body = b"".join(desks.lines(space))
    status, _, text = ask(board, "/events", "POST", body, Content_Type=server.TYPE)
    assert (status, json.loads(text)) == (200, {"accepted": 3, "seq": 3, "refused": ""})
    status, _, text = ask(board, "/events", "POST", body, Content_Type=server.TYPE)
    assert status == 409
    assert json.loads(text)["refused"] == "event 1 came before, 3 was the last one"
    assert said == ["refused an event of k8s--far: event 1 came before, 3 was the last one"]
    _, _, page = ask(board, Cookie=f"labkit-board={TOKEN}")
    assert "web-01 file: /etc/motd" in page


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": server.TYPE, "Origin": "http://evil.example"}, 415),
        ({"Content_Type": server.TYPE, "Content_Length": "-1"}, 411),
        ({"Content_Type": server.TYPE, "Content_Length": "1e3"}, 411),
        ({"Content_Type": server.TYPE, "Content_Length": "70000"}, 413),
        ({"Content_Type": server.TYPE, "Content_Length": "2"}, 400),
        ({"Content_Type": server.TYPE, "Host": "evil.example"}, 421),
    ],
)
def test_messages_that_are_refused(
    board: server.Server, headers: dict[str, str], status: int
) -> None:
    assert ask(board, "/events", "POST", b"{}", **headers)[0] == status


@pytest.mark.parametrize(
    "text",
    [
        b"GET / HTTP/1.0\r\n" + b"X: " + b"y" * 20_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.0\r\n" + b"".join(b"X%d: y\r\n" % each for each in range(2000)) + b"\r\n",
    ],
    ids=["a header", "an address", "many headers"],
)
def test_what_is_too_long_gets_no_page(board: server.Server, text: bytes) -> None:
    found = raw(board, text)
    assert not found.startswith(b"HTTP/1.0 200")
    assert b"<html" not in found


@pytest.mark.parametrize(
    "text", [b"\r\n\r\n", b"\x16\x03\x01\r\n\r\n", b"GET\r\n\r\n", b"X / HTTP/1.0\r\n\r\n"]
)
def test_what_is_no_request(board: server.Server, text: bytes) -> None:
    found = raw(board, text)
    assert b"<script" not in found
    assert b"200" not in found.split(b"\r\n")[0]
    assert ask(board)[0] == 403, "it still serves"


def test_a_slow_client_is_cut_off_and_holds_up_nobody(
    board: server.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_PATIENCE", 0.2)
    slow = socket.create_connection(("127.0.0.1", board.server_port), timeout=30)
    with slow:
        slow.sendall(b"GET / HTTP/1.0\r\nX: ")
        assert ask(board)[0] == 403
        # However it goes on, a byte now and then: its time is up.
        with contextlib.suppress(OSError):
            while True:
                slow.sendall(b"y")
                slow.settimeout(0.05)
                with contextlib.suppress(TimeoutError):
                    if not slow.recv(1024):
                        break


@pytest.fixture
def one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_CONNECTIONS", 1)


@pytest.mark.usefixtures("one_place")
def test_too_many_connections_are_turned_away(board: server.Server) -> None:
    with socket.create_connection(("127.0.0.1", board.server_port), timeout=30) as first:
        first.sendall(b"GET /")
        assert raw(board, b"GET / HTTP/1.0\r\n\r\n") == b""
        first.sendall(b" HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert first.recv(1024).startswith(b"HTTP/1.0 403")
