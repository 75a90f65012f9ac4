"""How the tasks are called by the person at the keyboard. Imports nothing that is slow."""

from __future__ import annotations

import os
import pathlib
import re
import sys


def command(text: str) -> str:
    """Name tasks as they are typed; one that is the whole text stands there without its quotes."""
    alone = re.fullmatch(r"'(lab\.[^']*)'", text)
    shown = typed(text)
    return shown[1:-1] if alone else shown


def typed(text: str) -> str:
    """Name tasks, in quotes, as they are typed: `labkit up`, `./lab up`, `invoke lab.up`.

    Those of a class keep their first word: `labkit class.up`, `./lab class.up`.
    """
    program = pathlib.PurePath(sys.argv[0])
    if os.environ.get("LAB_SCRIPT"):
        typed = "./lab "
    elif program.name in {"labkit", "labkit.exe"} or program.parent.name == "labkit":
        typed = "labkit "
    else:
        typed = "invoke lab."
    text = re.sub(r"'lab\.(?!yml)(?=[a-z])", f"'{typed}", text)
    return re.sub(r"'class\.(?!yml)(?=[a-z])", f"'{typed.removesuffix('lab.')}class.", text)
