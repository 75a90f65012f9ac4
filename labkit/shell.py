"""The one way for a value into a POSIX shell.

`line` is a fixed text with a place for each quoted value; `argv` quotes a whole command. Nothing
else in labkit joins values into shell text.
"""

from __future__ import annotations

import shlex

from labkit import secret


def quote(value: object) -> str:
    """Quote one value as one shell word.

    Raises:
        ValueError: The value holds a NUL byte, which no argument of execve(2) can carry.
        TypeError: The value is a secret; whoever means it must say so (`secret.Secret.reveal`).
    """
    if isinstance(value, secret.Secret):
        raise TypeError("a secret must be revealed to be quoted")
    text = str(value)
    if "\0" in text:
        raise ValueError("a NUL byte cannot be passed to a program")
    return shlex.quote(text)


def argv(*words: object) -> str:
    """Render a command and its arguments, each one quoted."""
    return " ".join(quote(word) for word in words)


def line(template: str, *values: object) -> str:
    """Fill each `{}` of a fixed shell template with a quoted value.

    Other braces stand for themselves, as the shell uses them: `${HOME}`, `{ a; b; }`.

    Raises:
        ValueError: There are more or fewer values than places, or one holds a NUL byte.
    """
    parts = template.split("{}")
    if len(parts) != len(values) + 1:
        raise ValueError(f"{len(values)} values for {len(parts) - 1} places in {template!r}")
    words = (*(quote(value) for value in values), "")
    return "".join(part + word for part, word in zip(parts, words, strict=True))


def heredoc(command: str, content: str) -> str:
    """Render a command that reads a text as a here-document, as a person would type it.

    Args:
        command: Shell text, its values quoted already.
        content: Its input; whole lines, since a here-document has no others.

    Raises:
        ValueError: The text's last line has no end, or it holds a NUL byte.
    """
    if "\0" in content or not (content == "" or content.endswith("\n")):
        raise ValueError("a here-document is whole lines, without NUL bytes")
    lines = content.split("\n")
    end = "EOF"
    while end in lines:
        end += "_"
    return f"{command} << '{end}'\n{content}{end}"
