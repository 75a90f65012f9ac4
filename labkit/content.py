"""Where content lies: provision/, network/, Vagrantfile.j2 and the default lab.yml.

A lab folder's own file wins over the shipped one, so that a teacher changes a profile by copying
it. Shipped content is inside the installed package, or at the top of labkit's own repository.
"""

from __future__ import annotations

import pathlib

_PACKAGE = pathlib.Path(__file__).parent


def shipped() -> pathlib.Path:
    """Return the folder of the shipped content."""
    inside = _PACKAGE / "content"
    return inside if inside.is_dir() else _PACKAGE.parent


def find(folder: pathlib.Path, *parts: str) -> pathlib.Path | None:
    """Return a content file of the lab folder, else the shipped one, else None."""
    for root in (folder, shipped()):
        path = root.joinpath(*parts)
        if path.is_file():
            return path
    return None


def names(folder: pathlib.Path, kind: str) -> tuple[str, ...]:
    """Return the names of the YAML files of a kind (`provision`, `network`) that can be used."""
    found = {path.stem for root in (folder, shipped()) for path in (root / kind).glob("*.yml")}
    return tuple(sorted(found))
