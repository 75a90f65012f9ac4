"""One event, and how it is written: signed, numbered, and bound to the one before. Pure.

A line is a JSON object (RFC 8259) of `event` and `signature`. The signature is Ed25519 (RFC 8032)
over the event in one way of writing: keys sorted, no blanks, ASCII. `previous` is the digest of the
event before in that writing, so that the last signature holds for all of them.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import json
import re
from typing import TYPE_CHECKING, cast

from cryptography.exceptions import InvalidSignature

from labkit import errors

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ed25519

LONGEST = 4096
"""Bytes of a line."""
TEXT = 200
"""Characters of a text in an event."""
_CHAIN = re.compile(r"[0-9a-f]{16}\Z")
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_LAB = re.compile(r"[a-z][a-z0-9-]{0,99}\Z")
_LAST = 1 << 40
"""Of numbers and of seconds."""


class RefusedError(errors.LabError):
    """An event is not what it claims to be, or comes at the wrong time."""


class Kind:
    """Kinds of events."""

    BEGIN = "begin"
    END = "end"
    REPORT = "report"


_KINDS = {
    Kind.BEGIN: {"task": str},
    Kind.END: {"task": str, "code": int},
    Kind.REPORT: {
        "ok": bool, "total": int, "failed": int, "machine": str, "check": str, "subject": str
    },
}  # fmt: skip
"""What an event of each kind says, and nothing else."""


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a lab."""

    lab: str
    chain: str
    """Sixteen hexadecimal digits, drawn when the lab was made; a lab made anew has others."""
    seq: int
    """Counts from 1 without a gap. Only this says what came first: clocks change."""
    previous: str
    """The digest of the event before; empty for the first one."""
    at: int
    """Seconds since 1970 by the clock of the lab's host, for people to read."""
    kind: str
    said: dict[str, str | int | bool]

    @property
    def bytes(self) -> bytes:
        """What is signed."""
        return json.dumps(
            dataclasses.asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=True
        ).encode()

    @property
    def digest(self) -> str:
        """What the next event says of this one."""
        return hashlib.sha256(self.bytes).hexdigest()


def write(event: Event, key: ed25519.Ed25519PrivateKey) -> bytes:
    """Return the event's line, with its end."""
    signature = base64.b64encode(key.sign(event.bytes)).decode()
    line = {"event": dataclasses.asdict(event), "signature": signature}
    return json.dumps(line, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def read(line: bytes) -> tuple[Event, bytes]:
    """Return a line's event and signature; whether that holds is asked by `check`.

    Raises:
        RefusedError: It is no event.
    """
    if len(line) > LONGEST:
        raise RefusedError(f"a line of more than {LONGEST} bytes")
    try:
        document = cast("dict[str, object]", json.loads(line))
        given = cast("dict[str, object]", document["event"])
        signature = base64.b64decode(str(document["signature"]), validate=True)
        event = Event(**given)  # type: ignore[arg-type]
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error):
        raise RefusedError("a line that is no event") from None
    if set(document) != {"event", "signature"} or not _is_sound(event):
        raise RefusedError("a line that is no event")
    return event, signature


def check(event: Event, signature: bytes, key: ed25519.Ed25519PublicKey) -> None:
    """Make sure that the key's owner signed the event.

    Raises:
        RefusedError: Somebody else did, or it was changed.
    """
    try:
        key.verify(signature, event.bytes)
    except InvalidSignature:
        raise RefusedError("the signature is not the student's") from None


def _is_sound(event: Event) -> bool:
    """Say whether every field is of its kind; what comes from elsewhere may be anything."""
    texts = (event.lab, event.chain, event.previous, event.kind)
    if not all(isinstance(each, str) for each in texts):  # pyright: ignore[reportUnnecessaryIsInstance]
        return False
    numbers = (event.seq, event.at)
    if not all(type(each) is int and 0 <= each <= _LAST for each in numbers) or event.seq < 1:
        return False
    if not (_LAB.match(event.lab) and _CHAIN.match(event.chain)):
        return False
    if bool(_DIGEST.match(event.previous)) != (event.seq > 1) or (
        event.seq == 1 and event.previous
    ):
        return False
    wanted = _KINDS.get(event.kind)
    said = event.said
    if wanted is None or not isinstance(said, dict) or set(said) != set(wanted):  # pyright: ignore[reportUnnecessaryIsInstance]
        return False
    return all(type(said[name]) is kind and _fits(said[name]) for name, kind in wanted.items())


def _fits(value: str | int) -> bool:
    return len(value) <= TEXT if isinstance(value, str) else 0 <= value <= _LAST
