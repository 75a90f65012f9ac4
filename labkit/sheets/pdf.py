"""PDF from an HTML file, by a Chromium of this host; Chrome and Edge are ones, too.

Sources: `--headless` and `--print-to-pdf` of Chromium's headless mode. The folder that it works in
lies beside the file that is wanted: a Chromium that is a snap sees no /tmp of ours.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import sys
import tempfile

from labkit import child, errors, system, visible
from labkit.workspace import files

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
          "microsoft-edge", "microsoft-edge-stable", "msedge")  # fmt: skip
_MAC = (
    "Google Chrome.app/Contents/MacOS/Google Chrome",
    "Chromium.app/Contents/MacOS/Chromium",
    "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
_WINDOWS = ("Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe")
"""Neither puts itself on PATH."""
_FLAGS = (
    "--headless", "--disable-gpu", "--no-first-run", "--disable-extensions", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
    "--no-pdf-header-footer", "--print-to-pdf-no-header",
)  # fmt: skip
"""The last two say the same to a new Chromium and to an old one."""
_PATIENCE = 180.0
"""Seconds; a thousand sheets took ten on two busy processors."""


def browser() -> str:
    """Return the program that prints.

    Raises:
        errors.LabError: This host has none.
    """
    found = (shutil.which(name) for name in _NAMES)
    elsewhere = (str(path) for path in _installed() if path.is_file())
    program = next((each for each in (*found, *elsewhere) if each), None)
    if program is None:
        raise errors.LabError(
            "this host has no Chromium, Chrome or Edge to make a PDF with",
            hint="write an .html file and print it from any browser: it has a page for each sheet; "
            "or install chromium",
        )
    return program


def write(path: pathlib.Path, page: str, *, mode: int) -> None:
    """Print a page that needs nothing else into a file, which is there at once or not at all.

    Raises:
        errors.LabError: The browser did not make it, or the disk did not take it.
    """
    program = browser()
    try:
        with tempfile.TemporaryDirectory(
            dir=path.absolute().parent, prefix="labkit-print-", ignore_cleanup_errors=True
        ) as name:
            folder = pathlib.Path(name)
            source, made = folder / "page.html", folder / "page.pdf"
            files.write(source, page)
            words = [program, *_FLAGS, *(("--no-sandbox",) if system.is_root() else ())]
            words += [f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={made}"]
            done = child.run([*words, source.as_uri()], timeout=_PATIENCE)
            content = made.read_bytes() if made.is_file() else b""
            if done.returncode or not content.startswith(b"%PDF-"):
                said = done.stderr.strip().splitlines()
                raise errors.LabError(
                    f"{pathlib.Path(program).name} made no PDF, and ended with status "
                    f"{done.returncode}: {visible.line(said[-1] if said else 'it said nothing')}",
                    hint="write an .html file and print it from any browser",
                )
            files.write(path, content, mode=mode)
    except OSError as error:
        raise files.refusal(path, error) from error


def _installed() -> tuple[pathlib.Path, ...]:
    if sys.platform == "darwin":
        return tuple(pathlib.Path("/Applications") / each for each in _MAC)
    if sys.platform == "win32":
        roots = (os.environ.get(name) for name in ("PROGRAMFILES", "PROGRAMFILES(X86)"))
        return tuple(pathlib.Path(root) / each for root in roots if root for each in _WINDOWS)
    return ()
