"""Good lab files with bytes changed at random, the same in every run."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_WORDS = (
    b"*tools", b"&a ", b"!!binary ", b"!x ", b"<<: ", b"{", b"}", b"[", b"]", b": ", b"- ", b"? ",
    b"#", b'"', b"'", b"|\n", b">\n", b"---\n", b"...\n", b"%YAML 1.1\n", b"\t", b"\r", b"\0",
    b"\xff", b"\xef\xbb\xbf", b"\xe2\x80\xae", b"\x1b[2J", b"~", b"no", b"0x10", b"1e400", b"\\",
    b"$(touch hole)", b"#{1}", b"../", b"machines:\n", b"lab: ", b"secrets: ", b"roles: ", b"*a",
)  # fmt: skip


def some(files: Sequence[bytes], count: int, *, seed: int = 7) -> Iterator[bytes]:
    """Yield changed files."""
    source = random.Random(seed)  # noqa: S311 - repeatable cases, not secrets
    for _ in range(count):
        content = source.choice(files)
        for _ in range(source.choice((1, 1, 1, 2, 3, 8))):
            change = source.choice(_CHANGES)
            content = change(source, content, source.choice(files))
        yield content


def _place(source: random.Random, content: bytes) -> int:
    return source.randrange(len(content) + 1)


def _flip(source: random.Random, content: bytes, _other: bytes) -> bytes:
    at = _place(source, content)
    return content[:at] + bytes([source.randrange(256)]) + content[at + 1 :]


def _insert(source: random.Random, content: bytes, _other: bytes) -> bytes:
    at = _place(source, content)
    return content[:at] + source.choice(_WORDS) + content[at:]


def _cut(source: random.Random, content: bytes, _other: bytes) -> bytes:
    at = _place(source, content)
    return content[:at] + content[at + source.randrange(1, 40) :]


def _repeat(source: random.Random, content: bytes, _other: bytes) -> bytes:
    at = _place(source, content)
    part = content[at : at + source.randrange(1, 60)]
    return content[:at] + part * source.randrange(2, 50) + content[at:]


def _splice(source: random.Random, content: bytes, other: bytes) -> bytes:
    return content[: _place(source, content)] + other[_place(source, other) :]


def _swap_lines(source: random.Random, content: bytes, _other: bytes) -> bytes:
    lines = content.split(b"\n")
    one, two = source.randrange(len(lines)), source.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    return b"\n".join(lines)


def _swap_words(source: random.Random, content: bytes, _other: bytes) -> bytes:
    words = content.split(b" ")
    one, two = source.randrange(len(words)), source.randrange(len(words))
    words[one], words[two] = words[two], words[one]
    return b" ".join(words)


_CHANGES: tuple[Callable[[random.Random, bytes, bytes], bytes], ...] = (
    _flip, _insert, _cut, _repeat, _splice, _swap_lines, _swap_words,
)  # fmt: skip
