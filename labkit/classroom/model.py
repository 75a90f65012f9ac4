"""The shape of a class file: which keys there are, of which types, with which defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import pydantic

from labkit.classroom import texts
from labkit.spec import model as spec_model
from labkit.spec import sizes, vcenter
from labkit.spec import texts as spec_texts

MOST = 1000
"""Students of a class."""
Jobs = Annotated[int, pydantic.Field(ge=1, le=256)]


class _Model(pydantic.BaseModel):
    """Nothing is converted, nothing is ignored, nothing changes afterwards."""

    model_config = pydantic.ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )


class StudentEntry(_Model):
    """One student, by what the lab of this student has in another way than the others'."""

    display: texts.Display | None = None
    """The name as people write it; without it, the student's name."""
    mail: texts.Mail | None = None
    """Where the student gets mail."""
    host: texts.HostName | None = None
    """The host that the lab is on; without it, one follows from the names."""
    memory: sizes.Memory | None = None
    """Memory of each of this student's machines."""
    cpus: spec_model.Cpus | None = None
    """Virtual CPUs of each of this student's machines."""
    disk: sizes.Disk | None = None
    """Disk of each of this student's machines."""
    vlan: vcenter.Vlan | None = None
    """On a vCenter, the VLAN of the port group that labkit makes for this student's second cards;
    without it, the lab file's."""


class HostEntry(_Model):
    """One host of the class; what is not said is asked of the host itself."""

    provider: spec_texts.ProviderName | None = None
    """What makes the machines on this host; without it, the class's provider."""
    memory: sizes.Memory | None = None
    """Memory that the class may use."""
    cpus: spec_model.Cpus | None = None
    """Processors that the class may use."""
    disk: sizes.Disk | None = None
    """Disk space that the class may use."""


class ClassFile(_Model):
    """A class: its students, the lab that each of them has, and where the labs are."""

    classroom: texts.ClassroomName
    """The classroom's name; a student's lab is called CLASSROOM--STUDENT."""
    lab: texts.FileName = "lab.yml"
    """The lab file of which each student's lab is made."""
    provider: spec_texts.ProviderName | None = None
    """What makes the machines; without it, the lab file's provider."""
    jobs: Jobs | None = None
    """Labs that are worked on at the same time; without it, as many as the processors are for."""
    hosts: Mapping[texts.HostName, HostEntry] = {}
    """The hosts by their names; without any, all labs are on the host that labkit runs on."""
    roster: texts.FileName | None = None
    """A CSV file with a line for each student."""
    students: Mapping[texts.StudentName, StudentEntry] = {}
    """The students by their names, in the place of a roster."""
