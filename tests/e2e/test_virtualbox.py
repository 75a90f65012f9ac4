"""The real VirtualBox: what it was told is what the plan says, and nothing of it is left.

Most machines are of a box whose boot sector prints a line and halts, so Vagrant and labkit wait for
an SSH that never answers, and `up` ends as it does for machines that do not come up. All else is
what any machine goes through. One is of a small Linux, whose SSH answers.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from labkit import errors, workspace
from labkit.lifecycle import context, render
from labkit.plan import derive
from labkit.providers import base, keeper
from labkit.providers.virtualbox import power
from tests.e2e.conftest import MINUTES, Folder, Run, make_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BOX = "rig-VAGRANTSLASH-boot-sector"
LINUX = "rig-VAGRANTSLASH-busybox"
_HOME = pathlib.Path(os.environ.get("VAGRANT_HOME") or pathlib.Path.home() / ".vagrant.d")


def _missing() -> str:
    programs = [name for name in ("VBoxManage", "vagrant") if not shutil.which(name)]
    if programs:
        return f"not on PATH: {', '.join(programs)}"
    if not (_HOME / "boxes" / BOX).is_dir():
        return f"Vagrant in {_HOME} has no box rig/boot-sector, whose machines need no system"
    return ""


WHY = _missing()
pytestmark = [pytest.mark.e2e, pytest.mark.skipif(bool(WHY), reason=WHY or "all there")]

LAB = """\
lab: {name}
provider: virtualbox
networks:
  hostonly: {{subnet: {subnet}.0/24}}
defaults: {{memory: 64 MiB, disk: 1 GiB}}
machines:
{machines}
providers:
  virtualbox: {{boot_timeout: 2, resize: false, machines: {{one: {extra}}}}}
"""
EXTRA = (
    "{forwards: [{host: 18080, guest: 80}], disks: [1 GiB], "
    'nics: [{kind: internal, name: labkit-e2e}], settings: {vram: "12"}}'
)
BOXES = "debian-12: {virtualbox: {x86_64: {name: rig/boot-sector}}}\n"
FAILED = "the machine did not answer in the time that boot_timeout gives it"


def manage(*words: str) -> str:
    return subprocess.run(
        ["VBoxManage", *words], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
    ).stdout


def there(lab: str = "") -> dict[str, str]:
    """The machines of VirtualBox by name, or those of a lab; no masters of linked clones."""
    found = re.findall(r'^"(.*)" \{(.*)\}$', manage("list", "vms"), re.MULTILINE)
    numbers = {name: number for name, number in found if not name.startswith("rig-")}
    return {name: number for name, number in numbers.items() if name.startswith(lab)}


def shown(name: str) -> dict[str, str]:
    text = manage("showvminfo", name, "--machinereadable")
    return dict(re.findall(r'^"?([^="\n]+)"?="?(.*?)"?$', text, re.MULTILINE))


def adapters() -> set[str]:
    return set(re.findall(r"^Name: +(.*)$", manage("list", "hostonlyifs"), re.MULTILINE))


@pytest.fixture(scope="module", autouse=True)
def before() -> Iterator[None]:
    """What was there is there afterwards, and nothing else."""
    machines, cards = there(), adapters()
    yield
    assert there() == machines
    assert adapters() == cards


def _destroyed(folder: Folder) -> Run:
    return folder("destroy", "--yes")


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory, before: None) -> Iterator[Callable[..., Folder]]:
    assert before is None  # what it looked at must not have any of these
    made: list[Folder] = []

    def begin(name: str, names: tuple[str, ...], subnet: str, extra: str = "{}") -> Folder:
        folder = make_folder(tmp_path_factory.mktemp(name) / name)
        machines = "\n".join(
            f"  {each}: {{nat: 10.0.2.{51 + number}, hostonly: {subnet}.{51 + number}}}"
            for number, each in enumerate(names)
        )
        text = LAB.format(name=name, subnet=subnet, machines=machines, extra=extra)
        (folder.path / "lab.yml").write_text(text)
        (folder.path / "boxes.yml").write_text(BOXES)
        made.append(folder)
        return folder

    yield begin
    with concurrent.futures.ThreadPoolExecutor() as pool:
        ended = list(pool.map(_destroyed, made))
    for folder, done in zip(made, ended, strict=True):
        assert done.code == 0, done
        assert not (folder.path / ".lab").exists()


def _end(running: subprocess.Popen[str]) -> None:
    """Wait for the end of a run, unless a test has done so."""
    if running.stdout and not running.stdout.closed:
        running.communicate()


@pytest.fixture(scope="module", autouse=True)
def answering(
    make: Callable[..., Folder],
) -> Iterator[tuple[Folder, subprocess.Popen[str]] | None]:
    """A Linux that boots beside the other tests: its processor is interpreted, slowly."""
    if not (_HOME / "boxes" / LINUX).is_dir():
        yield None
        return
    folder = make("e2e-ssh", ("one",), "192.168.63")
    folder.edit("memory: 64 MiB", "memory: 192 MiB")
    folder.edit("boot_timeout: 2", "boot_timeout: 600")
    (folder.path / "boxes.yml").write_text(BOXES.replace("boot-sector", "busybox"))
    running = folder.begin("up")
    yield folder, running
    if running.poll() is None:  # the test that waits for it was not asked for
        running.send_signal(signal.SIGINT)
    _end(running)


@pytest.fixture(scope="module")
def other(make: Callable[..., Folder]) -> Iterator[tuple[Folder, subprocess.Popen[str]]]:
    """A second lab on the same host-only network, and a foreign machine that is called alike."""
    manage("createvm", "--name", "e2e-other-one-own", "--groups", "/e2e-other", "--register")
    folder = make("e2e-other", ("one",), "192.168.58")
    running = folder.begin("up")
    yield folder, running
    _end(running)
    manage("unregistervm", "e2e-other-one-own", "--delete")


@pytest.fixture(scope="module")
def lab(make: Callable[..., Folder], other: tuple[Folder, subprocess.Popen[str]]) -> Folder:
    assert other[1].poll() is None, "it comes up at the same time"
    folder = make("e2e-vbox", ("one", "two", "three", "four"), "192.168.58", EXTRA)
    start = time.monotonic()
    done = folder("up", "--format", "json")
    print(f"up of four: {time.monotonic() - start:.1f} s")
    assert done.code == 2, done
    return folder


def test_each_machine_is_what_the_plan_says_in_every_field(lab: Folder) -> None:
    plan = lab.plan
    (card,) = {shown(f"e2e-vbox-{each['name']}")["hostonlyadapter2"] for each in plan["machines"]}
    said = manage("list", "hostonlyifs")
    assert re.search(rf"^Name: +{card}\n(?:.*\n)*?IPAddress: +192\.168\.58\.1$", said, re.MULTILINE)
    for machine in plan["machines"]:
        found = shown(f"e2e-vbox-{machine['name']}")
        nat, hostonly = machine["nics"]
        expected = {
            "groups": "/e2e-vbox",
            "hardwareuuid": machine["uuid"],
            "cpus": str(machine["cpus"]),
            "memory": str(machine["memory_mib"]),
            "VMState": "running",
            "nic1": "nat",
            "natnet1": "10.0.2.0/24",
            "macaddress1": nat["mac"].replace(":", "").upper(),
            "nic2": "hostonly",
            "macaddress2": hostonly["mac"].replace(":", "").upper(),
        }
        assert {key: found.get(key) for key in expected} == expected
        rules = {
            tuple(value.split(",")[1:])
            for key, value in found.items()
            if key.startswith("Forwarding(")
        }
        ssh = ("tcp", "127.0.0.1", str(machine["ssh_port"]), "", "22")
        web = ("tcp", "127.0.0.1", "18080", "", "80")
        assert rules == ({ssh, web} if machine["name"] == "one" else {ssh})
        if machine["name"] == "one":
            mac = derive.extra_mac("e2e-vbox", "one", 3).replace(":", "").upper()
            third = (found["nic3"], found["intnet3"], found["macaddress3"])
            assert third == ("intnet", "labkit-e2e", mac)
            assert found["vram"] == "12"
            assert any("extra-1" in value for value in found.values())
        else:
            assert found["nic3"] == "none"
        disks = manage("showvminfo", f"e2e-vbox-{machine['name']}", "--machinereadable")
        (disk,) = set(re.findall(r'^"SATA[^"]*-0-0"="(/.*)"$', disks, re.MULTILINE))
        about = manage("showmediuminfo", "disk", disk)
        assert re.search(r"^Parent UUID: +[0-9a-f-]{36}$", about, re.MULTILINE), about


def test_status_and_console(lab: Folder) -> None:
    done = lab("status", "--format", "json")
    assert set(done.document["machines"].values()) == {"running"}
    for name in ("one", "two", "three", "four"):
        console = lab.path / f".lab/e2e-vbox/machines/{name}/console.log"
        assert "rig/boot-sector: booted" in console.read_text()


def test_a_second_up_makes_only_what_was_removed_by_hand(lab: Folder) -> None:
    before = there("e2e-vbox")
    manage("controlvm", "e2e-vbox-two", "poweroff")
    power.cut(before["e2e-vbox-two"])
    manage("unregistervm", "e2e-vbox-two", "--delete")
    assert lab("status", "--format", "json").document["machines"]["two"] == "absent"
    done = lab("up", "--only", "one", "--only", "two")
    # Vagrant does not wait for one that runs already; labkit does not get in either.
    assert "one does not answer on 127.0.0.1:" in done.out, done
    after = there("e2e-vbox")
    assert {name: after.get(name) != number for name, number in before.items()} == {
        "e2e-vbox-one": False,
        "e2e-vbox-two": True,
        "e2e-vbox-three": False,
        "e2e-vbox-four": False,
    }
    assert set(after) == set(before)


def test_pause_snapshots_and_restore(lab: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(lab.path)
    opened = context.open_lab(lab.path / "lab.yml")
    provider, machine = opened.provider, opened.lab.machine("three")
    provider.pause(machine)
    assert shown("e2e-vbox-three")["VMState"] == "paused"
    assert provider.status()["three"] is base.State.RUNNING
    provider.save(machine, "exam")
    assert shown("e2e-vbox-three")["VMState"] == "paused"
    provider.resume(machine)
    assert shown("e2e-vbox-three")["VMState"] == "running"
    assert provider.snapshots(machine)["exam"].running
    power.cut(there()["e2e-vbox-three"])
    assert provider.status()["three"] is base.State.STOPPED
    provider.save(machine, "off")
    assert not provider.snapshots(machine)["off"].running
    provider.restore(machine, "exam")
    assert shown("e2e-vbox-three")["VMState"] == "running"
    provider.restore(machine, "off")
    assert shown("e2e-vbox-three")["VMState"] == "poweroff"
    for name in ("exam", "off"):
        provider.discard(machine, name)
    assert provider.snapshots(machine) == {}


def test_other_disks_and_settings_are_noticed(lab: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    name, number = "e2e-vbox-four", there()["e2e-vbox-four"]
    monkeypatch.chdir(lab.path)

    def start() -> None:
        """Start it as one that labkit has been in, which it cannot be here."""
        opened = context.open_lab(lab.path / "lab.yml")
        opened.space.ledger.set("four", workspace.Mark.MADE)
        render.render(opened)
        opened.provider.start(opened.lab.machine("four"))

    start()
    lab.edit("machines: {one:", 'machines: {four: {disks: [1 GiB], settings: {vram: "13"}}, one:')
    with pytest.raises(errors.ProviderError, match=r"its disks or settings are others$"):
        start()
    power.cut(number)
    with pytest.raises(errors.ProviderError, match=FAILED):  # Vagrant has started it
        start()
    found = shown(name)
    assert (found["VMState"], found["vram"]) == ("running", "13")
    assert any("extra-1" in value for value in found.values())
    start()


def test_two_labs_at_once_and_a_foreign_machine(
    lab: Folder, other: tuple[Folder, subprocess.Popen[str]]
) -> None:
    folder, running = other
    out, err = running.communicate(timeout=10 * MINUTES)
    assert FAILED in out + err, out + err
    (card,) = {shown(f"{each}-one")["hostonlyadapter2"] for each in ("e2e-vbox", "e2e-other")}
    assert folder("destroy", "--yes").code == 0
    assert set(there("e2e-other")) == {"e2e-other-one-own"}
    assert shown("e2e-vbox-one")["VMState"] == "running"
    assert card in adapters(), "the first lab still uses it"
    assert lab("status", "--format", "json").document["machines"]["one"] == "running"


def test_an_up_that_is_killed_is_repeated(make: Callable[..., Folder]) -> None:
    lab = make("e2e-kill", ("one", "two"), "192.168.60")
    lab.edit("resize: false", "resize: false, internal: true")
    lab.edit("^networks:", "networks:\n  nat: {subnet: 10.7.7.0/24}")
    lab.edit("nat: 10[.]0[.]2", "nat: 10.7.7")
    foreign = "temp_clone_1700000000000_1"
    manage("createvm", "--name", foreign, "--register")
    try:
        lost = [_kill_in_a_clone(lab, whole=whole) for whole in (True, False)]
        moment = random.Random().uniform(1, 8)  # noqa: S311 - a moment, not a secret
        print(f"killed in {lost}, then after {moment:.2f} s")
        running = lab.begin("up")
        time.sleep(moment)
        running.kill()
        running.communicate()
        time.sleep(3)  # what it had started gets SIGTERM, and may be in the middle of a clone
        done = lab("up")
        assert FAILED in done.out + done.err, done
        assert set(there("e2e-kill")) == {"e2e-kill-one", "e2e-kill-two"}
        assert set(there("temp_clone_")) == {foreign}
        assert {each.name for each in _machines_folder().glob("temp_clone_*")} == {foreign}
        assert "/temp_clone_" not in manage("list", "hdds")
        found = shown("e2e-kill-two")
        assert (found["nic2"], found["intnet2"]) == ("intnet", "labkit-e2e-kill")
        assert found["natnet1"] == "10.7.7.0/24"
    finally:
        manage("unregistervm", foreign, "--delete")


def _kill_in_a_clone(lab: Folder, *, whole: bool) -> str:
    """Kill labkit and Vagrant while VirtualBox clones; return the name of the clone.

    Where it is to become whole, VBoxManage goes on. Else that is killed first, as soon as there is
    a folder, which then mostly stays without a machine.
    """
    log = lab.path / ".lab" / "e2e-kill" / "machines" / "one" / "vagrant.log"
    before = _clones(log)
    running = lab.begin("up")
    _until(lambda: bool(_clones(log) - before))
    (name,) = _clones(log) - before
    family = psutil.Process(running.pid).children(recursive=True)
    if not whole:
        folder = _machines_folder() / name
        _until(lambda: bool(_with(name)) or folder.is_dir())
        clones = _with(name)
        _until(folder.is_dir)
        for process in clones:
            process.kill()
    running.kill()
    for process in family:
        with contextlib.suppress(psutil.Error):
            if "VBoxManage" not in " ".join(process.cmdline()):
                process.kill()
    running.communicate()
    if whole:
        _until(lambda: name in there())
    return name


def _clones(log: pathlib.Path) -> set[str]:
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return set(re.findall(r'"clonevm".*"(temp_clone_\d+_\d+)"', text))


def _with(word: str) -> list[psutil.Process]:
    return [
        each for each in psutil.process_iter(["cmdline"]) if word in (each.info["cmdline"] or ())
    ]


def _machines_folder() -> pathlib.Path:
    said = manage("list", "systemproperties")
    return pathlib.Path(re.findall(r"^Default machine folder: *(.+)$", said, re.MULTILINE)[0])


def _until(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 2 * MINUTES
    while not ready():
        assert time.monotonic() < deadline, "gave up waiting"
        time.sleep(0.01)


def _refused(folder: Folder, message: str) -> None:
    done = folder("up")
    assert done.code == 2, done
    assert message in done.err
    assert not any(name.startswith(folder.name) for name in there())


def test_what_cannot_end_well_is_not_begun(make: Callable[..., Folder]) -> None:
    lab = make("e2e-bad", ("one",), "10.20.30")
    _refused(lab, "host-only network 10.20.30.0/24: VirtualBox allows 192.168.56.0/21")
    lab.edit("10[.]20[.]30", "192.168.61")
    file = lab.path / "x.box"
    digest = "0" * 64
    name = f"e2e/{uuid.uuid4().hex}"
    box = f"{{name: {name}, url: {file.as_uri()}, sha256: '{digest}'}}"
    (lab.path / "boxes.yml").write_text(f"debian-12: {{virtualbox: {{x86_64: {box}}}}}\n")
    _refused(lab, f"{file} is not there")
    file.write_bytes(b"no box")
    _refused(lab, f"instead of {digest}")


def test_a_vagrant_that_is_too_old(make: Callable[..., Folder], tmp_path: pathlib.Path) -> None:
    lab = make("e2e-old", ("one",), "192.168.62")
    fake = tmp_path / "vagrant"
    fake.write_text(f"#!{sys.executable}\nprint('Vagrant 2.2.1')\n")
    fake.chmod(0o755)
    done = lab("up", PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert done.code == 2, done
    assert "Vagrant 2.2.1 is too old: labkit needs 2.2.10 or newer" in done.err
    found: Any = json.loads(lab("doctor", "--format", "json").out)
    assert {each["name"]: each["verdict"] for each in found}["VirtualBox"] == "ok"


@pytest.mark.skipif(
    not (_HOME / "boxes" / LINUX).is_dir(),
    reason=f"Vagrant in {_HOME} has no box rig/busybox, whose SSH would answer",
)
def test_ssh_answers_through_the_forward(
    answering: tuple[Folder, subprocess.Popen[str]],
) -> None:
    folder, running = answering
    out, err = running.communicate(timeout=10 * MINUTES)
    # Vagrant came in, put its own key there, and labkit came in with that one.
    assert running.returncode == 2, out + err
    assert "there is no OpenSSH server: /etc/ssh is not there" in out + err
    (machine,) = folder.plan["machines"]
    where = (machine["ssh_address"], machine["ssh_port"])
    with socket.create_connection(where, timeout=2 * MINUTES) as plug:
        assert plug.recv(64).startswith(b"SSH-2.0-dropbear")


@pytest.mark.slow
def test_machines_are_linked_clones_of_a_baked_box(make: Callable[..., Folder]) -> None:
    """What is inside is not looked at: these machines have no system to bake."""
    about = keeper.About("debian-12 with base", uuid.uuid4().hex * 2, ("base",))
    first = make("e2e-bake", ("one",), "192.168.60")
    assert FAILED in first("up").out
    opened = context.open_lab(first.path / "lab.yml")
    assert opened.provider.keeper is not None
    power.cut(there()["e2e-bake-one"])
    start = time.monotonic()
    opened.provider.keeper.keep(opened.lab.machine("one"), about)
    print(f"packaged and added: {time.monotonic() - start:.1f} s")
    kept = opened.provider.keeper.find(about.digest)
    assert kept is not None
    try:
        assert kept.user(()) == ""
        folder = make("e2e-born", ("one", "two"), "192.168.60")
        lab = context.open_lab(folder.path / "lab.yml")
        lab.space.make()
        lab.provider.birth = lambda machine: base.Birth(kept if machine.name == "two" else None)
        render.render(lab)
        lab.provider.prepare()
        for machine in lab.lab.machines:
            with pytest.raises(errors.ProviderError, match="did not answer in the time"):
                lab.provider.start(machine)
        assert _whole("e2e-born-one") != _whole("e2e-born-two"), "other boxes, other masters"
        assert kept.user(()) == "VirtualBox's machine e2e-born-two is a linked clone of it"
        assert (
            f"in use   the baked box {about.name} ({about.digest[:12]}, 0 MB)" in folder("gc").out
        )
        assert folder("destroy", "--yes").code == 0
        assert kept.user(()) == ""
    finally:
        kept.remove()
    assert opened.provider.keeper.find(about.digest) is None


def _whole(name: str) -> str:
    """The disk that the one of a machine is the difference of."""
    (own,) = (value for key, value in shown(name).items() if "-ImageUUID-" in key)
    about = manage("showmediuminfo", "disk", own)
    (parent,) = re.findall(r"^Parent UUID: +([0-9a-f-]{36})$", about, re.MULTILINE)
    return parent
