"""Runs on a machine: try all peers at once, by ICMP echo and by TCP, within one time limit.

Arguments: seconds, TCP port, bytes of the largest packet, and the peers' addresses. Prints
`KIND ADDRESS ok|no` lines: ping is an echo as small as can be, full one of the largest packet that
nobody on the way may cut into pieces, tcp the answer to a connection's first packet. That answer
gets none, so the server never hears of it: sshd would begin a process for each peer. Needs root for
the raw sockets (raw(7)), Python 3.7 and nothing but its standard library.
"""

# It runs on machines, which have poll(2); the types are checked for hosts that lack it, too.
# pyright: reportAttributeAccessIssue=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

# `socket` and `selectors` are these two with more around them, and to load that takes an emulated
# machine longer than to reach its peers.
import _socket
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
_SYN, _SYN_ACK = 0x02, 0x12
"""Bits of a TCP header: a connection is asked for, and is granted (RFC 9293)."""
_SEQUENCE = time.monotonic_ns() & 0x7FFFFFFF
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


def syn(source: str, target: str, ports: tuple[int, int]) -> bytes:
    """Return a TCP header (RFC 9293) that asks for a connection, from one port to another one."""
    options = (5 << 4, _SYN, 64240)  # five words of header
    begin = struct.pack("!HHIIBBH", *ports, _SEQUENCE, 0, *options)
    pseudo = _socket.inet_aton(source) + _socket.inet_aton(target)
    pseudo += struct.pack("!HH", _socket.IPPROTO_TCP, len(begin) + 4)
    return begin + struct.pack("!HH", checksum(pseudo + begin), 0)


class Peers:
    """The peers, and which of them have answered in which way."""

    def __init__(self, addresses: list[str], port: int, largest: int) -> None:
        """Open the raw sockets."""
        self.addresses = addresses
        self.answered: dict[str, set[str]] = {"ping": set(), "full": set(), "tcp": set()}
        self._rest = largest - _HEADERS
        self._plain, self._whole = _icmp(_ONLY_REPLIES), _icmp(_NOTHING)
        self._whole.setsockopt(_socket.IPPROTO_IP, _MTU_DISCOVER, _PROBE)
        self._tcp = _raw(_socket.IPPROTO_TCP)
        self._mine = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        self._mine.bind(("", 0))  # so that nobody else gets the answers
        self._ports = self._mine.getsockname()[1], port
        self._poll = select.poll()
        self._poll.register(self._plain.fileno(), select.POLLIN)
        self._poll.register(self._tcp.fileno(), select.POLLIN)

    def ask(self) -> None:
        """Send what each peer has not answered, of the two echo requests the small one first."""
        for address in self.addresses:
            if address not in self.answered["ping"]:
                self._send(self._plain, address, 0)
            elif address not in self.answered["full"]:
                self._send(self._whole, address, self._rest)
            if address not in self.answered["tcp"]:
                self._connect(address)

    def _connect(self, address: str) -> None:
        way = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
        try:
            way.connect((address, self._ports[1]))
            packet = syn(way.getsockname()[0], address, self._ports)
            self._tcp.sendto(packet, (address, 0))
        except OSError:
            return  # no route; a later try may find one
        finally:
            way.close()

    def _send(self, plug: _socket.socket, address: str, size: int) -> None:
        try:
            plug.sendto(echo(self.addresses.index(address), size), (address, 0))
        except OSError:
            return  # no route, or too small a card; a later try may find it otherwise

    def listen(self, seconds: float) -> None:
        """Take what has come."""
        for number, _ in self._poll.poll(seconds * 1000):
            plug, take = (
                (self._tcp, self._granted)
                if number == self._tcp.fileno()
                else (self._plain, self._echoed)
            )
            try:
                while True:
                    packet, (address, _) = plug.recvfrom(1 << 16)
                    take(packet[(packet[0] & 15) * 4 :], address)
            except BlockingIOError:
                pass

    def _granted(self, header: bytes, address: str) -> None:
        here, there = self._ports
        ports, answer = struct.unpack("!HH", header[:4]), header[8:12]
        wanted = struct.pack("!I", _SEQUENCE + 1)
        if ports == (there, here) and answer == wanted and header[13] & _SYN_ACK == _SYN_ACK:
            self.answered["tcp"].add(address)

    def _echoed(self, reply: bytes, address: str) -> None:
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


def _raw(protocol: int) -> _socket.socket:
    plug = _socket.socket(_socket.AF_INET, _socket.SOCK_RAW, protocol)
    plug.setblocking(False)
    return plug


def _icmp(kinds: int) -> _socket.socket:
    plug = _raw(_socket.IPPROTO_ICMP)
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
