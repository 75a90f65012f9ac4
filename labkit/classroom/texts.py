"""The kinds of text in a class file and in a roster."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, TypeAlias

import pydantic

from labkit.classroom import lookalike
from labkit.spec import faults, texts, words

_NAME = "[a-z0-9]+(-[a-z0-9]+)*"
"""Without '--', which stands between the two names in the name of a student's lab."""
CLASS_LENGTH = 12
STUDENT_LENGTH = 18
"""Together with '--' as long as a lab's name can be."""
DISPLAY_LENGTH = 100
_HINT = "use lower-case letters, digits and single '-' between them"
_FORMULA = "=+-@\t\r"
"""What begins a formula in a spreadsheet (OWASP: CSV injection)."""

ClassroomName: TypeAlias = Annotated[
    str, texts.Text(_NAME, CLASS_LENGTH, "a classroom's name", _HINT)
]
HostName: TypeAlias = Annotated[
    str, texts.Text(texts.LABEL, 63, "a host's name", "write the host's own name, see hostname(1)")
]
FileName: TypeAlias = Annotated[
    str,
    texts.Text(
        "[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*",
        255,
        "a path inside the class folder",
        "use letters, digits and '._-' between slashes, for example roster.csv",
    ),
]

# RFC 5321 section 4.5.3.1 allows 254 characters; quoted local parts are left out on purpose.
Mail: TypeAlias = Annotated[
    str,
    texts.Text(
        "[A-Za-z0-9_][A-Za-z0-9._%+-]*@[A-Za-z0-9-]+([.][A-Za-z0-9-]+)+",
        254,
        "a mail address",
        "write one address, for example taro@example.org",
    ),
]


def student_name(value: str) -> str:
    """Return a student's name when it is one.

    Raises:
        pydantic_core.PydanticCustomError: It is not; names the character that only looks right.
    """
    if len(value) > STUDENT_LENGTH:
        message = f"{words.show(value)} is too long for a student's name: {len(value)} characters"
        raise faults.wrong(message, f"it can have at most {STUDENT_LENGTH}")
    if re.fullmatch(_NAME, value):
        return value
    meant = _meant(value)
    odd = lookalike.foreign(value)
    message = f"{words.show(value)} is not a student's name"
    if odd:
        message += f": {words.show(odd)} is U+{ord(odd):04X} ({unicodedata.name(odd, 'no name')})"
    raise faults.wrong(message, f"did you mean '{meant}'?" if meant else _HINT)


def display(value: str) -> str:
    """Return a name as people write it, when it can be shown anywhere.

    Raises:
        pydantic_core.PydanticCustomError: It cannot.
    """
    shown = words.show(value)
    if not value.strip() or value != value.strip():
        raise faults.wrong(f"{shown} is not a person's name", "write it without blanks at the ends")
    if len(value) > DISPLAY_LENGTH:
        message = f"{shown} is too long for a person's name: {len(value)} characters"
        raise faults.wrong(message, f"it can have at most {DISPLAY_LENGTH}")
    if value[0] in _FORMULA:
        raise faults.wrong(
            f"{shown} would be a formula in a spreadsheet",
            f"a person's name does not begin with {words.show(value[0])}",
        )
    for character in value:
        if not character.isprintable():
            raise faults.wrong(
                f"{shown} holds the character U+{ord(character):04X}",
                "write it on one line, in characters that can be seen",
            )
    return unicodedata.normalize("NFC", value)


def _meant(value: str) -> str:
    """Return the name that was perhaps meant: without capitals, accents and blanks."""
    if value[:1] in _FORMULA:
        return ""
    plain = unicodedata.normalize("NFKD", lookalike.skeleton(value, digits=False))
    letters = "".join(each for each in plain if not unicodedata.combining(each))
    guess = re.sub("[^a-z0-9]+", "-", letters.casefold()).strip("-")
    return guess if re.fullmatch(_NAME, guess) and len(guess) <= STUDENT_LENGTH else ""


StudentName: TypeAlias = Annotated[
    str,
    pydantic.AfterValidator(student_name),
    pydantic.WithJsonSchema(
        {"type": "string", "maxLength": STUDENT_LENGTH, "pattern": f"^{_NAME}$"}
    ),
]
Display: TypeAlias = Annotated[
    str,
    pydantic.AfterValidator(display),
    pydantic.WithJsonSchema({"type": "string", "minLength": 1, "maxLength": DISPLAY_LENGTH}),
]
