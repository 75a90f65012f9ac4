"""Many small scripts in one round trip: put between marks on the way out, told apart on the way in.

Each section runs in a subshell of its own. The marks carry a random word, so that nothing a
machine prints can pass for one.

Each write of the remote shell becomes an SSH packet, which costs on both ends. What only looks is
therefore collected in the shell and written once a section. What changes things is written as it
comes: it may leave programs running that hold the output open, and how far it came must show.
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

    def reached(self, output: str) -> int:
        """Return the index of the section that was running when the output ends."""
        return min(output.count(f"\n{self.word} end "), self.count - 1)


def batch(sections: Sequence[str], *, changing: bool = False) -> Batch:
    """Join sections into one script. An empty section succeeds.

    Args:
        sections: Shell texts whose values are quoted.
        changing: Whether the sections change things; the first one that fails ends the script.
    """
    word = f"labkit-{secrets.token_hex(8)}"
    frame = _streamed if changing else _collected
    return Batch(
        "\n".join((_PROLOGUE, *(frame(word, section) for section in sections))),
        word,
        len(sections),
    )


def _streamed(word: str, section: str) -> str:
    return (
        f"printf '\\n{word} begin\\n'\n(\n:\n{section}\n) 2>&1\nstatus=$?\n"
        f'printf \'\\n{word} end %s\\n\' "$status"\n[ "$status" = 0 ] || exit 1'
    )


def _collected(word: str, section: str) -> str:
    # A command substitution drops line feeds at the end; a full stop, printed however the section
    # ends, keeps them, and is taken away again.
    return (
        f"said=$(\nexec 2>&1\ntrap 'echo .' 0\n:\n{section}\n)\nstatus=$?\n"
        f'printf \'\\n{word} begin\\n%s\\n{word} end %s\\n\' "${{said%.}}" "$status"'
    )
