"""The kinds of text in a lab file: names, packages, sysctls. Each matches a pattern as a whole.

No pattern lets through a blank, a quote, a slash where it would make a path, or a leading '-'
where a program would take it for an option.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Annotated, TypeAlias

import pydantic
from pydantic_core import core_schema

from labkit.spec import context, faults, roles, words

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue

LABEL = "[a-z0-9]([a-z0-9-]*[a-z0-9])?"
"""RFC 1123 section 2.1; lower case only, so that a name is the same on every file system."""


@dataclasses.dataclass(frozen=True, slots=True)
class Text:
    """A text with a syntax."""

    pattern: str
    length: int
    """The most characters it can have."""
    kind: str
    hint: str
    is_shown: bool = True
    """Whether messages repeat it: where a secret's place belongs, people may write the secret."""

    def check(self, value: str) -> str:
        """Return the text when it fits.

        Raises:
            pydantic_core.PydanticCustomError: It does not.
        """
        shown = words.show(value) if self.is_shown else "this"
        if len(value) > self.length:
            message = f"{shown} is too long for {self.kind}: {len(value)} characters"
            raise faults.wrong(message, f"it can have at most {self.length}")
        if not re.fullmatch(self.pattern, value):
            raise faults.wrong(f"{shown} is not {self.kind}", self.hint)
        return value

    def __get_pydantic_core_schema__(
        self, source: object, handler: pydantic.GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Check after pydantic has seen that the value is text."""
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: pydantic.GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe the text to editors."""
        pattern = f"^{self.pattern}$"
        return {**handler(schema), "maxLength": self.length, "pattern": pattern}


_DOMAIN_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_NAME_HINT = "use lower-case letters, digits and '-', with a letter or a digit at both ends"

MachineName: TypeAlias = Annotated[str, Text(LABEL, 63, "a machine name", _NAME_HINT)]

# Shorter than a label: it becomes a part of directory, socket and machine names.
LabName: TypeAlias = Annotated[str, Text(LABEL, 32, "a lab name", _NAME_HINT)]

Profile: TypeAlias = Annotated[
    str, Text(LABEL, 63, "a profile name", "write the name of a file in provision/, without .yml")
]

# RFC 1035 section 2.3.4 allows 255 octets on the wire, which are 253 characters.
Domain: TypeAlias = Annotated[
    str,
    Text(
        f"{_DOMAIN_LABEL}([.]{_DOMAIN_LABEL})*",
        253,
        "a domain name",
        "write lower-case labels joined by dots, for example lab.internal",
    ),
]

# Debian policy section 5.6.7, with the capitals and underscores of RPM names. To apt-get a '-' at
# the end means "remove".
Package: TypeAlias = Annotated[
    str,
    Text(
        "[A-Za-z0-9]([A-Za-z0-9.+_-]*[A-Za-z0-9.+_])?",
        128,
        "a package name",
        "write the name alone, without a version, option or path",
    ),
]

# Dots only, though sysctl.d(5) also reads slashes; there a '-' in front means "ignore failures".
SysctlKey: TypeAlias = Annotated[
    str,
    Text(
        "[A-Za-z0-9_][A-Za-z0-9_-]*([.][A-Za-z0-9_-]+)+",
        255,
        "a sysctl",
        "write names joined by dots, for example net.ipv4.ip_forward",
    ),
]

# The syntax alone; whether the zone exists is a rule, for not every host has the tz database.
TimeZone: TypeAlias = Annotated[
    str,
    Text(
        "[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}",
        64,
        "a time zone",
        "write a name of the tz database, for example Europe/Berlin or Etc/UTC",
    ),
]


# Profiles write it after a dot: {{ secrets.registry_token }}.
_SECRET = Text(
    "[a-z]([a-z0-9_]*[a-z0-9])?",
    63,
    "a secret's name",
    "use lower-case letters, digits and '_', beginning with a letter",
)
SecretName: TypeAlias = Annotated[str, _SECRET]
SecretReference: TypeAlias = Annotated[str, dataclasses.replace(_SECRET, is_shown=False)]

Variable: TypeAlias = Annotated[
    str,
    Text(
        "[A-Za-z_][A-Za-z0-9_]*",
        128,
        "the name of an environment variable",
        "use letters, digits and '_', for example REGISTRY_TOKEN",
        is_shown=False,
    ),
]

# No part of it is '..', and it is not absolute: a stranger's lab must not read the user's files.
SecretFile: TypeAlias = Annotated[
    str,
    Text(
        "[.]?[A-Za-z0-9_][A-Za-z0-9._-]*(/[.]?[A-Za-z0-9_][A-Za-z0-9._-]*)*",
        255,
        "a path inside the lab folder",
        "use letters, digits and '._-' between slashes, for example secrets/exam.key",
        is_shown=False,
    ),
]

# A stranger's lab must not read what other programs keep in the user's keyring.
Service: TypeAlias = Annotated[
    str,
    Text(
        "labkit(-[a-z0-9-]*[a-z0-9])?",
        63,
        "a keyring's service for labs",
        "write labkit, or a name that begins with labkit-",
        is_shown=False,
    ),
]

KeyringUser: TypeAlias = Annotated[
    str,
    Text(
        "[A-Za-z0-9_]([A-Za-z0-9._@+-]*[A-Za-z0-9_])?",
        128,
        "a user of a keyring",
        "use letters, digits and '._@+-', for example admin",
        is_shown=False,
    ),
]


CheckName: TypeAlias = Annotated[str, Text(LABEL, 63, "a check's name", _NAME_HINT)]

# Which machines and roles there are is for a rule to say, which knows the nearest right one.
MachineOrRole: TypeAlias = Annotated[
    str,
    pydantic.AfterValidator(roles.canonical),
    Text(LABEL, 63, "the name of a machine or a role", _NAME_HINT),
]

# A report shows these, so they are in one line; how long they are is for readers' sake.
_LINE = "[^\\x00-\\x1f\\x7f]+"
Command: TypeAlias = Annotated[
    str, Text(_LINE, 1024, "a command in one line", "put more than a line into a script")
]
Expected: TypeAlias = Annotated[
    str, Text(_LINE, 1024, "a text in one line", "write a part of it that is in one line")
]
# A command that prints nothing is a thing to expect, too.
Output: TypeAlias = Annotated[
    str, Text("[^\\x00-\\x1f\\x7f]*", 1024, "a text in one line", "write 'contains' instead")
]
AbsolutePath: TypeAlias = Annotated[
    str,
    Text(
        "/[^\\x00-\\x1f\\x7f]*",
        1024,
        "an absolute path",
        "begin it with '/', as in /etc/hosts",
    ),
]
Mode: TypeAlias = Annotated[
    str, Text("0[0-7]{3}", 4, "a mode", "write four octal digits in quotes, for example '0644'")
]

# RFC 3986, without a user's name and password, which would stand in every report.
Url: TypeAlias = Annotated[
    str,
    Text(
        "https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?",
        1024,
        "an address of a web server",
        "write http:// or https://, a machine and a path: http://web-01:8080/health",
    ),
]


def _sysctl_value(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        message = f"{words.show(value)} is not a sysctl's value"
        raise faults.wrong(message, "write a whole number, or put the value in quotes")
    if not value or value != value.strip() or len(value) > SYSCTL_LENGTH:
        message = f"{words.show(value)} is not a sysctl's value"
        hint = f"write 1 to {SYSCTL_LENGTH} characters without blanks at either end"
        raise faults.wrong(message, hint)
    return value


SYSCTL_LENGTH = 1024
"""A page of procfs holds 4096 bytes, and a character of UTF-8 has up to four."""

SysctlValue: TypeAlias = Annotated[
    str,
    pydantic.BeforeValidator(_sysctl_value),
    pydantic.WithJsonSchema({"type": ["string", "integer"], "minLength": 1}),
]


def _one_of(**names: object) -> pydantic.WithJsonSchema:
    return pydantic.WithJsonSchema({"type": "string", **names})


# Whether these exist is for the rules to say, which know the nearest right one; editors get the
# list where it is fixed.
ProviderName: TypeAlias = Annotated[str, _one_of(enum=list(context.PROVIDERS))]
ImageName: TypeAlias = Annotated[str, _one_of(minLength=1)]
RoleName: TypeAlias = Annotated[
    str, pydantic.AfterValidator(roles.canonical), _one_of(enum=list(roles.SPELLINGS))
]
