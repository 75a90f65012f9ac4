"""Runs on a machine: try all peers at once, by ICMP echo and by TCP, within one time limit.

Arguments: seconds, TCP port, bytes of the largest packet, and the peers' addresses. Prints
`KIND ADDRESS ok|no` lines: ping is an echo as small as can be, full one of the largest packet that
nobody on the way may cut into pieces. Needs root for the raw sockets (raw(7)), Python 3.7 and
nothing but its standard library.
"""

# It runs on machines, which have poll(2); the types are checked for hosts that lack it, too.
# pyright: reportAttributeAccessIssue=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

# `socket` and `selectors` are these two with more around them, and to load that takes an emulated
# machine longer than to reach its peers.
import _socket
import errno
import select
import struct
import sys
import time

_AGAIN = 1.0
"""Seconds after which a peer that has not answered is asked again."""
_IDENTIFIER = struct.pack("!H", time.monotonic_ns() >> 10 & 0xFFFF)
_ECHO = 8
"""Bytes of an echo that carries nothing (RFC 792)."""
_HEADERS = 20 + _ECHO
"""Bytes in a packet before what an echo carries; IP's own are 20 (RFC 791)."""
_MTU_DISCOVER, _PROBE = 10, 3
"""IP_MTU_DISCOVER and IP_PMTUDISC_PROBE (ip(7)), which Python does not name: never in pieces, and
whatever was heard of the path before."""
_RAW, _FILTER = 255, 1
"""SOL_RAW and ICMP_FILTER (raw(7)): the bits of the kinds of message that are not taken."""
_ONLY_REPLIES, _NOTHING = 0xFFFFFFFE, 0xFFFFFFFF


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071) of an even number of bytes."""
    total = sum(word for (word,) in struct.iter_unpack("!H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def echo(number: int, size: int) -> bytes:
    """Return an ICMP echo request (RFC 792) that carries some bytes, an even number of them."""
    rest = _IDENTIFIER + struct.pack("!H", number) + bytes(size)
    return struct.pack("!BBH", 8, 0, checksum(b"\x08\x00\x00\x00" + rest)) + rest


class Peers:
    """The peers, and which of them have answered in which way."""

    def __init__(self, addresses: list[str], port: int, largest: int) -> None:
        """Open the raw sockets and begin all connections."""
        self.addresses = addresses
        self.answered: dict[str, set[str]] = {"ping": set(), "full": set(), "tcp": set()}
        self._rest = largest - _HEADERS
        self._plain, self._whole = _icmp(_ONLY_REPLIES), _icmp(_NOTHING)
        self._whole.setsockopt(_socket.IPPROTO_IP, _MTU_DISCOVER, _PROBE)
        self._poll = select.poll()
        self._poll.register(self._plain.fileno(), select.POLLIN)
        self._plugs: dict[int, tuple[_socket.socket, str]] = {}
        for address in addresses:
            plug = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
            plug.setblocking(False)
            # With no route it fails at once, and SO_ERROR would be 0, as after a success.
            if plug.connect_ex((address, port)) in {0, errno.EINPROGRESS}:
                self._plugs[plug.fileno()] = plug, address
                self._poll.register(plug.fileno(), select.POLLOUT)

    def ask(self) -> None:
        """Send the echo request that each peer has not answered, the small one first."""
        for address in self.addresses:
            if address not in self.answered["ping"]:
                self._send(self._plain, address, 0)
            elif address not in self.answered["full"]:
                self._send(self._whole, address, self._rest)

    def _send(self, plug: _socket.socket, address: str, size: int) -> None:
        try:
            plug.sendto(echo(self.addresses.index(address), size), (address, 0))
        except OSError:
            return  # no route, or too small a card; a later try may find it otherwise

    def listen(self, seconds: float) -> None:
        """Take what has come."""
        for number, _ in self._poll.poll(seconds * 1000):
            if number not in self._plugs:
                self._echoed()
                continue
            plug, address = self._plugs.pop(number)
            self._poll.unregister(number)
            if plug.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR) == 0:
                self.answered["tcp"].add(address)
            plug.close()

    def _echoed(self) -> None:
        packet, (address, _) = self._plain.recvfrom(1 << 16)
        reply = packet[(packet[0] & 15) * 4 :]
        if reply[:1] != b"\x00" or reply[4:6] != _IDENTIFIER:
            return
        if len(reply) > _ECHO:
            self.answered["full"].add(address)
        elif address not in self.answered["ping"]:
            self.answered["ping"].add(address)
            self._send(self._whole, address, self._rest)

    def missing(self) -> bool:
        """Say whether an answer is still to come."""
        return any(len(got) < len(self.addresses) for got in self.answered.values())


def _icmp(kinds: int) -> _socket.socket:
    plug = _socket.socket(_socket.AF_INET, _socket.SOCK_RAW, _socket.IPPROTO_ICMP)
    plug.setblocking(False)
    plug.setsockopt(_RAW, _FILTER, struct.pack("=I", kinds))
    return plug


def main() -> None:
    """Try until all have answered or the time is over."""
    deadline = time.monotonic() + float(sys.argv[1])
    peers = Peers(sys.argv[4:], int(sys.argv[2]), int(sys.argv[3]))
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
