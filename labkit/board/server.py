"""The board over HTTP: the page for who has the token, and a place where events are sent to.

The standard library's server, with what it lacks for a network: a limit for each of bytes, time and
connections. Every connection serves one request. What a page of another site could make a browser
do is refused: another name for this host (DNS rebinding), a form that is sent here, a frame.
"""

from __future__ import annotations

import contextlib
import hmac
import http.cookies
import http.server
import ipaddress
import json
import platform
import re
import socket
import socketserver
import sys
import threading
import time
import urllib.parse
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from labkit import errors
from labkit.board import page, roll
from labkit.events import model

if TYPE_CHECKING:
    import io
    from collections.abc import Callable

    _Address = tuple[str, int]

_HEAD = 16 << 10
"""Bytes of a request's line and headers."""
_PATIENCE = 15.0
"""Seconds that a whole request may take, from its connection to its end."""
_CONNECTIONS = 64
"""At the same time."""
_COOKIE = "labkit-board"
_LENGTH = re.compile("[0-9]{1,9}")
TYPE = "application/x-ndjson"
"""Of messages: a form of another site cannot send it without asking first (Fetch, CORS)."""


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """One board."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        address: _Address,
        name: str,
        labs: roll.Roll,
        token: str,
        complain: Callable[[str], None],
    ) -> None:
        """Listen; nothing is served before `serve_forever`.

        Args:
            address: Where to listen; port 0 is any that is free.
            name: The class's name.
            labs: Its labs.
            token: What opens the page.
            complain: Told of requests that are refused.
        """
        self.name, self.labs, self.token, self.complain = name, labs, token, complain
        self._places = threading.BoundedSemaphore(_CONNECTIONS)
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        """Bind without asking a name server for this host's name, as the parent does."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def process_request(self, request: object, client_address: object) -> None:
        """Serve a connection in a thread, unless there are too many already."""
        connection = cast("socket.socket", request)
        if not self._places.acquire(blocking=False):
            self.shutdown_request(connection)
            return
        try:
            super().process_request(connection, cast("_Address", client_address))
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: object, client_address: object) -> None:
        """Serve, and cut the connection when its time is up, however slowly it goes on."""
        connection = cast("socket.socket", request)
        end = threading.Timer(_PATIENCE, _cut, [connection])
        end.daemon = True
        end.start()
        try:
            super().process_request_thread(connection, cast("_Address", client_address))
        finally:
            end.cancel()
            self._places.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Go on; a connection that broke is nobody's fault but its own."""
        del request, client_address
        error = sys.exception()
        if not isinstance(error, OSError):
            self.complain(f"a request failed with {type(error).__name__}: {error}")

    def knows(self, host: str) -> bool:
        """Say whether a Host header names this host in a way that no other site can."""
        try:
            name = urllib.parse.urlsplit(f"//{host}").hostname or ""
            if name in {"localhost", platform.node().lower()}:
                return True
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


class Handler(http.server.BaseHTTPRequestHandler):
    """One request."""

    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]
    timeout = _PATIENCE

    def version_string(self) -> str:
        """Name the program, and neither its version nor Python's."""
        return "labkit"

    def setup(self) -> None:
        """Count what is read."""
        super().setup()
        self.rfile = _Limited(cast("io.BufferedReader", self.rfile), _HEAD)  # type: ignore[assignment]

    def do_GET(self) -> None:
        """Show the page to who has the token; a token in the address becomes a cookie."""
        if not self._is_asked_properly():
            return
        path, _, query = self.path.partition("?")
        if path != "/":
            self._say(HTTPStatus.NOT_FOUND, "there is nothing here")
            return
        given = dict(urllib.parse.parse_qsl(query)).get("token", "")
        if given and self._is_token(given):
            self.send_response(HTTPStatus.SEE_OTHER)
            cookie = f"{_COOKIE}={self.server.token}; HttpOnly; SameSite=Strict; Path=/"
            self.send_header("Set-Cookie", cookie)
            self.send_header("Location", "/")
            self._end(b"")
            return
        if not self._is_token(self._cookie()):
            self._say(HTTPStatus.FORBIDDEN, "open the address that 'class.board' printed")
            return
        rows = self.server.labs.look()
        text = page.render(self.server.name, rows, made=time.time(), live=True)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        policy = f"{page.policy(live=True)}; frame-ancestors 'none'"
        self.send_header("Content-Security-Policy", policy)
        self._end(text.encode())

    def do_POST(self) -> None:
        """Take events; who may send them is decided by their signatures."""
        if not self._is_asked_properly():
            return
        if self.path != "/events":
            self._say(HTTPStatus.NOT_FOUND, "there is nothing here")
            return
        if self.headers.get("Content-Type") != TYPE or self.headers.get("Origin"):
            self._say(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"events are sent as {TYPE}")
            return
        length = self.headers.get("Content-Length", "")
        if not _LENGTH.fullmatch(length):
            self._say(HTTPStatus.LENGTH_REQUIRED, "say how long it is")
            return
        if int(length) > roll.MESSAGE:
            self._say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {roll.MESSAGE} bytes")
            return
        self._take(int(length))

    def _take(self, length: int) -> None:
        limited = cast("_Limited", self.rfile)
        limited.left = length
        body = limited.read(length)
        if len(body) < length:
            return
        try:
            taken = self.server.labs.take(body)
        except model.RefusedError as error:
            self.server.complain(f"refused a message: {error.message}")
            self._say(HTTPStatus.BAD_REQUEST, error.message)
            return
        except errors.LabError as error:
            self.server.complain(error.message)
            self._say(HTTPStatus.INSUFFICIENT_STORAGE, "the board cannot keep it")
            return
        if taken.refused:
            self.server.complain(f"refused an event of {taken.lab}: {taken.refused}")
        answer = {"accepted": taken.accepted, "seq": taken.seq, "refused": taken.refused}
        self._say(HTTPStatus.CONFLICT if taken.refused else HTTPStatus.OK, json.dumps(answer))

    def _is_asked_properly(self) -> bool:
        hosts = self.headers.get_all("Host") or []
        if len(hosts) == 1 and self.server.knows(hosts[0]):
            return True
        self._say(HTTPStatus.MISDIRECTED_REQUEST, "ask by this host's address")
        return False

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self.server.token.encode())

    def _cookie(self) -> str:
        jar = http.cookies.SimpleCookie()
        with contextlib.suppress(http.cookies.CookieError):
            jar.load(self.headers.get("Cookie", ""))
        return jar[_COOKIE].value if _COOKIE in jar else ""

    def _say(self, status: HTTPStatus, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        self._end(f"{text}\n".encode())

    def _end(self, body: bytes) -> None:
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Say nothing of what was asked for, as the parent's page would."""
        del message, explain
        self.requestline, self.request_version = "", "HTTP/1.0"
        self.command = getattr(self, "command", None) or "GET"
        self._say(HTTPStatus(code), "this is not understood")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Write no log: an address may have a token in it."""


class _Limited:
    """A stream of which only so much is read."""

    def __init__(self, stream: io.BufferedReader, left: int) -> None:
        self._stream, self.left = stream, left

    def readline(self, size: int = -1) -> bytes:
        line = self._stream.readline(min(size if size >= 0 else self.left, self.left))
        self.left -= len(line)
        if not self.left:
            raise ConnectionAbortedError("a request with more headers than anybody needs")
        return line

    def read(self, size: int) -> bytes:
        return self._stream.read(min(size, self.left))

    def close(self) -> None:
        self._stream.close()

    @property
    def closed(self) -> bool:
        return self._stream.closed


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
