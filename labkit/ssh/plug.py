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
        """Return what was read before, or read; with flags, only ask the kernel."""
        if flags:
            return super().recv(bufsize, flags)
        ahead = self._ahead or super().recv(_AHEAD)
        self._ahead = ahead[bufsize:]
        return ahead[:bufsize]

    def close(self) -> None:
        """Wake whoever reads, and close."""
        with contextlib.suppress(OSError):  # it is not connected any more
            self.shutdown(socket.SHUT_RDWR)
        super().close()


def connect(host: str, port: int, timeout: float) -> Plug:
    """Connect, without waiting for acknowledgements (TCP_NODELAY), which paramiko never asks for.

    Raises:
        OSError: It did not work, or not within `timeout` seconds.
    """
    with socket.create_connection((host, port), timeout) as made:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plug = Plug(made.detach())
    plug.settimeout(timeout)
    return plug
