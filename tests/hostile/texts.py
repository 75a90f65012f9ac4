"""Random texts made of what ends, opens and means something in the languages that labkit writes."""

from __future__ import annotations

import random

PIECES = (
    *"'\"\\`#{}()[]<>|&;$@%!?*+-=~^:,. /0aZ_\t\n\r",
    *"éü€中あ😀\u00a0\u00ad\u2028\u2029\u200d\u200f\u202e\u2066\ufeff\ufffd\ufffe\uffff",
    *(chr(code) for code in (0, 1, 7, 8, 11, 12, 27, 31, 127, 128, 133, 159)),
    *("\\'", "\\\\", "\\n", "\\u0041", "\\", "'\"'\"'", "\r\n", "]]>", "-->", "<!--", "%%", "%h"),
    *("#{", "#{1}", "#$0", "#@a", "%q(", "<<A", "__END__", "=begin", "END { exit }"),
    *("$(touch hole)", "`touch hole`", "; touch hole;", "&& touch hole", "| touch hole", "${IFS}"),
    *("' touch hole '", "'; touch hole; '", "\ntouch hole\n", "$(", "${", "$'\\n'", "~root", "*"),
    *("&amp;", "&lt;", "&#0;", "&#x41;", "&nbsp;", "&notit", "&", "&#", "&#13;", "&#128;"),
    *("<script>", "</script>", "<![CDATA[", "<?x?>", "<!DOCTYPE", "<b onload=x>", "javascript:"),
    *("-n", "-e", "--", "-oProxyCommand=touch hole", "../", "/..", "//", "~/", "C:\\"),
    *("\x1b[2J", "\x1b]0;x\x07", "\x9b2J", "\u202ecba\u202c", "{{", "}}", "{%", "{{ 1 }}"),
)
"""What texts are made of."""

HOLE = "hole"
"""The file that exists once any of the pieces was run."""


def some(count: int, *, seed: int = 2024, without: str = "") -> list[str]:
    """Return texts, the same in every run; half of them are one piece among random characters.

    Args:
        count: How many.
        seed: Another one gives other texts.
        without: Characters that none of them holds.
    """
    source = random.Random(seed)  # noqa: S311 - repeatable cases, not secrets
    found: list[str] = []
    gone = dict.fromkeys(map(ord, without))
    while len(found) < count:
        pieces = [*source.choices(PIECES, k=source.randrange(12))]
        if len(found) % 2:
            pieces = [_anything(source), source.choice(PIECES), _anything(source)]
        found.append("".join(pieces).translate(gone))
    return found


def _anything(source: random.Random) -> str:
    """Return up to eight characters of all of Unicode, surrogates left out."""
    codes = (source.randrange(0x110000) for _ in range(source.randrange(9)))
    return "".join(chr(code) for code in codes if not 0xD800 <= code < 0xE000)
