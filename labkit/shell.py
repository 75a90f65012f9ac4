"""The one way for a value into a POSIX shell.

`line` is a format string whose every argument is quoted; `argv` quotes a whole command. Nothing
else in labkit joins values into shell text.
"""

from __future__ import annotations

import shlex


def quote(value: object) -> str:
    """Quote one value as one shell word.

    Raises:
        ValueError: The value holds a NUL byte, which no argument of execve(2) can carry.
    """
    text = str(value)
    if "\0" in text:
        raise ValueError("a NUL byte cannot be passed to a program")
    return shlex.quote(text)


def argv(*words: object) -> str:
    """Render a command and its arguments, each one quoted."""
    return " ".join(quote(word) for word in words)


def line(template: str, *values: object) -> str:
    """Fill each `{}` of a fixed shell template with a quoted value."""
    return template.format(*(quote(value) for value in values))
