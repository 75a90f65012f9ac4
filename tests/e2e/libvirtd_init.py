"""The first process beside a libvirtd of the tests: asks for the end of all others, and serves.

Daemons lose their parents, and libvirt takes a QEMU for running until somebody has asked for its
status. For machines that reach nobody else there are a package mirror that has every file, with
nothing in it, and a name server by which all names are this host's.
"""

from __future__ import annotations

import http.server
import ipaddress
import os
import socketserver
import struct
import threading
import time

ADDRESS = "198.51.100.1"


class Mirror(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


class Names(socketserver.BaseRequestHandler):
    """A name server (RFC 1035): every name has this address, and nothing else."""

    def handle(self) -> None:
        asked, plug = self.request
        end = asked.index(b"\0", 12) + 5  # behind the name, its type and its class
        (kind,) = struct.unpack("!H", asked[end - 4 : end - 2])
        found = [ipaddress.IPv4Address(ADDRESS).packed] if kind == 1 else []  # A
        head = struct.pack("!2sHHHHH", asked[:2], 0x8180, 1, len(found), 0, 0)
        answers = (struct.pack("!HHHLH4s", 0xC00C, 1, 1, 60, 4, each) for each in found)
        plug.sendto(head + asked[12:end] + b"".join(answers), self.client_address)


for server in (
    http.server.ThreadingHTTPServer((ADDRESS, 80), Mirror),
    socketserver.ThreadingUDPServer((ADDRESS, 53), Names),
):
    threading.Thread(target=server.serve_forever, daemon=True).start()
print("ready", flush=True)
while True:
    try:
        os.wait()
    except ChildProcessError:
        time.sleep(0.1)
