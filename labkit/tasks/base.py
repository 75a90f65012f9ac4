"""How every task begins and ends: options, expected failures, signals, exit codes."""

from __future__ import annotations

import functools
import os
import pathlib
import signal
import sys
from typing import TYPE_CHECKING, Any, cast

import invoke.exceptions
import invoke.tasks
import rich.markup

from labkit import console, errors, visible
from labkit.lifecycle import context

if TYPE_CHECKING:
    import types
    from collections.abc import Callable

HELP = {
    "file": "the lab file (LAB_FILE; default: lab.yml)",
    "only": "this machine only; may be given several times (LAB_ONLY, separated by commas)",
    "format": "table for people, json for programs (LAB_FORMAT)",
    "provider": "qemu, virtualbox or libvirt, instead of the lab file's (LAB_PROVIDER)",
    "yes": "do not ask (LAB_YES=1)",
}
"""Help for the options that several tasks share."""


def task(*positional: str, iterable: tuple[str, ...] = (), **texts: str) -> Callable[..., Any]:
    """Make a function an Invoke task whose expected failures are a sentence, a hint and a code.

    Args:
        positional: Names of the positional arguments.
        iterable: Names of the options that may be given several times.
        texts: Help for the task's own options, by name.
    """

    def decorate(body: Callable[..., None]) -> Any:  # noqa: ANN401 - Invoke's own type is not public
        @functools.wraps(body)
        def run(*args: object, **kwargs: object) -> None:
            _signals()
            try:
                body(*args, **kwargs)
            except errors.LabError as error:
                if os.environ.get("LAB_DEBUG"):
                    raise
                complain(error)
                raise invoke.exceptions.Exit(code=error.exit_code) from None
            except KeyboardInterrupt:
                said = "interrupted; 'lab.up' continues, 'lab.destroy' removes"
                console.err.print(console.wording(said))
                raise invoke.exceptions.Exit(code=errors.ExitCode.INTERRUPTED) from None

        names = set(body.__code__.co_varnames[: body.__code__.co_argcount])
        shared = {name: text for name, text in HELP.items() if name in names}
        # Invoke's Task is generic, but its own signatures leave the parameter out.
        make = cast("Any", invoke.tasks.task)  # pyright: ignore[reportUnknownMemberType]
        return make(
            run,
            positional=list(positional),
            iterable=list(iterable),
            help={**shared, **texts},
            auto_shortflags=False,
        )

    return decorate


def complain(error: errors.LabError) -> None:
    """Show what happened, and what to do about it, on stderr."""
    text = rich.markup.escape(visible.lines(console.wording(error.message)))
    console.err.print(f"[red]error:[/] {text}", soft_wrap=True)
    if error.hint:
        hint = rich.markup.escape(visible.lines(console.wording(error.hint)))
        console.err.print(f"[yellow]hint:[/] {hint}", soft_wrap=True)


def open_lab(file: str, provider: str = "") -> context.Context:
    """Open the lab that the options name."""
    path = pathlib.Path(file or os.environ.get("LAB_FILE", "lab.yml"))
    return context.open_lab(path, provider or os.environ.get("LAB_PROVIDER", ""))


def chosen(given: list[str]) -> list[str]:
    """Return the machines of `--only`, else those of LAB_ONLY."""
    named = (name.strip() for name in os.environ.get("LAB_ONLY", "").split(","))
    return given or [name for name in named if name]


def wants_json(given: str) -> bool:
    """Say whether the output is for programs.

    Raises:
        errors.LabError: There is no such format.
    """
    name = given or os.environ.get("LAB_FORMAT", "table")
    if name not in {"table", "json"}:
        raise errors.LabError(
            f"there is no format '{visible.line(name)}'", hint="formats are table and json"
        )
    return name == "json"


def says_yes(given: bool) -> bool:
    """Say whether questions are answered with yes beforehand."""
    return given or os.environ.get("LAB_YES", "") not in {"", "0", "no"}


def remainder() -> list[str]:
    """Return the words after `--`, which Invoke leaves alone and this version does not hand on."""
    words = sys.argv
    return words[words.index("--") + 1 :] if "--" in words else []


def log(opened: context.Context) -> None:
    """Write what this run does to the lab's log."""
    opened.space.make()
    console.log_to(opened.space.log)


def on_machines(
    do: Callable[..., None], task: str, only: list[str], file: str, provider: str
) -> None:
    """Do something to the machines that the options name, while holding the lab."""
    opened = open_lab(file, provider)
    machines = opened.choose(chosen(only))
    with opened.space.lock(task):
        log(opened)
        do(opened, machines)


def leave(code: int) -> None:
    """End the run with an exit code; with zero, go on to its natural end."""
    if code:
        raise invoke.exceptions.Exit(code=code)


def _signals() -> None:
    """Let SIGTERM and SIGHUP end a run as cleanly as Ctrl-C does, and only once."""

    def stop(number: int, frame: types.FrameType | None) -> None:
        del frame
        signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)
