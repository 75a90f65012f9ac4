"""Runs on a machine: try all peers at once, by ICMP echo and by TCP, within one time limit.

Arguments: seconds, TCP port, and the peers' addresses. Prints `KIND ADDRESS ok|no` lines. Needs
root for the raw socket (raw(7)) and nothing but Python's standard library.
"""

import os
import selectors
import socket
import struct
import sys
import time


def checksum(data):
    """Internet checksum (RFC 1071)."""
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def echo(number):
    """ICMP echo request (RFC 792)."""
    identifier = os.getpid() & 0xFFFF
    head = struct.pack("!BBHHH", 8, 0, 0, identifier, number)
    return struct.pack("!BBHHH", 8, 0, checksum(head), identifier, number)


def main():
    limit, port, peers = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    deadline = time.monotonic() + limit
    pinged, connected = set(), set()
    selector = selectors.DefaultSelector()
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    raw.setblocking(False)
    selector.register(raw, selectors.EVENT_READ)
    tries = {}

    def connect(peer):
        plug = socket.socket()
        plug.setblocking(False)
        plug.connect_ex((peer, port))
        selector.register(plug, selectors.EVENT_WRITE)
        tries[plug] = peer

    def send():
        for number, peer in enumerate(peers):
            if peer not in pinged:
                try:
                    raw.sendto(echo(number), (peer, 0))
                except OSError:
                    pass  # no route: counts as unreachable unless a later try gets through

    for peer in peers:
        connect(peer)
    send()
    again = time.monotonic() + 1
    while time.monotonic() < deadline and len(pinged) + len(connected) < 2 * len(peers):
        if time.monotonic() > again:
            send()
            again += 1
        for key, _ in selector.select(0.2):
            if key.fileobj is raw:
                packet, (peer, _) = raw.recvfrom(2048)
                reply = packet[(packet[0] & 15) * 4 :]
                if reply[0] == 0 and reply[4:6] == struct.pack("!H", os.getpid() & 0xFFFF):
                    pinged.add(peer)
            else:
                plug, peer = key.fileobj, tries.pop(key.fileobj)
                selector.unregister(plug)
                if plug.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                    connected.add(peer)
                plug.close()
    for peer in peers:
        print("ping", peer, "ok" if peer in pinged else "no")
        print("tcp", peer, "ok" if peer in connected else "no")


main()
