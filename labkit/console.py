"""What a person sees while labkit works: a live table on a terminal, plain lines elsewhere.

Progress goes to stderr and results to stdout, so that `--format json` stays clean for programs.
Every line also goes to the run's log.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from typing import TYPE_CHECKING

import rich.console
import rich.live
import rich.markup
import rich.table

from labkit import log, visible
from labkit import wording as words

if TYPE_CHECKING:
    from collections.abc import Generator

_WIDTH = 120
"""Columns where there is no terminal to ask: logs are read in wide windows."""


def _console(*, stderr: bool) -> rich.console.Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _WIDTH
    return rich.console.Console(stderr=stderr, highlight=False, emoji=False, width=width)


out = _console(stderr=False)
err = _console(stderr=True)


class Progress:
    """Phases of machines, and what labkit waits for."""

    def __init__(self, console: rich.console.Console = err, *, noun: str = "machine") -> None:
        """Start the clock; `noun` is what the rows of the live table are about."""
        self._console, self._noun = console, noun
        self._start = time.monotonic()
        self._machines: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()
        self._live: rich.live.Live | None = None
        self.phases: dict[str, float] = {}
        """Seconds that each phase of the whole lab took."""

    @contextlib.contextmanager
    def watch(self) -> Generator[None]:
        """Show a live table while machines are worked on, where there is a terminal for it."""
        if not self._console.is_terminal:
            yield
            return
        live = rich.live.Live(
            get_renderable=self._table, console=self._console, refresh_per_second=4, transient=True
        )
        with live:
            yield

    @contextlib.contextmanager
    def phase(self, name: str) -> Generator[None]:
        """Time a phase of the whole lab."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.phases[name] = time.monotonic() - start

    def say(self, text: str) -> None:
        """Tell something about the lab as a whole."""
        self._print("", text)

    def tell(self, machine: str, text: str) -> None:
        """Tell what a machine is doing now."""
        with self._lock:
            self._machines[machine] = (text, time.monotonic())
        self._print(machine, text)

    def show(self, machine: str, text: str) -> None:
        """Show what goes on in the live table alone; where there is none, nobody is told."""
        with self._lock:
            self._machines[machine] = (text, time.monotonic())

    def end(self, machine: str, text: str) -> None:
        """Tell how it ended for a machine, and take it out of the live table."""
        with self._lock:
            self._machines.pop(machine, None)
        self._print(machine, text)

    def _print(self, machine: str, text: str) -> None:
        shown = visible.line(text)
        log.told(machine, shown)
        elapsed = time.monotonic() - self._start
        head = f"[dim]{elapsed:6.1f} s[/]"
        name = f" [bold]{rich.markup.escape(machine)}[/]:" if machine else ""
        self._console.print(f"{head}{name} {rich.markup.escape(shown)}", soft_wrap=True)

    def _table(self) -> rich.table.Table:
        table = rich.table.Table(box=None, pad_edge=False)
        table.add_column(self._noun, style="bold")
        table.add_column("for", justify="right")
        table.add_column("now", no_wrap=True)
        now = time.monotonic()
        with self._lock:
            rows = sorted(self._machines.items())
        for name, (text, since) in rows:
            table.add_row(name, f"{now - since:.0f} s", rich.markup.escape(visible.line(text)))
        return table


def wording(text: str) -> str:
    """Name tasks as the person at the keyboard types them: `labkit up`, `./lab up`, and so on."""
    return words.typed(text)


def has_terminal() -> bool:
    """Say whether a person can be asked something."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> bool:
    """Ask for yes or no; anything but yes is no."""
    err.print(f"{rich.markup.escape(question)} [y/N] ", end="")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
