"""Make a lab folder: the default lab and the content that it uses, to be changed at will."""

from __future__ import annotations

import contextlib
import re
import shutil
from typing import TYPE_CHECKING

from labkit import content, errors
from labkit.spec import load, schema

if TYPE_CHECKING:
    import pathlib

_SCHEMA_LINE = re.compile(r"\$schema=\S+")
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?")


def init(folder: pathlib.Path) -> pathlib.Path:
    """Copy the content into a folder, and name the lab after the folder where that is a name.

    Raises:
        errors.LabError: The folder holds something already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise errors.LabError(
            f"{folder} is there already and not empty", hint="name a folder that does not exist"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _copy(folder)
    except OSError as error:
        raise errors.LabError(
            f"{folder} cannot be written: {error.strerror}", hint="choose another place"
        ) from None
    return folder


def _copy(folder: pathlib.Path) -> None:
    shipped = content.shipped()
    for name in ("provision", "network"):
        shutil.copytree(shipped / name, folder / name)
    shutil.copyfile(shipped / "Vagrantfile.j2", folder / "Vagrantfile.j2")
    (folder / "lab.schema.json").write_text(schema.generate(), encoding="utf-8")
    text = (shipped / "lab.yml").read_text(encoding="utf-8")
    text = _SCHEMA_LINE.sub("$schema=lab.schema.json", text)
    name = folder.resolve().name
    if _NAME.fullmatch(name):
        # Everything that must be unique on a host follows from this name.
        named = re.sub(r"(?m)^lab: .*$", f"lab: {name}", text)
        with contextlib.suppress(errors.FileError):  # 'on' and 'nul' are no names of labs
            load.parse(named)
            text = named
    (folder / "lab.yml").write_text(text, encoding="utf-8")
