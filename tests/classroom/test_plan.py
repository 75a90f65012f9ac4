"""Everything of a student's lab follows from two names, and never meets another student's."""

from __future__ import annotations

import ipaddress
import itertools
import pathlib
import string
from typing import TYPE_CHECKING

import hypothesis
import pytest
from hypothesis import strategies

from labkit import errors
from labkit.classroom import folder, load, plan
from labkit.plan import build
from labkit.spec import load as spec_load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labkit.plan import model as plan_model

_LAB = (pathlib.Path(__file__).parents[2] / "lab.yml").read_text(encoding="utf-8")
_MACHINES = ("ansible-01", "k8s-master-01", "k8s-minion-01", "k8s-minion-02")

# Names of hypothesis' own making, and as classes have them: a word and a number.
_WORDS = strategies.text(string.ascii_lowercase + string.digits, min_size=1, max_size=5)
_SOME = strategies.sets(_WORDS, min_size=1, max_size=16)


@pytest.fixture
def classroom(tmp_path: pathlib.Path) -> Callable[..., plan.Classroom]:
    """Return what reads a class of some students."""
    (tmp_path / "lab.yml").write_text(_LAB, encoding="utf-8")

    def read(students: Sequence[str], more: str = "") -> plan.Classroom:
        lines = "".join(f"  {each}\n" for each in students)
        text = f"classroom: k8s-2026\n{more}students:\n{lines}"
        (tmp_path / "class.yml").write_text(text, encoding="utf-8")
        return load.load(tmp_path / "class.yml")

    return read


def _unique(lab: plan_model.Lab) -> set[object]:
    """Return what no two labs may share."""
    found: set[object] = {lab.name, lab.id}
    for machine in lab.machines:
        found |= {machine.uuid, machine.ssh, *(nic.mac for nic in machine.nics)}
    return found


@hypothesis.settings(max_examples=50, deadline=None)
@hypothesis.given(_SOME)
def test_128_students_never_meet(words: set[str]) -> None:
    names = {f"{word}-{number}" for number in range(128) for word in words}
    names = {*sorted(names)[:128]}
    places = [
        (plan.address("k8s-2026", name), plan.ssh_port("k8s-2026", name, machine))
        for name in names
        for machine in _MACHINES
    ]
    assert len(set(places)) == 128 * len(_MACHINES)
    assert len({plan.lab_name("k8s-2026", name) for name in names}) == 128


def test_nothing_of_128_whole_labs_is_the_same(classroom: Callable[..., plan.Classroom]) -> None:
    room = classroom([f"student-{number:03}: {{}}" for number in range(128)])
    found = [_unique(lab) for lab in room.labs.values()]
    assert len(found) == 128
    assert len({*itertools.chain.from_iterable(found)}) == sum(map(len, found))
    addresses = {machine.hostonly for lab in room.labs.values() for machine in lab.machines}
    assert len(addresses) == len(_MACHINES), "inside, each student's lab looks the same"


def test_others_come_go_and_move_without_a_trace(
    classroom: Callable[..., plan.Classroom],
) -> None:
    names = ["anna", "bertil", "chiyo", "daiki"]
    all_of_them = classroom([f"{name}: {{}}" for name in names]).labs
    for some in itertools.chain(itertools.permutations(names, 2), itertools.permutations(names)):
        assert classroom([f"{name}: {{}}" for name in some]).labs == {
            name: all_of_them[name] for name in some
        }


def test_figures_that_follow_from_names_never_change(
    classroom: Callable[..., plan.Classroom],
) -> None:
    lab = classroom(["taro: {}"]).labs["taro"]
    assert lab.name == "k8s-2026--taro"
    assert [machine.ssh for machine in lab.machines] == [
        "127.176.30.102:14377",
        "127.176.30.102:20241",
        "127.176.30.102:22136",
        "127.176.30.102:11147",
    ]


@hypothesis.given(_WORDS, _WORDS)
def test_addresses_are_of_this_host_and_no_special_ones(classroom: str, student: str) -> None:
    address = plan.address(classroom, student)
    assert address in ipaddress.IPv4Network("127.0.0.0/8")
    octets = address.packed
    assert 1 <= octets[1] <= 254
    assert 1 <= octets[3] <= 254
    for machine in _MACHINES:
        assert 10240 <= plan.ssh_port(classroom, student, machine) < 32768


def test_the_written_lab_file_is_the_planned_lab(
    classroom: Callable[..., plan.Classroom],
) -> None:
    more = "provider: virtualbox\n"
    room = classroom(["taro: {memory: 1 GiB, cpus: 2, disk: 9 GiB}", "jiro: {}"], more)
    for student in room.students:
        file = folder.make(room, student)
        assert build.build(spec_load.load(file)) == room.labs[student.name]
    taro = room.labs["taro"].machines[0]
    assert (taro.memory_mib, taro.cpus, taro.disk_gib) == (1024, 2, 9)
    assert room.labs["jiro"].machines[0].memory_mib == 512
    assert room.labs["jiro"].provider == "virtualbox"
    assert room.labs["jiro"].provider_options["internal"] is True


def test_hosts_share_the_students_and_a_new_one_moves_only_to_itself(
    classroom: Callable[..., plan.Classroom],
) -> None:
    names = [f"s-{number}: {{}}" for number in range(90)]
    two = classroom(names, "hosts: {a: {memory: 32 GiB}, b: {memory: 64 GiB}}\n")
    before = {student.name: student.host.name for student in two.students}
    assert 15 <= list(before.values()).count("a") <= 45
    three = classroom(names, "hosts: {a: {memory: 32 GiB}, b: {memory: 64 GiB}, c: {}}\n")
    for student in three.students:
        assert student.host.name in {before[student.name], "c"}


def test_an_unknown_student(classroom: Callable[..., plan.Classroom]) -> None:
    room = classroom(["taro: {}", "hanako: {}"])
    assert [each.name for each in room.choose([])] == ["hanako", "taro"]
    with pytest.raises(errors.LabError) as caught:
        room.choose(["tarou"])
    assert (caught.value.message, caught.value.hint) == (
        "class 'k8s-2026' has no student 'tarou'",
        "did you mean 'taro'?",
    )


def test_a_student_on_a_vcenter_has_the_vlan_of_the_roster(tmp_path: pathlib.Path) -> None:
    (tmp_path / "lab.yml").write_text(
        "lab: x\nprovider: vsphere\nproviders:\n  vsphere:\n    resource_pool: C\n    template: T\n"
        "    nat: {name: Students}\n    addresses: guest\n    hostonly: {switch: DVS, vlan: 7}\n"
        "machines: {a: {nat: 10.0.2.61, hostonly: 192.168.56.61}}\n"
    )
    (tmp_path / "class.yml").write_text(
        "classroom: k8s\nlab: lab.yml\nstudents: {taro: {}, jiro: {vlan: 8}}\n"
    )
    room = load.load(tmp_path / "class.yml")
    groups = {
        student.name: plan.lab_file(room, student).providers.vsphere.hostonly
        for student in room.students
    }
    assert {name: group and group.vlan for name, group in groups.items()} == {"taro": 7, "jiro": 8}
