"""Runs on a machine: try all peers at once, by ICMP echo and by TCP, within one time limit.

Arguments: seconds, TCP port, and the peers' addresses. Prints `KIND ADDRESS ok|no` lines. Needs
root for the raw socket (raw(7)), Python 3.7 and nothing but its standard library.
"""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import socket
import struct
import sys
import time

_AGAIN = 1.0
"""Seconds after which a peer that has not answered is asked again."""
_IDENTIFIER = struct.pack("!H", os.getpid() & 0xFFFF)


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071) of an even number of bytes."""
    total = sum(word for (word,) in struct.iter_unpack("!H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def echo(number: int) -> bytes:
    """Return an ICMP echo request (RFC 792)."""
    rest = _IDENTIFIER + struct.pack("!H", number)
    return struct.pack("!BBH", 8, 0, checksum(b"\x08\x00\x00\x00" + rest)) + rest


class Peers:
    """The peers, and which of them have answered in which way."""

    def __init__(self, addresses: list[str], port: int) -> None:
        """Open the raw socket and begin all connections."""
        self.addresses = addresses
        self.answered: dict[str, set[str]] = {"ping": set(), "tcp": set()}
        self._selector = selectors.DefaultSelector()
        self._raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self._raw.setblocking(False)
        self._selector.register(self._raw, selectors.EVENT_READ)
        for address in addresses:
            plug = socket.socket()
            plug.setblocking(False)
            if plug.connect_ex((address, port)) in {0, errno.EINPROGRESS}:
                self._selector.register(plug, selectors.EVENT_WRITE, (plug, address))
            else:
                plug.close()  # no route; SO_ERROR would be 0, as after a success

    def ask(self) -> None:
        """Send an echo request to each peer that has not answered one."""
        for number, address in enumerate(self.addresses):
            if address not in self.answered["ping"]:
                # No route now; a later try may find one.
                with contextlib.suppress(OSError):
                    self._raw.sendto(echo(number), (address, 0))

    def listen(self, seconds: float) -> None:
        """Take what has come."""
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                self._echoed()
                continue
            plug, address = key.data
            self._selector.unregister(plug)
            if plug.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                self.answered["tcp"].add(address)
            plug.close()

    def _echoed(self) -> None:
        packet, (address, _) = self._raw.recvfrom(2048)
        reply = packet[(packet[0] & 15) * 4 :]
        if reply[:1] == b"\x00" and reply[4:6] == _IDENTIFIER:
            self.answered["ping"].add(address)

    def missing(self) -> bool:
        """Say whether an answer is still to come."""
        return any(len(got) < len(self.addresses) for got in self.answered.values())


def main() -> None:
    """Try until all have answered or the time is over."""
    deadline = time.monotonic() + float(sys.argv[1])
    peers = Peers(sys.argv[3:], int(sys.argv[2]))
    again = 0.0
    while peers.missing() and time.monotonic() < deadline:
        if time.monotonic() >= again:
            peers.ask()
            again = time.monotonic() + _AGAIN
        peers.listen(0.2)
    for address in peers.addresses:
        for way, got in peers.answered.items():
            print(way, address, "ok" if address in got else "no")


main()
