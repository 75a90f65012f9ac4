"""A class on a simulated vCenter: looked at as a whole, by one call."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

from labkit.classroom import act, capacity, folder, standing
from labkit.providers.vsphere import journal, site
from labkit.tasks.classroom import _base
from tests.e2e.vsphere import school, vcenter

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping

    from labkit.classroom import plan

pytestmark = pytest.mark.e2e
_STUDENTS = 12


@pytest.fixture
def room(
    simulated: vcenter.Vcenter, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> plan.Classroom:
    school.environment(simulated, monkeypatch)
    hostonly = {"switch": "DVS0"}
    said = school.settings(simulated, folder="classes", addresses="guest", hostonly=hostonly)
    file = school.write(tmp_path, "python", said, 2)
    (tmp_path / "class.yml").write_text("classroom: python\nlab: lab.yml\nroster: roster.csv\n")
    text = io.StringIO()
    rows = [(f"s{number:02}", str(100 + number)) for number in range(_STUDENTS)]
    csv.writer(text).writerows([("name", "vlan"), *rows])
    (tmp_path / "roster.csv").write_text(text.getvalue())
    return _base.open_class(str(file.with_name("class.yml")))


def _look(there: vcenter.Vcenter, room: plan.Classroom) -> Mapping[str, standing.Standing]:
    site.close_all()
    there.reset()
    return standing.look(room, room.students)


def _words(found: Mapping[str, standing.Standing]) -> set[str]:
    return {each.word for each in found.values()}


def test_the_status_of_a_class_is_one_call(
    simulated: vcenter.Vcenter, room: plan.Classroom
) -> None:
    assert _words(_look(simulated, room)) == {"absent"}
    assert simulated.counts().calls == {
        "CreateContainerView": 1,
        "Login": 1,
        "RetrievePropertiesEx": 2,
        "RetrieveServiceContent": 1,
    }
    files = tuple(folder.make(room, student) for student in room.students)
    labs = school.School(simulated, files)
    assert labs.up() == {}
    assert _words(_look(simulated, room)) == {"up"}
    assert simulated.counts().calls == {
        "Login": 1, "RetrievePropertiesEx": 1, "RetrieveServiceContent": 1,
    }  # fmt: skip
    simulated.make("guest", folder=simulated.folder("python--s03"))
    assert _words(_look(simulated, room)) == {"up"}
    assert simulated.counts().calls["RetrievePropertiesEx"] == 2, "what a stranger is"


def test_one_lab_that_cannot_be_seen_hides_no_other(
    simulated: vcenter.Vcenter, room: plan.Classroom
) -> None:
    files = tuple(folder.make(room, student) for student in room.students)
    assert school.School(simulated, files[:2]).up() == {}
    assert school.School(simulated, files[:1]).destroy() == {}
    standing.space(room, room.students[0]).make()
    journal.Journal(standing.space(room, room.students[0]).path / "vsphere.json").keep_folder(
        "group-v9999"
    )
    found = _look(simulated, room)
    words = [found[student.name].word for student in room.students]
    assert words == ["absent", "up", *["absent"] * (_STUDENTS - 2)]


def test_a_class_on_a_vcenter_takes_nothing_of_this_host(room: plan.Classroom) -> None:
    act.preflight(room, room.students, capacity.Host(memory_mib=2048, cpus=1, disk_mib=4096))
