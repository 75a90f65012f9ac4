"""Files that a machine is born with: its seed carries them, and its first boot unpacks them."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class File:
    """A file of root's."""

    path: str
    """Absolute, in one line."""
    text: str = dataclasses.field(repr=False)
    """It may be a private key."""
    mode: int = 0o644
