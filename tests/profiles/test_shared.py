"""What is the same for everybody, and what a machine is born with."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from labkit import errors
from labkit.plan import model, stranger
from labkit.profiles import load, shared
from labkit.profiles import shelf as shelves

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterable

    from labkit.images import carried
    from labkit.ssh import keyring

PROFILE = """\
operations:
  - why: Everybody's
    file: {path: /etc/motd, content: "Hello"}
  - why: The machine's own
    file: {path: /etc/issue, content: "This is {{ machine.name }}"}
  - why: The lab's own
    line: {path: /etc/hosts.allow, line: "lab {{ lab.id }}"}
  - why: A secret
    file: {path: /root/token, content: "{{ secrets.token }}", mode: "0600"}
  - why: Left to each machine
    tags: [per-machine]
    directory: {path: /srv/mine}
"""


@pytest.fixture
def lab(default_lab: model.Lab) -> model.Lab:
    machines = tuple(
        dataclasses.replace(each, profiles=(*each.profiles, "extra"))
        for each in default_lab.machines
    )
    secrets = {"token": model.SecretSource("env", "LABKIT_TESTS_TOKEN")}
    return dataclasses.replace(default_lab, machines=machines, secrets=secrets)


@pytest.fixture
def shelf(tmp_path: pathlib.Path) -> shelves.Shelf:
    (tmp_path / "provision").mkdir()
    (tmp_path / "provision" / "extra.yml").write_text(PROFILE)
    return shelves.Shelf(tmp_path)


def _said(steps: tuple[load.Step, ...]) -> list[str]:
    return [
        f"{step.kind} {getattr(step.operation, 'path', '')}".strip()
        for step in steps
        if step.origin.rpartition(":")[0].endswith("extra.yml")
    ]


def test_what_is_the_same_for_everybody(lab: model.Lab, shelf: shelves.Shelf) -> None:
    steps = shared.steps(lab, lab.machine("ansible-01"), shelf)
    assert _said(steps) == ["file /etc/motd"]
    kinds = {step.kind for step in steps}
    assert {"sysctl", "selinux", "time_zone", "packages"} <= kinds
    assert not kinds & {"hostname", "hosts", "connection", "authorized_key", "clock", "known_hosts"}
    paths = {getattr(step.operation, "path", "") for step in steps}
    assert "/root/k8s-manual/ansible.cfg" in paths
    assert not paths & {"/root/.ssh/id_ed25519", "/root/k8s-manual/ansible_hosts"}


def test_two_students_share_it(lab: model.Lab, shelf: shelves.Shelf) -> None:
    other = dataclasses.replace(lab, name="other", id="0" * 12)
    one, two = (shared.steps(each, each.machines[1], shelf) for each in (lab, other))
    assert [each.operation for each in one] == [each.operation for each in two]


def test_what_a_machine_is_born_with(
    lab: model.Lab,
    shelf: shelves.Shelf,
    make_keys: Callable[[model.Lab], keyring.Keyring],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("LABKIT_TESTS_TOKEN", raising=False)  # it is not even read
    machine = lab.machine("ansible-01")
    keys = make_keys(lab)
    own = shared.without_secrets(lab, machine, keys, shelf)
    given = {
        "/etc/hosts": "127.0.0.1 localhost\n127.0.1.1 ansible-01\n",
        "/root/.ssh/authorized_keys": f"{keys.login.public}\n",
    }
    files = {file.path: file for file in shared.carry(own, given)}
    assert "/root/token" not in files
    assert files["/etc/issue"].text == "This is ansible-01"
    hosts = files["/etc/hosts"].text.splitlines()
    assert hosts[0] == "127.0.0.1 localhost"
    assert "192.168.56.61 k8s-master-01.lab.internal k8s-master-01" in hosts
    assert files["/root/.ssh/authorized_keys"].text == (
        f"{keys.login.public}\n{keys.ansible.public}\n"
    )
    assert files["/root/.ssh/id_ed25519"].text == keys.ansible.private.reveal()
    assert files["/root/.ssh/id_ed25519"].mode == 0o600
    assert "PRIVATE" not in repr(files)
    # Each of them holds: the operation that wrote it last has nothing left to say to it.
    again = {
        file.path: file.text for file in shared.carry(own, {**given, **_texts(files.values())})
    }
    assert again == _texts(files.values())


def _texts(files: Iterable[carried.File]) -> dict[str, str]:
    return {file.path: file.text for file in files}


def test_a_profile_that_only_one_lab_can_fill_in(lab: model.Lab, shelf: shelves.Shelf) -> None:
    (shelf.folder / "provision" / "extra.yml").write_text(
        "operations:\n- why: By name\n"
        "  file: {path: /etc/x, content: \"{{ hosts['192.168.56.61'][0] }}\"}\n"
    )
    with pytest.raises(errors.FileError) as caught:
        shared.steps(lab, lab.machines[0], shelf)
    assert "cannot be filled in" in str(caught.value)


def test_a_stranger_has_nothing_of_the_lab(default_lab: model.Lab) -> None:
    strange = stranger.of(default_lab)
    assert strange.name != default_lab.name
    assert strange.id != default_lab.id
    for one, two in zip(default_lab.machines, strange.machines, strict=True):
        same = {"roles", "profiles", "image", "cpus", "memory_mib", "disk_gib", "selinux",
                "time_zone", "packages", "sysctl", "sudo_password"}  # fmt: skip
        for field in dataclasses.fields(model.Machine):
            equal = getattr(one, field.name) == getattr(two, field.name)
            assert equal == (field.name in same), field.name
        for nic, other in zip(one.nics, two.nics, strict=True):
            assert nic.kind == other.kind
            assert nic.mac != other.mac
            assert nic.address != other.address
            assert nic.connection != other.connection
    for network, other in zip(default_lab.networks, strange.networks, strict=True):
        assert not network.subnet.overlaps(other.subnet)
