"""The profiles and templates of one lab folder, each file read once.

All machines of a run see the same text, also when somebody saves a profile meanwhile; and a lab's
machines share their profiles, so that reading each for each machine would be most of planning.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from labkit import content
from labkit.profiles import values
from labkit.spec import document, filekind, source

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable


class Shelf:
    """What there is in a lab folder, and behind it in the content that is shipped."""

    def __init__(self, folder: pathlib.Path) -> None:
        """Remember the folder; nothing is read yet."""
        self.folder = folder
        self.profile: Callable[[str, str], document.Document | None] = functools.cache(
            self._profile
        )
        """Return the profile of a kind (`provision`, `network`) and a name; None without one."""
        self.template: Callable[[pathlib.Path], str] = functools.cache(_template)
        """Return the text of a template."""
        self.everybody = values.Everybody()
        """What profiles may name of all machines together."""

    def _profile(self, kind: str, name: str) -> document.Document | None:
        path = content.find(self.folder, kind, f"{name}.yml")
        if path is None:
            return None
        text = source.read(path, filekind.PROFILE)
        return document.compose(text, str(path), filekind.PROFILE)


def _template(path: pathlib.Path) -> str:
    return source.read(path, filekind.TEMPLATE)
