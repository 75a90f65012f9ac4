"""Many small scripts in one round trip: put between marks on the way out, told apart on the way in.

Each section runs in a subshell of its own. The marks carry a random word, so that nothing a
machine prints can pass for one.
"""

from __future__ import annotations

import dataclasses
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Plain users of Debian have no /sbin, and messages are read, so they must not be translated.
_PROLOGUE = "LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin; export LC_ALL PATH; umask 022"


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What one section printed, and its exit status."""

    output: str
    status: int


@dataclasses.dataclass(frozen=True, slots=True)
class Batch:
    """Sections that travel together."""

    text: str
    word: str
    count: int

    def answers(self, output: str) -> tuple[Answer, ...]:
        """Tell the sections' answers apart; fewer than asked for when the script was cut off."""
        found: list[Answer] = []
        for part in output.split(f"\n{self.word} begin\n")[1:]:
            body, _, rest = part.partition(f"\n{self.word} end ")
            status, end, _ = rest.partition("\n")
            if not (end and status.isdecimal()):
                break
            found.append(Answer(body, int(status)))
        return tuple(found)

    def started(self, output: str) -> int:
        """Count the sections that had begun when the output ends."""
        return output.count(f"\n{self.word} begin\n")


def batch(sections: Sequence[str], *, stop_at_failure: bool = False) -> Batch:
    """Join sections into one script. An empty section succeeds.

    Args:
        sections: Shell texts whose values are quoted.
        stop_at_failure: Whether a section that fails ends the script.
    """
    word = f"labkit-{secrets.token_hex(8)}"
    after = '[ "$status" = 0 ] || exit 1' if stop_at_failure else ":"
    framed = (
        f"printf '\\n{word} begin\\n'\n(\n:\n{section}\n) 2>&1\nstatus=$?\n"
        f"printf '\\n{word} end %s\\n' \"$status\"\n{after}"
        for section in sections
    )
    return Batch("\n".join((_PROLOGUE, *framed)), word, len(sections))
