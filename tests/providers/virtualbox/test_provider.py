"""Machines on a VirtualBox that says what the test announced, and takes no other command."""

from __future__ import annotations

import dataclasses
import pathlib
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from labkit import errors, workspace
from labkit.plan import derive
from labkit.providers import base
from labkit.providers.virtualbox import adopt, gc, hardware, power
from labkit.render import boxes
from labkit.render import virtualbox as rendered
from labkit.vagrant import output

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labkit.images import carried
    from labkit.providers import virtualbox
    from labkit.ssh import keys
    from tests import programs as fakes
    from tests.providers.virtualbox.conftest import Box

UP = ("vagrant", "up", "web-01", "--no-provision", "--provider=virtualbox")
SSH = """\
Host web-01
  HostName 127.0.0.1
  User vagrant
  Port 2222
  IdentityFile /keys/web-01
"""


@pytest.fixture
def adopted(monkeypatch: pytest.MonkeyPatch) -> dict[str, output.Ssh]:
    """Let machines take the lab's keys without a word; return who did."""
    found: dict[str, output.Ssh] = {}

    def take(
        machine: str,
        ssh: output.Ssh,
        *,
        user: str,
        login: str,
        host: keys.KeyPair,
        files: Sequence[carried.File],
        scratch: pathlib.Path,
        patience: float,
        narrate: Callable[[str], None],
        alive: Callable[[], None],
    ) -> None:
        assert (user, patience) == ("vagrant", 600)
        assert narrate
        assert alive
        assert (login, host.public) == (_public("login"), _public(machine))
        assert scratch.parent.is_dir()
        assert list(files) == []
        found[machine] = ssh

    monkeypatch.setattr(adopt, "adopt", take)
    return found


def _public(name: str) -> str:
    return f"ssh-ed25519 AAAA{name.encode().hex()} {name}"


def _network(programs: fakes.Programs, *, there: bool = True) -> None:
    card = "Name: vboxnet0\nIPAddress: 192.168.56.1\nNetworkMask: 255.255.255.0\n"
    programs.replace("VBoxManage", "list", "hostonlyifs", out=card if there else "")
    _no_marks(programs)
    _making(programs)


def _grows(programs: fakes.Programs) -> None:
    """Let there be no adapter when it is looked for, and one after it was made."""
    words = ("VBoxManage", "list", "hostonlyifs")
    programs.replace(*words)
    programs.expect(*words)
    programs.expect(*words, out="Name:   vboxnet3\nIPAddress:   192.168.59.1\n")
    _no_marks(programs)
    _making(programs)


def _making(programs: fakes.Programs) -> None:
    """Let it be noted what was there before an adapter is made, and forgotten afterwards."""
    note = ("VBoxManage", "setextradata", "global", "labkit/making-hostonly")
    programs.expect(*note, "[]")
    programs.expect(*note)


def _no_marks(programs: fakes.Programs) -> None:
    programs.replace("VBoxManage", "getextradata", "global", "enumerate")


def test_status_of_a_lab_that_was_never_made_asks_nobody(
    provider: virtualbox.Provider, box: Box
) -> None:
    assert set(provider.status().values()) == {base.State.ABSENT}
    assert box.programs.ran == []


def test_status_is_two_calls_whatever_machines_do(provider: virtualbox.Provider, box: Box) -> None:
    box.say("web-01", "paused")
    box.say("web-02", "saved")
    assert provider.status() == {"web-01": base.State.RUNNING, "web-02": base.State.STOPPED}
    assert box.programs.ran == [
        ["VBoxManage", "list", "vms"],
        ["VBoxManage", "list", "runningvms"],
    ]


def test_a_machine_removed_by_hand_is_absent(provider: virtualbox.Provider, box: Box) -> None:
    box.say("web-01")
    box.say("web-02")
    del box.states["web-01"]
    box.list()
    assert provider.status()["web-01"] is base.State.ABSENT


def test_virtualbox_is_gone(provider: virtualbox.Provider, box: Box) -> None:
    box.say("web-01")
    box.programs.installed.clear()
    with pytest.raises(errors.ProviderError) as caught:
        provider.status()
    assert caught.value.message == "VirtualBox is not installed, or VBoxManage is not on PATH"
    assert caught.value.hint == (
        "install it, or add its folder to PATH: https://www.virtualbox.org/wiki/Downloads"
    )


def test_making_a_machine(
    provider: virtualbox.Provider, box: Box, adopted: dict[str, output.Ssh]
) -> None:
    _network(box.programs)
    box.programs.expect(*UP)
    box.programs.expect("vagrant", "ssh-config", "web-01", out=SSH)
    endpoint = provider.start(box.lab.machine("web-01"))
    key = pathlib.Path("/keys/web-01")
    assert adopted == {"web-01": output.Ssh("127.0.0.1", 2222, "vagrant", (key,))}
    assert box.space.ledger.machines() == {"web-01": workspace.Mark.MADE}
    assert (endpoint.port, endpoint.user) == (box.lab.machine("web-01").ssh_port, "vagrant")


def test_a_machine_that_does_not_come_up_is_gone_on_with_later(
    provider: virtualbox.Provider, box: Box, adopted: dict[str, output.Ssh]
) -> None:
    _network(box.programs)
    box.programs.expect(*UP, status=1, err="Timed out while waiting for the machine to boot")
    with pytest.raises(errors.ProviderError) as caught:
        provider.start(box.lab.machine("web-01"))
    assert caught.value.message == (
        "the machine did not answer in the time that boot_timeout gives it"
    )
    assert box.space.ledger.machines() == {"web-01": workspace.Mark.MAKING}
    box.say("web-01")  # it runs all the same
    box.programs.replace(*UP)
    box.programs.expect("vagrant", "ssh-config", "web-01", out=SSH)
    provider.start(box.lab.machine("web-01"))
    assert set(adopted) == {"web-01"}


def test_a_machine_that_is_off_starts_without_vagrant(
    provider: virtualbox.Provider, box: Box
) -> None:
    box.say("web-01", "poweroff")
    box.space.ledger.set("web-01", workspace.Mark.VERIFIED)
    start = ("VBoxManage", "startvm", box.number("web-01"), "--type", "headless")
    box.programs.expect(*start)
    provider.start(box.lab.machine("web-01"))
    assert box.programs.ran[-1] == list(start)


def test_other_hardware_is_vagrants_affair(provider: virtualbox.Provider, box: Box) -> None:
    box.say("web-01", "poweroff", cpus="4")
    box.space.ledger.set("web-01", workspace.Mark.VERIFIED)
    box.programs.expect(*UP)
    provider.start(box.lab.machine("web-01"))
    assert box.programs.ran[-1] == list(UP)


def test_a_machine_that_runs_is_left_alone_or_refused(
    provider: virtualbox.Provider, box: Box
) -> None:
    box.say("web-01")
    box.space.ledger.set("web-01", workspace.Mark.MADE)
    provider.start(box.lab.machine("web-01"))
    box.say("web-01", memory="64")
    with pytest.raises(errors.ProviderError) as caught:
        provider.start(box.lab.machine("web-01"))
    assert caught.value.message == (
        "web-01 runs with other hardware than lab.yml says now: memory is 64 instead of 512"
    )
    assert caught.value.hint == (
        "'lab.halt --only web-01', then 'lab.up' starts it with the new one"
    )


def test_a_card_that_is_not_there_is_other_hardware(
    provider: virtualbox.Provider, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = {"nics": [{"kind": "nat", "name": None}, {"kind": "internal", "name": "dmz"}]}
    more = dataclasses.replace(box.lab, provider_options={"machines": {"web-01": extra}})
    box.say("web-01")
    box.space.ledger.set("web-01", workspace.Mark.MADE)
    monkeypatch.setattr(provider, "_lab", more)
    with pytest.raises(errors.ProviderError, match=r"now: nic3 is not there instead of nat$"):
        provider.start(more.machine("web-01"))
    planned = hardware.planned(more, more.machine("web-01"))
    mac = derive.extra_mac("first", "web-01", 4).replace(":", "").upper()
    assert (planned["nic4"], planned["macaddress4"]) == ("intnet", mac)


@pytest.mark.parametrize(
    "other",
    [
        {"machines": {"web-01": {"disks": (1,)}}},
        {"machines": {"web-01": {"settings": {"vram": "32"}}}},
        {"resize": False},
    ],
)
def test_other_disks_and_settings_are_other_hardware(
    provider: virtualbox.Provider,
    box: Box,
    other: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = box.lab.machine("web-01")
    box.space.ledger.set("web-01", workspace.Mark.MADE)
    box.say("web-01")
    box.keep("web-01", {rendered.KEY: rendered.extras(machine, box.lab.provider_options)})
    provider.start(machine)
    monkeypatch.setattr(provider, "_lab", dataclasses.replace(box.lab, provider_options=other))
    box.show("web-01", {"VMState": "running"})
    box.keep("web-01", {rendered.KEY: rendered.extras(machine, box.lab.provider_options)})
    with pytest.raises(errors.ProviderError) as caught:
        provider.start(machine)
    assert caught.value.message == (
        "web-01 runs with other hardware than lab.yml says now: its disks or settings are others"
    )
    box.keep("web-01", {})  # made by a labkit that kept no note of them
    provider.start(machine)


def test_a_forward_that_is_not_there_is_other_hardware(
    provider: virtualbox.Provider, box: Box
) -> None:
    box.say("web-02", **{"Forwarding(0)": "x,udp,127.0.0.1,53,,53"})
    box.space.ledger.set("web-02", workspace.Mark.MADE)
    with pytest.raises(errors.ProviderError, match="forwards are"):
        provider.start(box.lab.machine("web-02"))


def test_the_power_button_and_what_follows_when_it_is_ignored(
    provider: virtualbox.Provider, box: Box, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    box.say("web-01")
    number = box.number("web-01")
    box.programs.expect("VBoxManage", "controlvm", number, "acpipowerbutton")
    cut: list[str] = []
    monkeypatch.setattr(power, "cut", cut.append)
    provider.stop(box.lab.machine("web-01"))
    assert cut == [number]
    assert told == ["web-01 ignored its power button for 0 s"]
    box.say("web-02", "poweroff")
    provider.stop(box.lab.machine("web-02"))


def test_destroy_looks_whether_it_has_gone(provider: virtualbox.Provider, box: Box) -> None:
    _no_marks(box.programs)
    box.say("web-01", "poweroff")
    box.space.machine("web-01").mkdir(parents=True)
    box.programs.expect("VBoxManage", "unregistervm", box.number("web-01"), "--delete")
    with pytest.raises(errors.LeftoverError) as caught:
        provider.destroy("web-01")
    assert caught.value.message == f"VirtualBox still has the machine {box.number('web-01')}"
    assert box.space.ledger.machines() == {"web-01": workspace.Mark.REMOVING}
    assert provider.leftovers() == [
        "VirtualBox machine first-web-01",
        str(box.space.machine("web-01")),
    ]


def test_destroy_by_vagrant_of_what_was_removed_by_hand(
    provider: virtualbox.Provider, box: Box
) -> None:
    _no_marks(box.programs)
    box.say("web-01", "poweroff")
    box.states.clear()
    box.list()
    (box.space.path / "Vagrantfile").touch()
    box.programs.expect("vagrant", "destroy", "web-01", "--force")
    provider.destroy("web-01")
    assert provider.leftovers() == []
    assert box.space.ledger.machines() == {}
    assert ["vagrant", "destroy", "web-01", "--force"] in box.programs.ran


def test_the_network_is_made_once_and_only_labkits_own_is_removed(
    provider: virtualbox.Provider, box: Box
) -> None:
    box.programs.expect("vagrant", "--version", out="Vagrant 2.3.4")
    add = ("vagrant", "box", "add", "--provider", "virtualbox", "--name")
    known = boxes.find(boxes.load(), "debian-12", "virtualbox", boxes.host_architecture())
    box.programs.expect(*add, known.name, str(known.url))
    _grows(box.programs)
    mark = ("VBoxManage", "setextradata", "global", "labkit/hostonly/vboxnet3")
    address = ("--ip", "192.168.56.1", "--netmask", "255.255.255.0")
    refused = "VBoxManage: error: Failed to create the host-only adapter"
    box.programs.expect("VBoxManage", "hostonlyif", "create", status=1, err=refused)
    box.programs.expect(*mark, "made")
    box.programs.expect("VBoxManage", "hostonlyif", "ipconfig", "vboxnet3", *address)
    provider.prepare()
    note = ["VBoxManage", "setextradata", "global", "labkit/making-hostonly"]
    assert box.programs.ran[-6:] == [
        [*note, "[]"],
        ["VBoxManage", "hostonlyif", "create"],
        ["VBoxManage", "list", "hostonlyifs"],
        [*mark, "made"],
        note,
        ["VBoxManage", "hostonlyif", "ipconfig", "vboxnet3", *address],
    ]
    marked = "Key: labkit/hostonly/vboxnet3, Value: made\nKey: GUI/x, Value: 1\n"
    box.programs.replace("VBoxManage", "getextradata", "global", "enumerate", out=marked)
    card = "Name: vboxnet3\nIPAddress: 192.168.56.1\nNetworkMask: 255.255.255.0\n"
    other = "\nName: vboxnet0\nIPAddress: 192.168.57.1\nNetworkMask: 255.255.255.0\n"
    box.programs.replace("VBoxManage", "list", "hostonlyifs", out=card + other)
    box.programs.expect("VBoxManage", "hostonlyif", "remove", "vboxnet3")
    box.programs.expect(*mark)
    provider.clear()
    assert box.programs.ran[-2:] == [["VBoxManage", "hostonlyif", "remove", "vboxnet3"], [*mark]]


def test_an_address_that_virtualbox_does_not_allow_leaves_no_adapter(
    provider: virtualbox.Provider, box: Box
) -> None:
    _grows(box.programs)
    mark = ("VBoxManage", "setextradata", "global", "labkit/hostonly/vboxnet3")
    address = ("--ip", "192.168.56.1", "--netmask", "255.255.255.0")
    box.programs.expect("VBoxManage", "hostonlyif", "create")
    box.programs.expect(*mark, "made")
    refused = "VBoxManage: error: Code E_ACCESSDENIED (0x80070005) - Access denied"
    box.programs.expect(
        "VBoxManage", "hostonlyif", "ipconfig", "vboxnet3", *address, status=1, err=refused
    )
    box.programs.expect("VBoxManage", "hostonlyif", "remove", "vboxnet3")
    box.programs.expect(*mark)
    with pytest.raises(errors.ProviderError):
        provider.start(box.lab.machine("web-01"))
    assert box.programs.ran[-2:] == [["VBoxManage", "hostonlyif", "remove", "vboxnet3"], [*mark]]


def test_an_adapter_that_could_not_be_made(provider: virtualbox.Provider, box: Box) -> None:
    _network(box.programs, there=False)
    box.programs.expect("VBoxManage", "hostonlyif", "create", status=1, err="no more")
    with pytest.raises(errors.ProviderError, match="no more"):
        provider.start(box.lab.machine("web-01"))


def test_an_adapter_that_a_killed_run_was_making_is_labkits(
    provider: virtualbox.Provider, box: Box
) -> None:
    words = ("VBoxManage", "getextradata", "global", "enumerate")
    noted = 'Key: labkit/making-hostonly, Value: ["vboxnet0"]\n'
    marked = "Key: labkit/hostonly/vboxnet1, Value: made\n"
    box.programs.expect(*words, out=noted)
    box.programs.expect(*words, out=marked)
    cards = "Name: vboxnet0\n\nName: vboxnet1\nIPAddress: 192.168.57.1\nNetworkMask: 255.0.0.0\n"
    box.programs.replace("VBoxManage", "list", "hostonlyifs", out=cards)
    _making(box.programs)
    mark = ("VBoxManage", "setextradata", "global", "labkit/hostonly/vboxnet1")
    box.programs.expect(*mark, "made")
    box.programs.expect(*mark)
    box.programs.expect("VBoxManage", "hostonlyif", "remove", "vboxnet1")
    provider.clear()
    assert [*mark, "made"] in box.programs.ran
    assert box.programs.ran[-2:] == [["VBoxManage", "hostonlyif", "remove", "vboxnet1"], [*mark]]


def test_a_machine_that_a_killed_vagrant_forgot_is_removed(
    provider: virtualbox.Provider, box: Box, told: list[str]
) -> None:
    provider.mend()
    assert box.programs.ran == []
    box.say("web-01", "poweroff")
    (box.space.path / ".vagrant/machines/web-01/virtualbox/id").unlink()
    box.space.ledger.set("web-01", workspace.Mark.MAKING)
    number = box.number("web-01")
    box.keep("web-01", {"labkit/folder": str(box.space.path)})
    assert provider.leftovers() == ["VirtualBox machine first-web-01"]
    box.programs.expect("VBoxManage", "unregistervm", number, "--delete")
    with pytest.raises(errors.LeftoverError):  # the fake still has it
        provider.mend()
    assert told == ["VirtualBox machine first-web-01 is there, and Vagrant forgot it: removed"]


CLONE = "temp_clone_1764230000123_4711"


def _cloned(box: Box, machine: str) -> None:
    """Let Vagrant be killed while VirtualBox clones a machine for the lab."""
    folder = box.space.machine(machine)
    folder.mkdir(parents=True)
    words = (
        f'["VBoxManage", "clonevm", "m", "--register", "--name", "{CLONE}", "--options", "link"]'
    )
    (folder / "vagrant.log").write_text(f" INFO subprocess: Starting process: {words}\n")
    box.space.ledger.set(machine, workspace.Mark.MAKING)


def test_a_clone_that_vagrant_was_killed_in_is_removed_and_a_foreign_one_is_not(
    provider: virtualbox.Provider, box: Box, told: list[str]
) -> None:
    ours, theirs = "11111111-0000-4000-8000-000000000000", "22222222-0000-4000-8000-000000000000"
    foreign = f'"temp_clone_1764230000124_4711" {{{theirs}}}\n'
    listed = ("VBoxManage", "list", "vms")
    box.programs.replace(*listed, out=f'"{CLONE}" {{{ours}}}\n{foreign}')
    for number in (ours, theirs):
        show = ("VBoxManage", "showvminfo", number, "--machinereadable")
        box.programs.expect(*show, out='groups="/"\nVMState="poweroff"\n')
    box.space.ledger.set("web-01", workspace.Mark.MAKING)
    assert provider.leftovers() == [], "nothing says that the clone is the lab's"
    _cloned(box, "web-01")
    assert provider.leftovers()[0] == f"VirtualBox machine {CLONE}"
    found = [(each.entry, each.machine, each.what) for each in gc.find()]
    assert found == [(box.space.entry, "web-01", f"VirtualBox machine {CLONE}")]
    box.programs.expect("VBoxManage", "unregistervm", ours, "--delete")
    both = f'"{CLONE}" {{{ours}}}\n{foreign}'
    box.programs.replace(*listed, out=both)
    for answer in (both, foreign):  # looked at twice, and again when it was removed
        box.programs.expect(*listed, out=answer)
    provider.mend()
    assert told == [f"VirtualBox machine {CLONE} is there, and Vagrant forgot it: removed"]
    assert ["VBoxManage", "unregistervm", theirs, "--delete"] not in box.programs.ran


def _half_cloned(box: Box, path: pathlib.Path) -> pathlib.Path:
    """Let VirtualBox be killed in that clone too, so that there is a folder and no machine."""
    half = path / "vms" / CLONE
    (half / "Snapshots").mkdir(parents=True)
    (path / "vms" / "temp_clone_1764230000124_4711").mkdir()
    said = f"Default machine folder:          {half.parent}\n"
    box.programs.expect("VBoxManage", "list", "systemproperties", out=said)
    disk = f"UUID:           4a8699e1\nLocation:       {half}/Snapshots/x.vmdk\n"
    other = f"UUID:           f2297580\nLocation:       {half}-of-others/x.vmdk\n"
    box.programs.expect("VBoxManage", "list", "hdds", out=f"{disk}\n{other}")
    _cloned(box, "web-01")
    return half


def test_the_folder_of_a_clone_that_virtualbox_was_killed_in_is_removed(
    provider: virtualbox.Provider, box: Box, told: list[str], tmp_path: pathlib.Path
) -> None:
    half = _half_cloned(box, tmp_path)
    what = f"VirtualBox folder {half}"
    assert provider.leftovers()[0] == what
    found = [each for each in gc.find() if each.entry == box.space.entry]
    assert [(each.machine, each.what) for each in found] == [("web-01", what)]
    box.programs.expect("VBoxManage", "closemedium", "disk", "4a8699e1")
    provider.destroy("web-01")
    assert told == []
    assert sorted(each.name for each in half.parent.iterdir()) == ["temp_clone_1764230000124_4711"]
    _cloned(box, "web-01")
    half.mkdir()
    provider.mend()
    assert told == [f"{what} is there, and Vagrant forgot it: removed"]
    assert not half.exists()


def test_a_folder_that_a_machine_is_in_stays(
    provider: virtualbox.Provider, box: Box, tmp_path: pathlib.Path
) -> None:
    half = _half_cloned(box, tmp_path)
    number = "33333333-0000-4000-8000-000000000000"
    box.programs.replace("VBoxManage", "list", "vms", out=f'"renamed" {{{number}}}\n')
    show = ("VBoxManage", "showvminfo", number, "--machinereadable")
    box.programs.expect(*show, out=f'groups="/"\nCfgFile="{half}/renamed.vbox"\n')
    provider.mend()
    assert half.exists()


def test_a_folder_that_cannot_be_removed(
    provider: virtualbox.Provider,
    box: Box,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    half = _half_cloned(box, tmp_path)
    box.programs.expect("VBoxManage", "closemedium", "disk", "4a8699e1", status=1, err="busy")

    def rmtree(path: pathlib.Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(shutil, "rmtree", rmtree)
    with pytest.raises(errors.LeftoverError) as caught:
        provider.mend()
    assert caught.value.message == f"{half} cannot be removed: Permission denied"
    assert caught.value.hint == "close VirtualBox, then run the same task again"


def test_what_vagrant_has_noted_is_not_forgotten(provider: virtualbox.Provider, box: Box) -> None:
    number = "33333333-0000-4000-8000-000000000000"
    box.programs.replace("VBoxManage", "list", "vms", out=f'"{CLONE}" {{{number}}}\n')
    show = ("VBoxManage", "showvminfo", number, "--machinereadable")
    box.programs.expect(*show, out='groups="/"\n')
    _cloned(box, "web-01")
    master = box.space.folder / "vagrant-home/boxes/rig-VAGRANTSLASH-x/0/amd64/virtualbox/master_id"
    master.parent.mkdir(parents=True)
    master.write_text(number)
    provider.mend()
    master.write_text("another")
    note = box.space.path / ".vagrant/machines/web-02/virtualbox/id"
    note.parent.mkdir(parents=True)
    note.write_text(number)
    provider.mend()


def test_vagrant_logs_what_it_makes_where_it_can(
    provider: virtualbox.Provider, box: Box, adopted: dict[str, output.Ssh]
) -> None:
    assert adopted == {}
    there = "boxes/labkit-VAGRANTSLASH-debian-12-12.20250126.1/0/virtualbox/metadata.json"
    path = box.space.folder / "vagrant-home" / there
    path.parent.mkdir(parents=True)
    path.touch()
    log = box.space.machine("web-01") / "vagrant.log"
    for said, expected in (("Vagrant 2.3.3", None), ("Vagrant 2.3.4", str(log))):
        _network(box.programs)
        box.programs.replace("vagrant", "--version", out=said)
        provider.prepare()
        box.programs.replace(*UP)
        box.programs.replace("vagrant", "ssh-config", "web-01", out=SSH)
        provider.start(box.lab.machine("web-01"))
        (number,) = (n for n, ran in enumerate(box.programs.ran) if ran == list(UP))
        assert box.programs.environments[number].get("VAGRANT_LOG_FILE") == expected
        box.programs.forget()
        box.programs.environments.clear()


def test_snapshots_say_when_and_how_they_were_taken(
    provider: virtualbox.Provider, box: Box
) -> None:
    box.say(
        "web-01",
        SnapshotName="labkit-one",
        SnapshotDescription="labkit 1700000000.500 running",
        **{
            "SnapshotName-1": "labkit-two",
            "SnapshotDescription-1": "labkit 1700000001.000 off",
            "SnapshotName-1-1": "somebody's",
            "SnapshotDescription-1-1": "",
        },
    )
    machine = box.lab.machine("web-01")
    assert provider.snapshots(machine) == {
        "one": base.Snapshot(1700000000.5, running=True),
        "two": base.Snapshot(1700000001.0, running=False),
    }
    assert provider.snapshots(box.lab.machine("web-02")) == {}
    with pytest.raises(errors.ProviderError) as caught:
        provider.restore(machine, "three")
    assert caught.value.message == ("web-01 could not be brought back: it has no snapshot 'three'")
    number = box.number("web-01")
    box.programs.expect("VBoxManage", "snapshot", number, "delete", "labkit-two")
    provider.discard(machine, "two")
    provider.discard(machine, "somebody's")
    assert [words for words in box.programs.ran if "delete" in words] == [
        ["VBoxManage", "snapshot", number, "delete", "labkit-two"]
    ]


def test_restore_switches_off_loads_and_starts_what_ran(
    provider: virtualbox.Provider, box: Box
) -> None:
    saved = {"SnapshotName": "labkit-one", "SnapshotDescription": "labkit 1.0 running"}
    box.say("web-01", "poweroff", **saved)
    number = box.number("web-01")
    box.programs.expect("VBoxManage", "snapshot", number, "restore", "labkit-one")
    box.programs.expect("VBoxManage", "startvm", number, "--type", "headless")
    provider.restore(box.lab.machine("web-01"), "one")
    assert box.programs.ran[-2:] == [
        ["VBoxManage", "snapshot", number, "restore", "labkit-one"],
        ["VBoxManage", "startvm", number, "--type", "headless"],
    ]


def test_pause_and_resume(provider: virtualbox.Provider, box: Box) -> None:
    machine, number = box.lab.machine("web-01"), box.number("web-01")
    provider.pause(machine)  # it was never made
    box.say("web-01", "running")
    box.programs.expect("VBoxManage", "controlvm", number, "pause")
    provider.resume(machine)  # nothing to do
    provider.pause(machine)
    box.say("web-01", "paused")
    box.programs.expect("VBoxManage", "controlvm", number, "resume")
    provider.resume(machine)
    assert [words for words in box.programs.ran if "controlvm" in words] == [
        ["VBoxManage", "controlvm", number, "pause"],
        ["VBoxManage", "controlvm", number, "resume"],
    ]


def test_a_machine_that_goes_off_by_itself(provider: virtualbox.Provider, box: Box) -> None:
    box.say("web-01", "aborted")
    with pytest.raises(errors.ProviderError) as caught:
        provider.alive(box.lab.machine("web-01"))
    assert caught.value.message == "web-01 has gone off in VirtualBox"


def test_the_console(provider: virtualbox.Provider, box: Box) -> None:
    machine = box.lab.machine("web-01")
    assert provider.console_tail(machine) == ""
    path = box.space.machine("web-01") / "console.log"
    path.parent.mkdir(parents=True)
    path.write_text("one\ntwo\x07\n")
    assert provider.console_tail(machine, 1) == "two\\x07"
