# ruff: noqa: INP001
"""Make the pictures of the documentation from real output: `python docs/pictures/make.py`.

Runs labkit in a new lab folder, boots its four machines once, breaks one thing, and removes the
lab again. Each picture is an SVG file beside this one. With names as arguments, only those
pictures are made, and the machines are booted only when one of them needs it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import io
import os
import pathlib
import pty
import re
import shlex
import shutil
import struct
import subprocess
import sys
import termios
from typing import TYPE_CHECKING

import rich.console
import rich.text

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = pathlib.Path(__file__).parent
REPOSITORY = HERE.parents[1]
FOLDER = pathlib.Path("/tmp/first")  # noqa: S108 - a short path that says nothing of this machine
COLUMNS, LINES = 110, 60
WIDTH = 12.2
"""Of a letter in rich's drawing."""
ADVANCE = 0.60205
"""Of a letter in DejaVu Sans Mono and Menlo, as a part of the font's size."""
WRONG = (
    ("  memory:", "  memmory:"),
    ("hostonly: 192.168.56.62", "hostonly: 192.168.57.62"),
    ("hostonly: 192.168.56.63", "hostonly: 192.168.56.61"),
    ("roles: [master]", "roles: [mastr]"),
    ("image: debian-12", "image: debain-12"),
)
BREAK = "sed -i s/192.168.56.61/192.168.56.99/ /etc/hosts; timedatectl set-timezone Asia/Tokyo"


@dataclasses.dataclass(frozen=True)
class Picture:
    """A command, and how its output is shown."""

    words: tuple[str, ...]
    progress: int | None = None
    """Show this many of the last lines on stderr; None: stderr is the terminal too."""
    machines: bool = False
    """The machines have to run."""
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])


PICTURES = {
    "plan": Picture(("plan",)),
    "validate": Picture(("validate", "--file", "wrong.yml")),
    # The folder of the user who makes the pictures is nobody's business.
    "doctor": Picture(("doctor",), environment={"LAB_CACHE": "/tmp/cache"}),  # noqa: S108
    "up": Picture(("up",), progress=8, machines=True),
    "status": Picture(("status",), machines=True),
    "verify": Picture(("verify", "--only", "k8s-minion-01"), progress=0, machines=True),
}


def main() -> None:
    """Make the pictures that are named, or all."""
    chosen = sys.argv[1:] or list(PICTURES)
    if FOLDER.exists():
        sys.exit(f"{FOLDER} is there already; these pictures need a folder of their own")
    labkit("init", str(FOLDER), folder=FOLDER.parent)
    try:
        write_wrong()
        for name in PICTURES:
            if name in chosen or (name == "up" and any(PICTURES[each].machines for each in chosen)):
                make(name, keep=name in chosen)
    finally:
        labkit("destroy", "--yes")
        shutil.rmtree(FOLDER)


def write_wrong() -> None:
    """Write a lab file with several mistakes."""
    text = (FOLDER / "lab.yml").read_text(encoding="utf-8")
    for right, wrong in WRONG:
        text = text.replace(right, wrong)
    (FOLDER / "wrong.yml").write_text(text, encoding="utf-8")


def make(name: str, *, keep: bool) -> None:
    """Run a picture's command and write its SVG."""
    picture = PICTURES[name]
    if name == "verify":
        labkit("exec", BREAK, "--only", "k8s-minion-01")
    shown = run(picture)
    if keep:
        draw(f"labkit {shlex.join(picture.words)}", shown, HERE / f"{name}.svg")


def run(picture: Picture) -> str:
    """Run labkit in a terminal of its own; return what the terminal showed."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    live = picture.progress is not None
    process = subprocess.Popen(
        [sys.executable, "-m", "labkit", *picture.words],
        cwd=FOLDER,
        env=environment(picture.environment),
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=subprocess.PIPE if live else terminal,
    )
    os.close(terminal)
    told = process.stderr.read().decode() if process.stderr else ""
    shown = read(controller)
    process.wait()
    last = told.splitlines()[-picture.progress :] if picture.progress else []
    return "\n".join([*last, shown])


def read(controller: int) -> str:
    """Read what the terminal shows until nobody writes to it any more."""
    found = bytearray()
    with contextlib.suppress(OSError):  # Linux' way to say that a terminal's other end is closed
        while chunk := os.read(controller, 65536):
            found += chunk
    os.close(controller)
    return found.decode().replace("\r\n", "\n")


def labkit(*words: str, folder: pathlib.Path = FOLDER) -> None:
    """Run labkit without showing it; its complaints are ours."""
    command = [sys.executable, "-m", "labkit", *words]
    env = environment({})
    subprocess.run(
        command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=True
    )


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a person's terminal, without that person's own settings."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("LAB_")}
    own = {"TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "PYTHONPATH": str(REPOSITORY)}
    return {**plain, **own, **more}


def draw(command: str, shown: str, path: pathlib.Path) -> None:
    """Draw a command and its output as a terminal."""
    console = rich.console.Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(rich.text.Text.from_ansi(f"\x1b[1m$ {command}\x1b[0m\n{shown.rstrip()}"))
    svg = console.export_svg(title="labkit", unique_id=path.stem)
    path.write_text(portable(svg), encoding="utf-8")
    print(path.name)  # noqa: T201 - says what was made


def portable(svg: str) -> str:
    """Make rich's drawing look the same in every viewer, and fetch nothing."""
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code", "DejaVu Sans Mono, Menlo, Consolas")
    # Not every viewer obeys textLength, so the letters get the width that rich reckons with.
    svg = svg.replace("font-size: 20px", f"font-size: {WIDTH / ADVANCE:.2f}px")
    svg = re.sub(r"<text [^>]*>\n</text>", "", svg)
    svg = re.sub(r'x="([\d.]+)"( y="[\d.]+") textLength="([\d.]+)"([^>]*>)((?:&#160;)+)', move, svg)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def move(found: re.Match[str]) -> str:
    """Turn blanks at the beginning of a text, which some viewers drop, into its place."""
    blanks = len(found[5]) // len("&#160;") * WIDTH
    x, length = float(found[1]) + blanks, float(found[3]) - blanks
    return f'x="{x:g}"{found[2]} textLength="{length:g}"{found[4]}'


if __name__ == "__main__":
    main()
