"""Send a lab's events to the teacher's board, for labs that are on a student's own computer."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import urllib.parse
from typing import TYPE_CHECKING, cast

from labkit import errors, visible, workspace
from labkit.events import log, model

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Sequence

_TIMEOUT = 5.0
"""Seconds that the board may take; whoever waits is a student."""
_AT_ONCE = 50
_ANSWER = 4096
"""Bytes of an answer that are read."""
_TYPE = "application/x-ndjson"


def send(space: workspace.Workspace, narrate: Callable[[str], None]) -> None:
    """Send what LAB_BOARD, an address, has not had yet; where that fails it is sent next time.

    Raises:
        errors.LabError: LAB_BOARD is no address.
    """
    given = os.environ.get("LAB_BOARD", "")
    path = space.path / log.NAME
    if not given or not path.exists():
        return
    address = urllib.parse.urlsplit(given)
    if address.scheme != "http" or not address.hostname:
        raise errors.LabError(
            f"LAB_BOARD is no address of a board: '{visible.line(given)}'",
            hint="'class.board' prints it, for example http://192.0.2.10:8080",
        )
    try:
        _all(path, address.hostname, address.port or 80)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = visible.line(str(error) or type(error).__name__)
        narrate(f"the teacher's board was not told: {reason}; it is told next time")


def _all(path: pathlib.Path, host: str, port: int) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    left = _unsent(lines, _acknowledged(path))
    while left:
        before = len(left)
        seq, refused = _post(left[:_AT_ONCE], host, port)
        chain = model.read(left[0])[0].chain
        workspace.write(_mark(path), json.dumps({"chain": chain, "seq": seq}))
        left = _unsent(left, (chain, seq))
        if refused and len(left) == before:
            raise OSError(f"it says '{refused}'")


def _post(lines: Sequence[bytes], host: str, port: int) -> tuple[int, str]:
    """Send lines; return the last one that the board knows, and why it refused the next."""
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
    with contextlib.closing(connection):
        connection.request("POST", "/events", b"".join(lines), {"Content-Type": _TYPE})
        answer = connection.getresponse()
        text = answer.read(_ANSWER)
        if answer.status not in {http.client.OK, http.client.CONFLICT}:
            raise OSError(f"it says '{text.decode(errors='replace').strip()}'")
        said = cast("dict[str, object]", json.loads(text))
        return int(str(said["seq"])), str(said["refused"])


def _unsent(lines: Sequence[bytes], known: tuple[str, int]) -> list[bytes]:
    found: list[bytes] = []
    for line in lines:
        with contextlib.suppress(model.RefusedError):  # a crash cut it off
            event, _ = model.read(line)
            if event.chain != known[0] or event.seq > known[1]:
                found.append(line)
    return found


def _acknowledged(path: pathlib.Path) -> tuple[str, int]:
    try:
        said = json.loads(_mark(path).read_bytes())
        return str(said["chain"]), int(said["seq"])
    except (OSError, ValueError, KeyError, TypeError):
        return "", 0


def _mark(path: pathlib.Path) -> pathlib.Path:
    return path.with_name("events.sent")
