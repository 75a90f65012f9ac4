"""What a file that people write is called, and what messages advise for it."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class FileKind:
    """The words of messages about one kind of file."""

    name: str
    thing: str
    """What it holds."""
    empty: str
    """What is said of a file that holds nothing."""
    begin: str
    """How to begin one."""
    alone: str
    """What to do with a second YAML document."""
    shared: str
    """What to do instead of a merge key."""
    absent: str = "name an existing file"
    """What to do where there is none."""
    usual: str = ""
    """What it is called in its folder; empty where it has no usual name."""
    allowed: str = ""
    """Control characters that its texts may hold."""
    visible: str = "write it on one line, in characters that can be seen"
    """What to do about other ones."""


LAB = FileKind(
    name="lab file",
    thing="lab",
    empty="the file holds no lab",
    begin="begin with 'lab: NAME' and 'machines:'",
    alone="a file holds one lab; put the other one into a file of its own",
    shared="put what machines share under 'defaults' or 'roles'",
    absent="name an existing file, or make a new lab folder with 'labkit init DIR'",
    usual="lab.yml",
)

CLASS = FileKind(
    name="class file",
    thing="class",
    empty="the file holds no class",
    begin="begin with 'classroom: NAME' and 'roster: FILE'",
    alone="a file holds one class; put the other one into a file of its own",
    shared="write the values out",
    absent="name an existing file, or make a new class folder with 'labkit class.init DIR'",
    usual="class.yml",
)

ROSTER = dataclasses.replace(
    CLASS,
    name="roster",
    thing="roster",
    absent="name an existing file under 'roster' of the class file",
    usual="",
)

PROFILE = FileKind(
    name="profile",
    thing="profile",
    empty="the profile holds nothing",
    begin="begin with 'operations:'",
    alone="a file holds one profile; put the other one into a file of its own",
    shared="write the values out",
    # As the content of a file has them.
    allowed="\n\t",
    visible="write it in characters that can be seen; lines end with a line feed alone",
)

TEMPLATE = dataclasses.replace(PROFILE, name="template", thing="template")
