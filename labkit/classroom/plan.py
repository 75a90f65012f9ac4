"""What a class will be: each student's lab, from two names alone. Pure."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import ipaddress
import math
from typing import TYPE_CHECKING

from labkit import errors
from labkit.classroom import model
from labkit.plan import build
from labkit.plan import model as plan_model
from labkit.spec import load as spec_load
from labkit.spec import words

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping, Sequence

    from labkit.spec import model as spec_model

# As derive.py has them: below Linux's ephemeral ports and above well-known services.
_FIRST_PORT = 10240
_PORTS = 32768 - _FIRST_PORT


@dataclasses.dataclass(frozen=True, slots=True)
class Host:
    """A host of the class, and what it may give; None where the host itself is asked."""

    name: str
    """Empty for the host that labkit runs on, when the class file names none."""
    provider: str
    memory_mib: int | None = None
    cpus: int | None = None
    disk_gib: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Student:
    """One student."""

    name: str
    """A label of lower-case letters, digits and '-'; unlike any other of the class."""
    display: str
    """The name as people write it."""
    mail: str | None
    host: Host
    lab: str
    """The name of the student's lab."""
    address: ipaddress.IPv4Address
    """The address of the host, in 127.0.0.0/8, on which the SSH of this student's machines is."""
    entry: model.StudentEntry
    """What the roster says."""


@dataclasses.dataclass(frozen=True)
class Classroom:
    """A whole class."""

    name: str
    folder: pathlib.Path
    """Where the class file is; absolute."""
    students: tuple[Student, ...]
    """Sorted by name, so that the order in the roster means nothing."""
    hosts: tuple[Host, ...]
    jobs: int | None
    spec: spec_load.Spec
    """The lab file."""
    content: pathlib.Path
    """The folder of the lab file, whose provision/, network/ and images/ all labs use."""

    @functools.cached_property
    def labs(self) -> Mapping[str, plan_model.Lab]:
        """The plan of each student's lab, by the student's name."""
        return {student.name: lab(self, student) for student in self.students}

    def choose(self, names: Sequence[str]) -> tuple[Student, ...]:
        """Return the students of these names, or all when there are none.

        Raises:
            errors.LabError: A name is not one of the class's.
        """
        known = {student.name: student for student in self.students}
        for name in names:
            if name not in known:
                raise errors.LabError(
                    f"class '{self.name}' has no student {words.show(name)}",
                    hint=words.nearest(name, known, otherwise="its students are:"),
                )
        return tuple(known[name] for name in names) or self.students

    def home(self, student: Student) -> pathlib.Path:
        """Return the student's lab folder, which only the class's owner may open."""
        return self.folder / "students" / student.name


def lab_name(classroom: str, student: str) -> str:
    """Return the name of a student's lab; neither name has '--' in it, so no two are the same."""
    return f"{classroom}--{student}"


def address(classroom: str, student: str) -> ipaddress.IPv4Address:
    """Return the loopback address of a student's lab: one of 16,516,096.

    Left out are 127.0.0.0/16, where resolvers and Debian's own host name are, 127.255.0.0/16, and
    each network's first and last address, which other systems than Linux treat in a special way.
    """
    number = int.from_bytes(_digest("loopback", classroom, student)[:8])
    number, last = divmod(number, 254)
    number, third = divmod(number, 256)
    return ipaddress.IPv4Address(f"127.{1 + number % 254}.{third}.{1 + last}")


def ssh_port(classroom: str, student: str, machine: str) -> int:
    """Return the port of a machine's SSH on the student's address.

    Machines keep their distances whoever the student is and whatever the class is called: two of
    them have the same port either everywhere or nowhere, which is seen before anything is made.
    And should two of a hundred students ever have the same address, their ports differ still.
    """
    first = int.from_bytes(_digest("ports", classroom, student)[:4])
    distance = int.from_bytes(_digest("port", machine)[:4])
    return _FIRST_PORT + (first + distance) % _PORTS


def host_of(classroom: str, student: str, hosts: tuple[Host, ...]) -> Host:
    """Return the host of a student who was not given one, by weighted rendezvous hashing.

    Each host draws a number for each student, and the highest wins: a host that comes takes
    students from all others and moves nobody else (Thaler and Ravishankar, 1998). Hosts with more
    memory win more often.
    """

    def score(host: Host) -> float:
        drawn = int.from_bytes(_digest("host", classroom, student, host.name)[:8])
        return -(host.memory_mib or 1024) / math.log((drawn + 1) / (2**64 + 1))

    return max(hosts, key=score)


def lab_file(classroom: Classroom, student: Student) -> spec_model.LabFile:
    """Return the lab file of a student: the teacher's, under another name and at other ports."""
    lab = classroom.spec.lab
    own = {
        key: value
        for key in ("memory", "cpus", "disk")
        if (value := getattr(student.entry, key)) is not None
    }
    machines = {
        name: entry.model_copy(
            update={
                **own,
                "ssh_port": entry.ssh_port or ssh_port(classroom.name, student.name, name),
            }
        )
        for name, entry in lab.machines.items()
    }
    lab = lab.model_copy(update={"providers": _providers(lab.providers, student)})
    return lab.model_copy(
        update={
            "lab": student.lab,
            "provider": student.host.provider,
            "ssh_address": student.address,
            "machines": machines,
        }
    )


def _providers(known: spec_model.Providers, student: Student) -> spec_model.Providers:
    """Give the student a segment of its own, where labs of one host would share it."""
    if student.host.provider == "virtualbox":
        # Its host-only network would be one for all students, with the same addresses twice.
        own = known.virtualbox.model_copy(update={"internal": True})
        return known.model_copy(update={"virtualbox": own})
    group = known.vsphere.hostonly
    if student.host.provider == "vsphere" and group is not None and student.entry.vlan is not None:
        group = group.model_copy(update={"vlan": student.entry.vlan})
        own = known.vsphere.model_copy(update={"hostonly": group})
        return known.model_copy(update={"vsphere": own})
    return known


def lab(classroom: Classroom, student: Student) -> plan_model.Lab:
    """Return the plan of a student's lab.

    Raises:
        errors.FileError: Two machines fell on the same SSH port, as in each lab of this class.
    """
    file = lab_file(classroom, student)
    return build.build(spec_load.Spec(file, classroom.spec.document))


def pretend(classroom: Classroom, count: int) -> Classroom:
    """Return the class with so many students of invented names, all like the lab file's."""
    hosts = classroom.hosts
    names = [f"student-{number:03}" for number in range(1, count + 1)]
    students = tuple(
        Student(
            name=name,
            display=name,
            mail=None,
            host=host_of(classroom.name, name, hosts),
            lab=lab_name(classroom.name, name),
            address=address(classroom.name, name),
            entry=model.StudentEntry(),
        )
        for name in names
    )
    return dataclasses.replace(classroom, students=students)


def _digest(*names: str) -> bytes:
    return hashlib.sha256("\0".join(names).encode()).digest()
