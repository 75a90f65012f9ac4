"""`class.roster`."""

from __future__ import annotations

import datetime as dt
import platform
import re
import urllib.parse
from typing import TYPE_CHECKING

from labkit import console, errors, visible, workspace
from labkit.classroom import sheets
from labkit.explain import words
from labkit.report import save
from labkit.sheets import page, pdf
from labkit.tasks.classroom import _base

if TYPE_CHECKING:
    import pathlib

    import invoke.context

_FORMATS = (".html", ".pdf")
_SERVER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
"""A host's name (RFC 1123) or an address of IPv4."""


@_base.task(
    iterable=("only", "output"),
    output="write the sheets to this .html or .pdf file; may be repeated (default: sheets.html)",
    server="the name by which students reach this host (default: its own)",
    laptops="the labs are on the students' own computers",
    board="the address of the board, for labs on the students' own computers",
    secrets="write each student's private key and secrets on the sheet",
    lang="en or ja (LAB_LANG)",
)
def roster(
    _: invoke.context.Context,
    only: list[str],
    output: list[str],
    file: str = "",
    host: str = "",
    server: str = "",
    laptops: bool = False,
    board: str = "",
    secrets: bool = False,
    lang: str = "",
) -> None:
    """Write a sheet of paper for each student: which machines there are, and how to log in."""
    files = save.wanted(output or ["sheets.html"], _FORMATS, "sheets")
    language = words.language(lang)
    if any(path.suffix.lower() == ".pdf" for path in files):
        pdf.browser()
    asked = _asked(server, board, laptops=laptops, secrets=secrets)
    room = _base.open_class(file)
    students = _base.choose(room, only, host)
    found = [sheets.sheet(room, student, asked) for student in students]
    text = page.render(room.name, found, language, dt.datetime.now().astimezone().date())
    mode = 0o600 if secrets else 0o644
    for path in files:
        _write(path, text, mode)
        console.out.print(f"{len(found)} sheets: {path}", soft_wrap=True, markup=False)


def _write(path: pathlib.Path, text: str, mode: int) -> None:
    if path.suffix.lower() == ".pdf":
        pdf.write(path, text, mode=mode)
    else:
        workspace.write(path, text, mode=mode)


def _asked(server: str, board: str, *, laptops: bool, secrets: bool) -> sheets.Asked:
    name = server or platform.node()
    if not _SERVER.fullmatch(name):
        raise errors.LabError(
            f"'{visible.line(name)}' is no name of a server",
            hint="write the name or the address by which students reach it: --server lab.example",
        )
    address = urllib.parse.urlsplit(board)
    if board and not laptops:
        raise errors.LabError(
            "labs on this host are on the board without being told its address",
            hint="--board is for the students' own computers: add --laptops",
        )
    if board and (address.scheme != "http" or not re.fullmatch(r"[\w.:\[\]-]+", address.netloc)):
        raise errors.LabError(
            f"'{visible.line(board)}' is no address of a board",
            hint="'class.board' prints it, for example http://192.0.2.10:8080",
        )
    return sheets.Asked(name, laptops, f"http://{address.netloc}" if board else "", secrets)
