"""What a student's sheet says. Pure."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Way:
    """One machine, and the way into it."""

    machine: str
    roles: tuple[str, ...]
    address: str
    """By which the student's other machines know it."""
    login: str
    """What the student types, quoted for a shell."""
    fingerprint: str = ""
    """Of its host key, as ssh(1) shows it at the first connection; empty where none is made yet."""


@dataclasses.dataclass(frozen=True, slots=True)
class Sheet:
    """One student's sheet. It holds a secret only where the teacher has asked for that."""

    student: str
    display: str
    """The name as people write it."""
    ways: tuple[Way, ...]
    user: str = ""
    """The account on the machines; empty for a lab on the student's own computer, as what follows.
    """
    key_file: str = ""
    """Where the student keeps the key."""
    board: str = ""
    """The address of the teacher's board, for a lab on the student's own computer."""
    key: str = ""
    """The private key, where asked for."""
    secrets: tuple[tuple[str, str], ...] = ()
    """The lab's own secrets and their values, where asked for."""

    @property
    def is_secret(self) -> bool:
        """Whether nobody but the student may see it."""
        return bool(self.key or self.secrets)
