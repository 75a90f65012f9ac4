"""Runs on a machine: GET an address. Arguments: seconds, address.

Prints the answer's status, or why there is none, then the first 64 KiB of its body. Proxies are
left aside: a lab's machines reach each other directly. Python 3.7 and its standard library.
"""

from __future__ import annotations

import sys
import urllib.error
import urllib.request

_MOST = 1 << 16

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    answer = opener.open(sys.argv[2], timeout=float(sys.argv[1]))
    status = answer.status
except urllib.error.HTTPError as error:  # an answer like any other
    status, answer = error.code, error
except (OSError, ValueError) as error:
    print(" ".join(str(error).split()))
    sys.exit()
with answer:
    print(status)
    print(answer.read(_MOST).decode(errors="replace"))
