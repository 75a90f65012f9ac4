"""The environment variables that labkit reads. The names come from the code."""

from __future__ import annotations

import re

from labkit.reference import _markdown, _source

_INTRODUCTION = """
An option on the command line goes before its variable. Progress and tables are as wide as the
terminal; `COLUMNS` sets the width where there is none.
"""

MEANINGS = {
    "LAB_BAKED": "`no`: make machines from the image that lab.yml names, although `image.bake` has "
    "made a better one",
    "LAB_BOARD": "the address of a teacher's board, which is told how the lab stands",
    "LAB_CACHE": "the folder for images; default: `labkit` in the user's cache folder",
    "LAB_DEBUG": "set to anything: an expected failure shows its traceback",
    "LAB_FILE": "the lab file, as `--file`; default: `lab.yml`",
    "LAB_FORMAT": "`table` or `json`, as `--format`",
    "LAB_INSTALL": "`no`: never install system packages; say the command and exit with 2",
    "LAB_LANG": "`en` or `ja`, as `--lang`",
    "LAB_MIRROR": "the address under which `debian/` and `debian-security/` lie, for building "
    "images; default: this host's own sources where it runs the same release",
    "LAB_ONLY": "names of machines, separated by commas, as `--only`",
    "LAB_TAGS": "tags, separated by commas, as `--tags`",
    "LAB_PROVIDER": "the provider, as `--provider`",
    "LAB_PYTHON": "the Python that `./lab` makes its virtual environment with; default: `python3`",
    "LAB_VENV": "the folder of that virtual environment; default: `.venv`",
    "LAB_SCRIPT": "set by `./lab`, so that hints name the command as it was typed",
    "LAB_STATE": "the folder of the registry of labs, which `gc` looks at; default: `labkit` in "
    "the user's state folder",
    "LAB_VSPHERE_PASSWORD": "the password on the vCenter that `LAB_VSPHERE_SERVER` names, and on "
    "no other",
    "LAB_VSPHERE_SERVER": "the vCenter, where `providers.vsphere.server` says none",
    "LAB_VSPHERE_USER": "who logs in there, where `providers.vsphere.user` says none",
    "LAB_YES": "`1`: answer questions with yes, as `--yes`; empty, `0` and `no` mean no",
}


def names() -> dict[str, tuple[str, ...]]:
    """Return each variable that the code reads, and the files that name it."""
    root = _source.REPOSITORY
    files = [root / "lab", *sorted((root / "labkit").rglob("*.py"))]
    found: dict[str, list[str]] = {}
    for file in files:
        if "reference" in file.relative_to(root).parts:
            continue
        for name in sorted(
            set(re.findall(r"\bLAB_[A-Z]+(?:_[A-Z]+)*\b", file.read_text(encoding="utf-8")))
        ):
            found.setdefault(name, []).append(file.relative_to(root).as_posix())
    return {name: tuple(found[name]) for name in sorted(found)}


def page() -> str:
    """Return the page."""
    rows = [
        (
            _markdown.word(name),
            MEANINGS[name],
            ", ".join(f"[{file}](../../{file})" for file in files),
        )
        for name, files in names().items()
    ]
    table = _markdown.table(("variable", "meaning", "named in"), rows)
    return _markdown.page("Environment variables", _INTRODUCTION, table)
