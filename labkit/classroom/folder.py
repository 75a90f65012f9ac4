"""The folder of a student's lab: an ordinary lab folder, made of the teacher's.

It holds a lab.yml of its own and copies of what the teacher's lab uses, so that every task works in
it, and so that it can be given to the student. Only its owner may open it.
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import os
import secrets
import shutil
from typing import TYPE_CHECKING

import yaml

from labkit import secret, workspace
from labkit.classroom import plan
from labkit.events import log
from labkit.workspace import files

if TYPE_CHECKING:
    import pathlib

    from labkit.spec import model as spec_model

_HEAD = (
    "# Made by labkit from the class file and the teacher's lab file; changes are overwritten.\n"
)
_FOLDERS = ("provision", "network", "images")
_FILES = ("Vagrantfile.j2",)
_KEY = "class.key"


def lab_text(file: spec_model.LabFile) -> str:
    """Return a lab file's text, as a person could have written it."""
    data = file.model_dump(mode="json", exclude_unset=True)
    return _HEAD + yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)


def make(room: plan.Classroom, student: plan.Student) -> pathlib.Path:
    """Bring a student's folder up to date; return its lab file.

    Raises:
        errors.LabError: The disk did not take it.
    """
    home = room.home(student)
    try:
        for each in (home.parent, home):
            each.mkdir(mode=0o700, exist_ok=True)
            each.chmod(0o700)
        for name in _FOLDERS:
            _mirror(room.content / name, home / name)
        for name in _FILES:
            _copy(room.content / name, home / name)
    except OSError as error:
        raise files.refusal(home, error) from error
    file = plan.lab_file(room, student)
    _give_secrets(room, student, file)
    path = home / "lab.yml"
    _write(path, lab_text(file))
    return path


def enrol(room: plan.Classroom, student: plan.Student) -> None:
    """Give a student's folder the key with which its lab signs what the board is to believe.

    Raises:
        errors.LabError: The disk did not take it.
    """
    _write(room.home(student) / log.KEY, f"{key(room, student, log.PURPOSE).reveal()}\n")


def _write(path: pathlib.Path, text: str) -> None:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        workspace.write(path, text)


def remove(room: plan.Classroom, student: plan.Student) -> pathlib.Path | None:
    """Remove what `make` made; return the folder when it holds something else, which stays.

    Raises:
        errors.LabError: Something could not be removed.
    """
    home = room.home(student)
    if not home.is_dir():
        return None
    given = [s.file for s in room.spec.lab.secrets.values() if s.file is not None]
    try:
        for name in (*_FILES, "lab.yml", log.KEY, *given):
            (home / name).unlink(missing_ok=True)
        for name in _FOLDERS:
            if (home / name).is_dir():
                shutil.rmtree(home / name)
        for name in given:
            with contextlib.suppress(OSError):
                (home / name).parent.rmdir()
        if not any(home.iterdir()):
            home.rmdir()
            return None
    except OSError as error:
        raise files.refusal(home, error) from error
    return home


def key(room: plan.Classroom, student: plan.Student, purpose: str) -> secret.Secret:
    """Return a secret of one student for one purpose, the same in every run.

    It is made of the class's own random key, which is kept in the class folder, and of names.

    Args:
        room: The class.
        student: Whose secret.
        purpose: What it is for, for example "events"; each purpose has another one.

    Raises:
        errors.LabError: The disk does not take the class's key.
    """
    words = f"{room.name}\0{student.name}\0{purpose}".encode()
    digest = hmac.digest(_class_key(room.folder), words, "sha256")
    return secret.Secret(base64.b32encode(digest).decode().rstrip("=").lower())


def _class_key(folder: pathlib.Path) -> bytes:
    path = folder / ".class" / _KEY
    try:
        return base64.b64decode(path.read_bytes(), validate=True)
    except (FileNotFoundError, ValueError):
        pass
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise files.refusal(path.parent, error) from error
    made = secrets.token_bytes(32)
    workspace.write(path, base64.b64encode(made).decode())
    return made


def _give_secrets(room: plan.Classroom, student: plan.Student, file: spec_model.LabFile) -> None:
    """Give the student's lab each file with a secret: the teacher's, else one of its own."""
    home = room.home(student)
    for name, source in file.secrets.items():
        if source.file is None:
            continue
        mine, shared = home / source.file, room.content / source.file
        try:
            mine.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if shared.is_file():
                shutil.copyfile(shared, mine)
                mine.chmod(0o600)
        except OSError as error:
            raise files.refusal(mine, error) from error
        if not mine.exists():
            workspace.write(mine, key(room, student, f"secret {name}").reveal())


def _mirror(source: pathlib.Path, target: pathlib.Path) -> None:
    """Make a folder the copy of another one, without writing what is the same."""
    wanted = {
        path.relative_to(source)
        for path in (source.rglob("*") if source.is_dir() else ())
        if path.is_file()
    }
    for name in wanted:
        _copy(source / name, target / name)
    for path in sorted(target.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(target) not in wanted:
            path.unlink()


def _copy(source: pathlib.Path, target: pathlib.Path) -> None:
    if not source.is_file():
        return
    content = source.read_bytes()
    if target.is_file() and target.read_bytes() == content:
        return
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = target.with_name(f".{target.name}.new-{os.getpid()}")
    new.write_bytes(content)
    new.replace(target)
