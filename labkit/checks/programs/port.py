"""Runs on a machine: try one TCP port. Arguments: seconds, address, port.

Prints `open`, or `closed` with the reason behind a colon. Python 3.7, its core alone.
"""

from __future__ import annotations

# `socket` is this one with more around it, and to load that takes long on an emulated machine.
import _socket
import sys

plug = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
plug.settimeout(float(sys.argv[1]))
try:
    plug.connect((sys.argv[2], int(sys.argv[3])))
except OSError as error:
    print(f"closed: {error}")
else:
    print("open")
