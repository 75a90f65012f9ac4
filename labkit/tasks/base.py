"""How every task begins and ends: options, expected failures, signals, exit codes."""

from __future__ import annotations

import contextlib
import functools
import os
import pathlib
import sys
from typing import TYPE_CHECKING, Any, cast

import invoke.exceptions
import invoke.tasks
import rich.markup

from labkit import console, errors, signals, visible
from labkit import log as logs
from labkit.lifecycle import context
from labkit.tasks import optional as optionals
from labkit.workspace import files

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping

    from labkit import workspace

HELP = {
    "file": "the lab file (LAB_FILE; default: lab.yml)",
    "only": "this machine only; may be given several times (LAB_ONLY, separated by commas)",
    "tags": "steps with this tag only, separated by commas or given several times (LAB_TAGS)",
    "format": "table for people, json for programs (LAB_FORMAT)",
    "provider": "qemu, virtualbox, libvirt or vsphere, instead of the lab file's (LAB_PROVIDER)",
    "yes": "do not ask (LAB_YES=1)",
}
"""Help for the options that several tasks share."""


def task(
    *positional: str,
    iterable: tuple[str, ...] = (),
    optional: tuple[str, ...] = (),
    private: tuple[str, ...] = (),
    words: Mapping[str, str] = HELP,
    interrupted: str = "interrupted; 'lab.up' continues, 'lab.destroy' removes",
    **texts: str,
) -> Callable[..., Any]:
    """Make a function an Invoke task whose expected failures are a sentence, a hint and a code.

    Args:
        positional: Names of the positional arguments.
        iterable: Names of the options that may be given several times.
        optional: Names of those that may be left out, and are empty then (labkit.tasks.optional).
        private: Names of those whose values may hold secrets, and are not logged.
        words: Help for the options that tasks share, by name.
        interrupted: What to say after Ctrl-C.
        texts: Help for the task's own options, by name.
    """

    def decorate(body: Callable[..., None]) -> Any:  # noqa: ANN401 - Invoke's own type is not public
        @functools.wraps(body)
        def run(*args: object, **kwargs: object) -> None:
            try:
                with (
                    signals.once(),
                    _logged(body.__name__.rstrip("_"), _shown(kwargs, private)),
                    files.refusals(),
                ):
                    body(*args, **kwargs)
            except errors.LabError as error:
                if os.environ.get("LAB_DEBUG"):
                    raise
                complain(error)
                raise invoke.exceptions.Exit(code=error.exit_code) from None
            except KeyboardInterrupt:
                console.err.print(console.wording(interrupted))
                raise invoke.exceptions.Exit(code=errors.ExitCode.INTERRUPTED) from None

        names = set(body.__code__.co_varnames[: body.__code__.co_argcount])
        shared = {name: text for name, text in words.items() if name in names}
        # Invoke's Task is generic, but its own signatures leave the parameter out.
        make = cast("Any", invoke.tasks.task)  # pyright: ignore[reportUnknownMemberType]
        made = make(
            run,
            klass=optionals.Task,
            positional=list(positional),
            iterable=list(iterable),
            help={**shared, **texts},
            auto_shortflags=False,
        )
        made.spare = frozenset(optional)
        optionals.teach()
        return made

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
    return context.open_lab(lab_file(file), provider or os.environ.get("LAB_PROVIDER", ""))


def lab_file(file: str) -> pathlib.Path:
    """Return the lab file that the option `--file` names, else that of LAB_FILE."""
    return pathlib.Path(file or os.environ.get("LAB_FILE", "lab.yml"))


def chosen(given: list[str]) -> list[str]:
    """Return the machines of `--only`, else those of LAB_ONLY."""
    named = (name.strip() for name in os.environ.get("LAB_ONLY", "").split(","))
    return given or [name for name in named if name]


def listed(given: list[str]) -> list[str]:
    """Return the tags of `--tags`, else those of LAB_TAGS."""
    texts = given or [os.environ.get("LAB_TAGS", "")]
    return [tag.strip() for text in texts for tag in text.split(",") if tag.strip()]


def worst(results: Iterable[object]) -> errors.ExitCode:
    """Return the exit code of the first machine that failed; what is no expected failure is raised.

    Args:
        results: What `parallel.each` found: an exception, or anything else for a machine that did.
    """
    for each in results:
        if isinstance(each, errors.LabError):
            return each.exit_code
        if isinstance(each, Exception):
            raise each
    return errors.ExitCode.YES


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
    """Write what this run does to a log of the lab."""
    opened.space.make()
    begin_log(opened.space)


def begin_log(space: workspace.Workspace) -> None:
    """Do the same for a workspace, and make none where there is none."""
    if space.path.exists():
        logs.begin(space.logs)


@contextlib.contextmanager
def _logged(name: str, options: Mapping[str, object]) -> Generator[None]:
    """Let the log, once the task begins one, end with how the task ended."""
    logs.asked(name, options)
    try:
        yield
    except errors.LabError as error:
        logs.end(error.exit_code, error)
        raise
    except invoke.exceptions.Exit as end:
        logs.end(end.code)
        raise
    except KeyboardInterrupt:
        logs.end(errors.ExitCode.INTERRUPTED)
        raise
    except BaseException as error:
        logs.end(1, error)  # as Python itself ends
        raise
    logs.end(errors.ExitCode.YES)


def _shown(options: Mapping[str, object], private: tuple[str, ...]) -> dict[str, object]:
    """Return the options that were given; of what may be secret only that it was."""
    return {name: "***" if name in private else value for name, value in options.items() if value}


def on_machines(
    do: Callable[..., None], task: str, only: list[str], file: str, provider: str
) -> None:
    """Do something to the machines that the options name, while holding the lab."""
    opened = open_lab(file, provider)
    machines = opened.choose(chosen(only))
    with opened.hold(task):
        log(opened)
        do(opened, machines)


def leave(code: int) -> None:
    """End the run with an exit code; with zero, go on to its natural end."""
    if code:
        raise invoke.exceptions.Exit(code=code)
