"""What is known of each lab of a class: events from its folder, and events that were sent."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from typing import TYPE_CHECKING

from labkit import errors
from labkit.events import chain, log, model
from labkit.workspace import files

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterable, Sequence

    from cryptography.hazmat.primitives.asymmetric import ed25519

    from labkit.events import standing

LARGEST = 4 << 20
"""Bytes of one lab's events; a lab that is worked on all day writes a hundredth of it."""
_AT_ONCE = 64
"""Events that one message may bring."""
MESSAGE = _AT_ONCE * 1024
"""Bytes of a message."""


@dataclasses.dataclass(frozen=True, slots=True)
class Desk:
    """One student's place."""

    student: str
    display: str
    lab: str
    key: ed25519.Ed25519PublicKey
    """Whose signature is believed."""
    space: pathlib.Path | None = None
    """The lab's folder, where there is one on this host."""


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One student on the board."""

    desk: Desk
    standing: standing.Standing
    alarm: str
    """Why the events of the lab's folder are not believed; empty when they are."""


@dataclasses.dataclass(frozen=True, slots=True)
class Taken:
    """What became of a message."""

    lab: str
    accepted: int
    seq: int
    """The last event of the lab that is known."""
    refused: str = ""
    """Why the next one was refused."""


class Roll:
    """All labs of a class; methods may be called by several threads."""

    def __init__(self, desks: Iterable[Desk], store: pathlib.Path) -> None:
        """Remember the labs, and read what an earlier board has kept.

        Args:
            desks: The students' places.
            store: A folder of the board's own, in which all that was believed is kept: whatever
                is taken away from a lab's folder afterwards is then missed.

        Raises:
            errors.LabError: The disk does not take the folder.
        """
        self._desks = {desk.lab: desk for desk in desks}
        self._store = store
        self._states = dict.fromkeys(self._desks, chain.State())
        self._alarms: dict[str, str] = {}
        self._seen: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()
        try:
            store.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise files.refusal(store, error) from error
        for lab, desk in self._desks.items():
            state, _, _ = _follow(chain.State(), _lines(self._kept(lab)), desk.key)
            self._states[lab] = state

    def look(self) -> Sequence[Row]:
        """Read what labs on this host have written since the last time, and return all."""
        with self._lock:
            for desk in self._desks.values():
                self._read(desk)
            return [
                Row(desk, self._states[lab].standing, self._alarms.get(lab, ""))
                for lab, desk in self._desks.items()
            ]

    def take(self, body: bytes) -> Taken:
        """Take a message: lines of one lab.

        Raises:
            model.RefusedError: It is no such message, or of no lab of the class.
        """
        lines = body.splitlines()
        if not lines or len(lines) > _AT_ONCE or len(body) > MESSAGE:
            raise model.RefusedError(f"a message has 1 to {_AT_ONCE} events")
        labs = {model.read(line)[0].lab for line in lines}
        desk = self._desks.get(labs.pop()) if len(labs) == 1 else None
        if desk is None:
            raise model.RefusedError("a message is of one lab of this class")
        with self._lock:
            accepted, refused = self._accept(desk, lines)
            return Taken(desk.lab, accepted, self._states[desk.lab].seq, refused)

    def _accept(self, desk: Desk, lines: Sequence[bytes]) -> tuple[int, str]:
        state, good, refused = _follow(self._states[desk.lab], lines, desk.key)
        if good:
            path = self._kept(desk.lab)
            if path.exists() and path.stat().st_size > LARGEST:
                return 0, "the board keeps no more events of this lab"
            try:
                with path.open("ab") as file:
                    file.write(b"".join(line + b"\n" for line in good))
            except OSError as error:
                raise files.refusal(path, error) from error
            self._states[desk.lab] = state
        return len(good), refused

    def _read(self, desk: Desk) -> None:
        """Read a lab's own file, unless it is as it was."""
        if desk.space is None:
            return
        path = desk.space / log.NAME
        try:
            info = path.stat()
        except OSError:
            self._seen.pop(desk.lab, None)
            self._alarms.pop(desk.lab, None)
            # What was here was destroyed, and is history; what was sent is of a lab elsewhere.
            if self._was_here(desk.lab).exists():
                self._was_here(desk.lab).unlink()
                state = self._states[desk.lab]
                gone = state.past | {state.chain}
                self._states[desk.lab] = chain.State(past=gone)
            return
        mark = (info.st_mtime_ns, info.st_size)
        if self._seen.get(desk.lab) == mark:
            return
        self._seen[desk.lab] = mark
        self._was_here(desk.lab).touch()
        self._alarms[desk.lab] = self._compare(desk, _lines(path))

    def _compare(self, desk: Desk, lines: Sequence[bytes]) -> str:
        """Accept what is new in a lab's own file; say what is wrong with it."""
        state = self._states[desk.lab]
        new: list[bytes] = []
        last = 0
        for line in lines:
            with contextlib.suppress(model.RefusedError):  # a crash cut it off
                event, _ = model.read(line)
                if event.lab != desk.lab:
                    return "the file holds events of another lab"
                if event.chain == state.chain:
                    last = max(last, event.seq)
                    if event.seq <= state.seq:
                        continue
                new.append(line)
        if not new and last < state.seq:
            return f"events {last + 1} to {state.seq} were taken away"
        _, refused = self._accept(desk, new) if new else (0, "")
        return refused

    def _was_here(self, lab: str) -> pathlib.Path:
        return self._store / f"{lab}.here"

    def _kept(self, lab: str) -> pathlib.Path:
        return self._store / f"{lab}.jsonl"


def _lines(path: pathlib.Path) -> list[bytes]:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST).splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise errors.LabError(f"{path} cannot be read: {error.strerror}") from error


def _follow(
    state: chain.State, lines: Sequence[bytes], key: ed25519.Ed25519PublicKey
) -> tuple[chain.State, list[bytes], str]:
    """Return the state after the lines that are good, those lines, and why the next is not.

    Each event names the one before by its digest, so a good signature of the last one holds for
    all: one is asked for, and only when it is bad each one.
    """
    found: list[tuple[chain.State, bytes, model.Event, bytes]] = []
    refused = ""
    for line in lines:
        try:
            event, signature = model.read(line)
            before = found[-1][0] if found else state
            found.append((chain.follow(before, event), line, event, signature))
        except model.RefusedError as error:
            refused = error.message
            break
    while found:
        now, _, event, signature = found[-1]
        try:
            model.check(event, signature, key)
        except model.RefusedError as error:
            refused = error.message
            found.pop()
        else:
            return now, [line for _, line, _, _ in found], refused
    return state, [], refused
