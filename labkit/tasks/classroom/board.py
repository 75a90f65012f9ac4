"""`class.board`."""

from __future__ import annotations

import ipaddress
import pathlib
import secrets
import time
from typing import TYPE_CHECKING

from labkit import console, errors, visible, workspace
from labkit.board import page, server
from labkit.classroom import desks
from labkit.tasks import base
from labkit.tasks.classroom import _base
from labkit.workspace import files

if TYPE_CHECKING:
    import invoke.context

    from labkit.board import roll
    from labkit.classroom import plan

_LAST_PORT = 65535


@_base.task(
    iterable=("only",),
    static="write the board into this folder as files, and serve nothing",
    bind="the address to listen on (default: 127.0.0.1, which only this host reaches)",
    port="the port to listen on (default: one that is free)",
)
def board(
    _: invoke.context.Context,
    only: list[str],
    file: str = "",
    static: str = "",
    bind: str = "127.0.0.1",
    port: int = 0,
) -> None:
    """Show how each student's lab stands, as a page that a server keeps up to date."""
    room = _base.open_class(file)
    labs = desks.every(room, base.chosen(only))
    if static:
        console.out.print(
            str(_write(room, labs, pathlib.Path(static))), soft_wrap=True, markup=False
        )
        return
    token = secrets.token_urlsafe(24)
    with _listen(room, labs, _address(bind, port), token) as made:
        host = f"[{bind}]" if ":" in bind else bind
        address = f"http://{host}:{made.server_port}"
        console.out.print(f"{address}/?token={token}", soft_wrap=True, markup=False)
        console.err.print(f"students' labs send to LAB_BOARD={address}; Ctrl-C ends the board",
                          soft_wrap=True, markup=False)  # fmt: skip
        made.serve_forever()


def _write(room: plan.Classroom, labs: roll.Roll, folder: pathlib.Path) -> pathlib.Path:
    """Write the page; it is for whoever is given it, and tells as much as a screen in the room."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise files.refusal(folder, error) from error
    path = folder / "index.html"
    workspace.write(
        path, page.render(room.name, labs.look(), made=time.time(), live=False), mode=0o644
    )
    return path


def _address(bind: str, port: int) -> tuple[str, int]:
    try:
        ipaddress.ip_address(bind)
    except ValueError:
        raise errors.LabError(
            f"'{visible.line(bind)}' is not an address to listen on",
            hint="write an IP address of this host, or 0.0.0.0 for all of them",
        ) from None
    if not 0 <= port <= _LAST_PORT:
        raise errors.LabError(f"{port} is not a port", hint=f"ports are 1 to {_LAST_PORT}")
    return bind, port


def _listen(
    room: plan.Classroom, labs: roll.Roll, address: tuple[str, int], token: str
) -> server.Server:
    def complain(text: str) -> None:
        console.err.print(visible.line(text), soft_wrap=True, markup=False)

    try:
        return server.Server(address, room.name, labs, token, complain)
    except OSError as error:
        raise errors.LabError(
            f"cannot listen on {address[0]} port {address[1]}: {error.strerror}",
            hint="choose another --port, or an address of this host for --bind",
        ) from None
