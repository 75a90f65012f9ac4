"""Make a class folder: a lab folder with a class file and a roster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.classroom import schema
from labkit.lifecycle import init

if TYPE_CHECKING:
    import pathlib

_CLASS = """\
# yaml-language-server: $schema=class.schema.json
#
# A class: each student of the roster has a lab of their own, made of lab.yml.
classroom: {name}
lab: lab.yml
roster: roster.csv               # a line for each student; spreadsheets write such files
"""
_ROSTER = """\
name,display,mail
taro,Yamada Taro,taro@example.org
hanako,Suzuki Hanako,hanako@example.org
"""
_IGNORED = "students/\n.class/\n.lab/\nsheets.*\nclass-report.*\n"


def begin(folder: pathlib.Path) -> pathlib.Path:
    """Make the folder with a class of two students.

    Raises:
        errors.LabError: The folder holds something already.
    """
    made = init.init(folder)
    (made / "class.schema.json").write_text(schema.generate(), encoding="utf-8")
    (made / "class.yml").write_text(_CLASS.format(name="my-class"), encoding="utf-8")
    (made / "roster.csv").write_text(_ROSTER, encoding="utf-8")
    (made / ".gitignore").write_text(_IGNORED, encoding="utf-8")
    return made
