"""Shell text that several operations need to look at files and to write them."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
from typing import Annotated

import pydantic

from labkit import shell
from labkit.operations import base

ABSENT = "-"
"""What a probe prints for a file that is not there; never valid base64 of anything."""


def matching(pattern: str, what: str) -> pydantic.AfterValidator:
    """Return a validator of texts that match as a whole; it complains that one is not `what`."""
    matches = re.compile(pattern).fullmatch

    def check(value: str) -> str:
        if not matches(value):
            raise ValueError(f"{value!r} is not {what}")
        return value

    return pydantic.AfterValidator(check)


Path = Annotated[str, matching(r"/[^\x00\r\n]*", "an absolute path in one line")]
"""An absolute path."""

Mode = Annotated[str, matching(r"0[0-7]{3}", "a mode such as '0644'")]
"""A mode in octal with its leading zero, as chmod(1) reads it."""

User = Annotated[str, matching(r"[A-Za-z_][A-Za-z0-9_.-]*\$?", "a user's name")]
"""A user's name (useradd(8)); no number, since stat(1) answers with names."""

Host = Annotated[str, matching(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", "a host name")]
"""A name as hosts(5) and resolv.conf(5) take it, with or without a domain."""


def show(path: str) -> str:
    """Return shell text that prints a file as one line of base64, or `-` when there is none."""
    return shell.line(
        "if [ -e {} ]; then base64 -w0 < {}; echo; else echo {}; fi", path, path, ABSENT
    )


def decode(line: str, *, replace: bool = False) -> str | None:
    """Read one line that `show` printed; None when the file is not there.

    Args:
        line: The line.
        replace: Whether the text is only looked at, so that bytes that are no text may show as
            U+FFFD. Whoever writes the text back must leave this off.

    Raises:
        base.FactError: The line is not base64, or its bytes are not text.
    """
    if line.strip() == ABSENT:
        return None
    content = data(line)
    if replace:
        return content.decode(errors="replace")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise base.FactError(
            f"the file is not UTF-8 text: byte {error.start} is 0x{content[error.start]:02x}",
            hint="convert it (iconv -f latin1 -t utf-8), so that its other lines can be kept",
        ) from error
    if "\0" in text:
        raise base.FactError(
            f"the file is not text: byte {content.index(0)} is 0x00",
            hint="look at it (hexdump -C); was it damaged by a crash?",
        )
    return text


def data(line: str) -> bytes:
    """Read one line of base64.

    Raises:
        base.FactError: The line is something else.
    """
    try:
        return base64.b64decode(line.strip(), validate=True)
    except binascii.Error as error:
        raise base.FactError(f"expected a file's base64, got {line[:80]!r}") from error


def write(path: str, content: str) -> str:
    """Return shell text that writes a file in place, so that mode, owner and label stay."""
    return shell.line("printf %s {} > {}", content, path)


def typed(path: str, content: str) -> str:
    """Return shell text that writes a file in place, as a person would type it."""
    if content and not content.endswith("\n"):
        return write(path, content)
    return shell.heredoc(shell.line("cat > {}", path), content)


def home(user: str) -> str:
    """Return a shell word for a user's home folder."""
    # A tilde is followed by a plain name only; Samba's machine accounts end with a '$'.
    if user.endswith("$"):
        return shell.line('"$(getent passwd {} | cut -d: -f6)"', user)
    return shell.line("~{}", user)


def split(text: str) -> list[str]:
    """Split at line feeds and nowhere else: str.splitlines also knows form feeds, U+2028, ..."""
    return text.removesuffix("\n").split("\n") if text else []


def lines(output: str, count: int) -> list[str]:
    """Split a probe's print into exactly `count` lines.

    Raises:
        base.FactError: There are more or fewer.
    """
    found = split(output)
    if len(found) != count:
        raise base.FactError(f"expected {count} lines, got {len(found)}: {output[:200]!r}")
    return found


def show_in_home(user: str, path: str) -> str:
    """Return shell text that prints a user's home, then a file below it as `show` does."""
    # The last but one field of passwd(5), without starting another program.
    home = shell.line("home=$(getent passwd {}); home=${home%:*}; home=${home##*:}", user)
    file = shell.line('file="$home"/{}', path)
    return (
        f"{home}; {file}; printf '%s\\n' \"$home\"; "
        f'if [ -e "$file" ]; then base64 -w0 < "$file"; echo; else echo {ABSENT}; fi'
    )


@dataclasses.dataclass(frozen=True, slots=True)
class HomeFile:
    """A user's home folder and the text of a file below it, empty when there is none."""

    home: str
    text: str


def read_in_home(user: str, output: str) -> HomeFile:
    """Read what `show_in_home` printed.

    Raises:
        base.FactError: The machine has no such user, or the file is not text.
    """
    home, content = lines(output, 2)
    if not home:
        raise base.FactError(
            f"the machine has no user '{user}'",
            hint="write another user, or make this one in the image",
        )
    return HomeFile(home, decode(content) or "")


def private_folder(user: str, path: str) -> str:
    """Return shell text that makes a folder which only its user may open, as ~/.ssh must be."""
    return shell.argv("install", "-d", "-m", "0700", "-o", user, path)
