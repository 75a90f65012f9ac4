"""The first process beside a libvirtd of the tests: asks for the end of all others, and serves.

Daemons lose their parents, and libvirt takes a QEMU for running until somebody has asked for its
status. The server is a package mirror that has every file, with nothing in it: for machines that
reach nobody else.
"""

from __future__ import annotations

import http.server
import os
import threading
import time


class Mirror(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


server = http.server.ThreadingHTTPServer(("198.51.100.1", 80), Mirror)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("ready", flush=True)
while True:
    try:
        os.wait()
    except ChildProcessError:
        time.sleep(0.1)
