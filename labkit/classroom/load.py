"""From `class.yml` and its roster to a classroom, or to every problem in them at once."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

import pydantic

from labkit import errors
from labkit.classroom import model, plan, roster, rules, shared_networks, small_disks
from labkit.images import listing
from labkit.spec import document as documents
from labkit.spec import filekind, messages, source
from labkit.spec import load as spec_load

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

    from labkit.spec import host as hosts


@dataclasses.dataclass(frozen=True, slots=True)
class Spec:
    """What a class file and its roster say, and where they say it."""

    file: model.ClassFile
    document: documents.Document
    students: model.ClassFile
    """The class file with the roster's students, if there is a roster."""
    rows: documents.Document
    """Where the students are written: the roster, else the class file."""

    def problem(self, student: str, key: str, message: str, hint: str) -> errors.Problem:
        """Make the problem of a student's value; of the name itself when the key is empty."""
        path = ("students", student, key) if key else ("students", student)
        return self.rows.problem(self.rows.locate(path), message, hint)


def load(path: pathlib.Path, host: hosts.Host | None = None) -> plan.Classroom:
    """Read a class file, its roster and its lab file.

    Args:
        path: The class file.
        host: What one lab must fit on; None leaves out the rules about it.

    Raises:
        errors.FileError: One of them is wrong; carries all problems of the first that is.
        errors.LabError: One of them is missing or cannot be read.
    """
    text = source.read(path, filekind.CLASS)
    spec = parse(text, str(path), path.absolute().parent)
    folder = path.absolute().parent
    lab = folder / spec.file.lab
    return _classroom(spec, folder, spec_load.load(lab, host))


def parse(text: str, name: str, folder: pathlib.Path) -> Spec:
    """Do the same for a text, without the lab file.

    Raises:
        errors.FileError: The text or the roster is wrong.
        errors.LabError: The roster is missing or cannot be read.
    """
    document = documents.compose(text, name, filekind.CLASS)
    file = _validated(document)
    students, rows = file, document
    if file.roster is not None:
        path = folder / file.roster
        rows = roster.compose(source.read(path, filekind.ROSTER), str(path))
        students = _validated(rows, {"classroom": file.classroom})
    spec = Spec(file, document, students, rows)
    _refuse(rules.check(spec))
    return spec


def _validated(
    document: documents.Document, more: dict[str, object] | None = None
) -> model.ClassFile:
    try:
        data = document.data
        found = model.ClassFile.model_validate(
            {**data, **(more or {})} if isinstance(data, dict) else data
        )
    except pydantic.ValidationError as error:
        wrong = messages.explain(error, document, model.ClassFile)
        _refuse(itertools.chain(document.problems, wrong))
        raise
    _refuse(iter(document.problems))
    return found


def _refuse(found: Iterator[errors.Problem]) -> None:
    """Complain about all that was found, or the first hundred of it.

    Raises:
        errors.FileError: There is anything.
    """
    problems = tuple(
        itertools.islice(
            dict.fromkeys(itertools.islice(found, 2 * spec_load.MOST)), spec_load.MOST + 1
        )
    )
    if problems:
        raise errors.FileError(spec_load.most(problems))


def _classroom(spec: Spec, folder: pathlib.Path, lab: spec_load.Spec) -> plan.Classroom:
    file = spec.file
    otherwise = file.provider or lab.lab.provider
    known = tuple(
        plan.Host(name, each.provider or otherwise, each.memory, each.cpus, each.disk)
        for name, each in sorted(file.hosts.items())
    ) or (plan.Host("", otherwise),)
    by_name = {host.name: host for host in known}

    def student(name: str, entry: model.StudentEntry) -> plan.Student:
        host = by_name[entry.host] if entry.host else plan.host_of(file.classroom, name, known)
        return plan.Student(
            name=name,
            display=entry.display or name,
            mail=entry.mail,
            host=host,
            lab=plan.lab_name(file.classroom, name),
            address=plan.address(file.classroom, name),
            entry=entry,
        )

    room = plan.Classroom(
        name=file.classroom,
        folder=folder,
        students=tuple(student(*each) for each in sorted(spec.students.students.items())),
        hosts=known,
        jobs=file.jobs,
        spec=lab,
        content=(folder / file.lab).parent,
    )
    disks = listing.disks(folder=room.content)
    _refuse(
        itertools.chain(shared_networks.check(spec, room), small_disks.check(spec, room, disks))
    )
    return room
