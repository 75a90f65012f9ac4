"""A TCP connection as SSH uses it: many small things are read, and soon."""

from __future__ import annotations

import contextlib
import socket

_AHEAD = 1 << 16


class Plug(socket.socket):
    """Reads ahead: paramiko asks for the head of each packet, then for the rest of it.

    Each question to the kernel also lets other threads take their turn, which costs more than the
    answer. Closing ends the connection also for a thread that is reading from it.
    """

    def __init__(self, number: int) -> None:
        """Take over a file descriptor."""
        super().__init__(fileno=number)
        self._ahead = b""

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Return what was read before, or read."""
        ahead = self._ahead or super().recv(_AHEAD, flags)
        self._ahead = ahead[bufsize:]
        return ahead[:bufsize]

    def close(self) -> None:
        """Wake whoever reads, and close."""
        with contextlib.suppress(OSError):  # it is not connected any more
            self.shutdown(socket.SHUT_RDWR)
        super().close()


def connect(host: str, port: int, timeout: float, *, spoken: bool = False) -> Plug:
    """Connect, without waiting for acknowledgements (TCP_NODELAY), which paramiko never asks for.

    Args:
        host: A name or an address.
        port: Where something listens.
        timeout: Seconds that it may take.
        spoken: Whether to wait until the server has said something. A port forward accepts before
            the machine behind it listens. Only the banner (RFC 4253, section 4.2) shows that a
            server is there, and a new try finds it sooner than waiting. It costs a round trip,
            since the client's own banner would travel meanwhile.

    Raises:
        OSError, EOFError: It did not work, or not within `timeout` seconds.
    """
    with socket.create_connection((host, port), timeout) as made:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if spoken and not made.recv(1, socket.MSG_PEEK):
            raise EOFError("closed at once")
        plug = Plug(made.detach())
    plug.settimeout(timeout)
    return plug
