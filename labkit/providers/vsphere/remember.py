"""Which vCenters this user has labs on, so that `lab.gc` finds them when their folders are gone.

A small file for each in the user's state folder: the server, how its certificate is known, and who
logs in. No password is in it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import json
from typing import TYPE_CHECKING, Any, TypeVar

from labkit import console, errors, workspace
from labkit.workspace import registry

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterable, Iterator

    from labkit.providers.vsphere import lab as labs


Seen = TypeVar("Seen")


@dataclasses.dataclass(frozen=True, slots=True)
class Known:
    """One vCenter."""

    server: str
    port: int
    sha256: str | None
    ca: str | None
    """The absolute path of the authorities' file."""
    user: str | None


def folder() -> pathlib.Path:
    """Return the folder of these files, beside the registry of labs."""
    return registry.root().with_name("vsphere")


def remember(lab: labs.Lab) -> None:
    """Write down where a lab is; where that cannot be written the lab works all the same."""
    chosen = lab.chosen
    ca = str((lab.space.folder / chosen.ca).absolute()) if chosen.ca else None
    known = Known(chosen.server, chosen.port, chosen.sha256, ca, chosen.user)
    text = json.dumps(dataclasses.asdict(known), sort_keys=True) + "\n"
    path = folder() / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.json"
    if not path.exists():
        with contextlib.suppress(OSError, errors.LabError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            workspace.write(path, text)


def look(at: Callable[[Known], Iterable[Seen]]) -> Iterator[Seen]:
    """Yield what is found on each vCenter; says once of each that cannot be looked at why."""
    for each in known():
        try:
            yield from at(each)
        except errors.LabError as error:
            _complain(each.server, error.message)


@functools.cache
def _complain(server: str, why: str) -> None:
    said = f"the vCenter {server} is not looked at: {why}"
    console.err.print(said, markup=False, soft_wrap=True)


def known() -> list[Known]:
    """Return all that are known; a damaged file is none."""
    found: list[Known] = []
    for path in sorted(folder().glob("*.json")):
        with contextlib.suppress(OSError, ValueError, TypeError):
            said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            found.append(Known(**said))
    return found
