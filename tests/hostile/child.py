"""Read lab files in a process that can start no other one, open no socket and write no file.

`python -B child.py LIST` reads the files that LIST names, and prints one JSON document: what became
of each, and whether the guard really stands.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import traceback
from typing import Any

import invoke.exceptions

from labkit import __main__, errors, operations, secret
from labkit.lifecycle import context
from labkit.profiles import load as profiles
from labkit.render import vagrantfile
from labkit.report import plan as plan_report
from labkit.secrets import store
from labkit.spec import rules
from labkit.ssh import keyring, keys
from labkit.tasks import base

_ROOT = pathlib.Path(__file__).parents[2]
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_FORBIDDEN = (
    "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "os.startfile",
    "pty.", "socket.", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink",
    "os.chmod", "os.chown", "os.truncate", "shutil.", "ctypes.", "webbrowser.", "urllib.",
)  # fmt: skip
_seen: list[str] = []
_reading = False


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if not _reading:
        return
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING
    if writes or event.startswith(_FORBIDDEN):
        _seen.append(f"{event} {arguments!r:.200}")
        raise RuntimeError(f"the guard forbids {event}")


def _keys(machines: Any) -> keyring.Keyring:  # noqa: ANN401 - the plan's own type says it
    pair = keys.KeyPair(secret.Secret("PRIVATE\n"), "ssh-ed25519 AAAA x")
    hosts = {machine.name: pair for machine in machines}
    return keyring.Keyring(pair, pathlib.Path("login"), pair, hosts)


def _read(path: pathlib.Path) -> dict[str, object]:
    """Open a lab file, and render all that follows from it alone."""
    try:
        opened = context.open_lab(path)
    except errors.LabError as error:
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            base.complain(error)
        places = [[each.line, each.column] for each in getattr(error, "problems", ())]
        return {"code": int(error.exit_code), "message": str(error), "places": places}
    document = plan_report.document(opened.lab, opened.space)
    blind = store.Store(opened.lab.secrets, opened.folder, blind=True)
    machine = opened.lab.machines[0]
    found: dict[str, object] = {"code": 0, "plan": json.loads(json.dumps(document))}
    with contextlib.suppress(errors.LabError):  # a profile or a box that does not exist
        steps = profiles.steps(opened.lab, machine, _keys(opened.lab.machines), opened.shelf, blind)
        found["scripts"] = [step.operation.probe() for step in steps]
        found["kinds"] = [step.kind for step in steps]
    with contextlib.suppress(errors.LabError):
        found["vagrantfile"] = vagrantfile.render(opened.lab, _ROOT / "Vagrantfile.j2")
    return found


def _command_line(path: pathlib.Path) -> dict[str, object]:
    """Do the same as a person does."""
    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["labkit", "validate", "--file", str(path)]
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            __main__.main()
        except SystemExit as end:
            code = int(end.code or 0)
        except invoke.exceptions.Exit as end:
            code = end.code
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


def _timed(path: pathlib.Path, do: Any) -> dict[str, object]:  # noqa: ANN401 - one of two functions
    global _reading  # noqa: PLW0603 - an audit hook cannot be taken off again
    start = time.process_time()
    _reading = True
    try:
        found = do(path)
    except BaseException:  # noqa: BLE001 - whatever is no expected failure is a finding
        found = {"code": -1, "traceback": traceback.format_exc()}
    finally:
        _reading = False
    return {**found, "seconds": time.process_time() - start}


def _stands() -> list[str]:
    """Try what the guard forbids; return what it let through."""
    global _reading  # noqa: PLW0603 - as above
    attempts = {
        "a process": lambda: subprocess.run(["true"], check=False),
        "a program": lambda: os.posix_spawn("/bin/true", ["true"], {}),
        "a fork": os.fork,
        "a socket": socket.socket,
        "a file": lambda: pathlib.Path(os.devnull).write_text(""),
        "a folder": lambda: pathlib.Path(os.devnull, "x").mkdir(),
    }
    let: list[str] = []
    for name, attempt in attempts.items():
        _reading = True
        try:
            attempt()
        except RuntimeError:
            continue
        except OSError:
            pass
        finally:
            _reading = False
        let.append(name)
    return let


def main() -> None:
    """Read all files."""
    names = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    by_person = set(pathlib.Path(sys.argv[2]).read_text(encoding="utf-8").splitlines())
    # What is imported late is imported now: the guard is for what the files do.
    rules.names()
    operations.kinds()
    _command_line(_ROOT / "lab.yml")
    sys.addaudithook(_guard)
    found = {name: _timed(pathlib.Path(name), _read) for name in names}
    typed = {name: _timed(pathlib.Path(name), _command_line) for name in names if name in by_person}
    seen = list(_seen)
    print(json.dumps({"found": found, "typed": typed, "seen": seen, "let": _stands()}))  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
