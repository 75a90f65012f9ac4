"""The shape of `checks` in a lab file: what a teacher wants to see proved, without Python."""

from __future__ import annotations

from typing import Annotated, Self

import pydantic

from labkit.spec import faults, shape, texts, words

KINDS = ("command", "file", "port", "http")
"""What a check of a lab file can look at; each is a key of its entry."""
_ONE = "write one of command, file, port and http"

Status = Annotated[int, pydantic.Field(ge=0, le=255)]
HttpStatus = Annotated[int, pydantic.Field(ge=100, le=599)]
AnyPort = Annotated[int, pydantic.Field(ge=1, le=65_535)]


class CommandCheck(shape.Model):
    """A command that root runs with sh(1), for at most half a minute."""

    run: texts.Command
    """The command, in one line."""
    status: Status = 0
    """The exit status that it ends with."""
    output: texts.Output | None = None
    """All that it prints, but for blanks and line ends at both ends."""
    contains: texts.Expected | None = None
    """A text that is in what it prints."""


class FileCheck(shape.Model):
    """A file or a directory."""

    path: texts.AbsolutePath
    """Where it is."""
    exists: bool = True
    """Whether it should be there."""
    contains: texts.Expected | None = None
    """A text that is in one of its lines."""
    mode: texts.Mode | None = None
    """Its mode in octal, in quotes and with the leading zero: '0644'."""

    @pydantic.model_validator(mode="after")
    def _there_or_not(self) -> Self:
        """Refuse to ask for something of what should not be there."""
        if not self.exists and (self.contains is not None or self.mode is not None):
            message = "a file that should not exist has neither 'contains' nor 'mode'"
            raise faults.wrong(message, "remove them, or 'exists: false'")
        return self


class PortCheck(shape.Model):
    """A TCP port, tried from each machine that is asked."""

    port: AnyPort
    """Its number."""
    machine: texts.MachineName | None = None
    """The machine whose port it is, on the host-only network; without it, the one that is asked."""
    open: bool = True
    """Whether something should listen there."""


class HttpCheck(shape.Model):
    """What a web server answers to a GET, asked from each machine that is named."""

    url: texts.Url
    """For example http://web-01:8080/health."""
    status: HttpStatus = 200
    """The status of the answer (RFC 9110)."""
    contains: texts.Expected | None = None
    """A text that is in the answer."""


class CheckEntry(shape.Model):
    """A check of the lab's own: where it looks, and exactly one thing that it looks at."""

    model_config = pydantic.ConfigDict(
        json_schema_extra={"oneOf": [{"required": [kind]} for kind in KINDS]}
    )

    machines: tuple[texts.MachineOrRole, ...] = ()
    """The machines that are asked, by their names or their roles; without it, all."""
    command: CommandCheck | None = None
    """A command, and what it should print."""
    file: FileCheck | None = None
    """A file, and what it should be."""
    port: PortCheck | None = None
    """A port, and whether it should be open."""
    http: HttpCheck | None = None
    """An address of a web server, and what it should answer."""

    @pydantic.model_validator(mode="after")
    def _one_kind(self) -> Self:
        """Refuse none and several."""
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            found = words.one_of(given, "and") if given else "nothing"
            raise faults.wrong(f"a check looks at one thing, and here is {found}", _ONE)
        return self
