"""What preflight finds on hosts that a test describes."""

from __future__ import annotations

import hashlib
import ipaddress
import platform
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from labkit import system
from labkit.providers import base, host
from labkit.providers.virtualbox import box_file, knowledge, preflight
from labkit.render import boxes
from labkit.vagrant import Vagrant

if TYPE_CHECKING:
    import pathlib

    from labkit.plan import model
    from tests import programs as fakes
    from tests.providers.virtualbox.conftest import Box

FINE = {
    "--version": "7.2.22r170995\n",
    "list hostinfo": "Processor supports HW virtualization: yes\n",
    "list hostonlyifs": "",
    "list systemproperties": "Default machine folder:          /\n",
}


@pytest.fixture
def wanted(box: Box, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> preflight.Wanted:
    """A host on which all is well, and a box that Vagrant has."""
    for words, out in FINE.items():
        box.programs.replace("VBoxManage", *words.split(), out=out)
    box.programs.replace("vagrant", "--version", out="Vagrant 2.4.9\n")
    folder = tmp_path / "home/boxes/lab-VAGRANTSLASH-x/0/virtualbox"
    folder.mkdir(parents=True)
    (folder / "metadata.json").touch()
    monkeypatch.setenv("VAGRANT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(preflight, "ALLOWED", tmp_path / "networks.conf")
    monkeypatch.setattr(psutil, "net_if_addrs", dict[str, list[object]])
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(platform, "release", lambda: "6.1.0-amd64")

    def free(number: int, machine: str, *_: object, protocol: str = "") -> base.Finding:
        del protocol
        return base.Finding(f"port {number} for {machine}", ok=True, detail="free")

    monkeypatch.setattr(host, "port", free)
    boxes_of = {machine.name: boxes.Box("lab/x") for machine in box.lab.machines}
    return preflight.Wanted(box.lab, box.lab.machines, boxes_of, Vagrant(tmp_path, "virtualbox"))


def _doubtful(wanted: preflight.Wanted) -> list[base.Finding]:
    return [each for each in preflight.look(wanted) if each.verdict is not base.Verdict.OK]


def test_all_is_well(wanted: preflight.Wanted, lab: model.Lab) -> None:
    found = preflight.look(wanted)
    assert all(each.ok for each in found)
    first, second = lab.machines
    assert [each.name for each in found] == [
        "VirtualBox",
        "Vagrant",
        "host-only network 192.168.56.0/24",
        "disk",
        "box lab/x",
        f"port {first.ssh_port} for web-01",
        f"port {second.ssh_port} for web-02",
        "port 8080 for web-02",
        "memory",
    ]


@pytest.mark.parametrize(
    ("installed", "why"),
    [
        (("7.2.22r1", "2.4.8", "linux"), "VirtualBox 7.2 needs 2.4.9"),
        (("7.1.4", "2.4.1", "linux"), "VirtualBox 7.1 needs 2.4.2"),
        (("7.0.26", "2.3.1", "linux"), "VirtualBox 7.0 needs 2.3.2"),
        (("7.0.26", "2.3.2", "darwin"), "VirtualBox 7.0 needs 2.3.3"),
    ],
)
def test_a_vagrant_that_is_too_old_for_this_virtualbox(
    wanted: preflight.Wanted,
    programs: fakes.Programs,
    monkeypatch: pytest.MonkeyPatch,
    installed: tuple[str, str, str],
    why: str,
) -> None:
    virtualbox, vagrant, system_ = installed
    monkeypatch.setattr(sys, "platform", system_)
    programs.replace("VBoxManage", "--version", out=virtualbox)
    programs.replace("vagrant", "--version", out=f"Vagrant {vagrant}")
    (found,) = _doubtful(wanted)
    assert found.verdict is base.Verdict.FAILED
    assert found.detail == f"Vagrant {vagrant} is too old: {why} or newer"


def test_a_release_that_nobody_knows(wanted: preflight.Wanted, programs: fakes.Programs) -> None:
    programs.replace("VBoxManage", "--version", out="8.0.2r1")
    (found,) = _doubtful(wanted)
    assert (found.verdict, found.name) == (base.Verdict.UNKNOWN, "Vagrant")
    assert found.detail == "2.4.9; nobody knows whether it runs VirtualBox 8.0"


def test_no_virtualbox_and_no_vagrant(
    wanted: preflight.Wanted, programs: fakes.Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.installed.discard("vagrant")
    (found,) = _doubtful(wanted)
    assert (found.name, found.detail) == ("Vagrant", "Vagrant is not installed")
    programs.installed.clear()
    monkeypatch.delenv("VBOX_MSI_INSTALL_PATH", raising=False)
    (found,) = _doubtful(wanted)
    assert (found.name, found.verdict) == ("VirtualBox", base.Verdict.FAILED)


def test_the_kernel_driver(
    wanted: preflight.Wanted, programs: fakes.Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "WARNING: The vboxdrv kernel module is not loaded. Either there is no module\n7.2.22r1\n"
    programs.replace("VBoxManage", "--version", out=said)
    monkeypatch.setattr(system, "is_root", lambda: True)
    (found,) = _doubtful(wanted)
    assert found.detail == "VirtualBox's kernel driver is not loaded, so no machine can start"
    assert found.fix is not None
    programs.expect("modprobe", "--all", "vboxdrv", "vboxnetadp", "vboxnetflt")
    found.fix()
    monkeypatch.setattr(system, "is_root", lambda: False)
    assert _doubtful(wanted)[0].fix is None


def test_a_release_with_a_known_fault(wanted: preflight.Wanted, programs: fakes.Programs) -> None:
    programs.replace("VBoxManage", "--version", out="7.2.8r1")
    (found,) = _doubtful(wanted)
    assert found.verdict is base.Verdict.CHOICE
    assert "(https://github.com/VirtualBox/virtualbox/issues/642)" in found.hint


def test_no_virtualisation(wanted: preflight.Wanted, programs: fakes.Programs) -> None:
    said = "Processor supports HW virtualization: no\n"
    programs.replace("VBoxManage", "list", "hostinfo", out=said)
    (found,) = _doubtful(wanted)
    assert (found.name, found.verdict) == ("virtualisation", base.Verdict.UNKNOWN)


def test_hyper_v(
    wanted: preflight.Wanted, programs: fakes.Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    ask = ("powershell", "-NoProfile", "-Command")
    present = "(Get-CimInstance Win32_ComputerSystem).HypervisorPresent"
    programs.replace(*ask, present, out="True\r\n")
    (found,) = _doubtful(wanted)
    assert (found.name, found.verdict) == ("Hyper-V", base.Verdict.CHOICE)


def test_wsl(wanted: preflight.Wanted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "release", lambda: "5.15.90.1-microsoft-standard-WSL2")
    (found,) = _doubtful(wanted)
    assert (found.name, found.ok) == ("platform", False)


def test_apples_processors(
    wanted: preflight.Wanted, programs: fakes.Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    assert _doubtful(wanted) == []
    programs.replace("VBoxManage", "--version", out="7.0.26r1")
    (found,) = _doubtful(wanted)
    assert (found.name, found.ok) == ("processor", False)


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        (None, True),
        ("* 10.0.0.0/8 fe80::/64\n", False),
        ("# all of them\n* 0.0.0.0/0 ::/0\n", True),
        ("* 10.0.0.0/8\n* 192.168.56.0/24\n", True),
        ("", False),
    ],
)
def test_what_networks_conf_allows(
    wanted: preflight.Wanted, text: str | None, allowed: bool
) -> None:
    if text is not None:
        preflight.ALLOWED.write_text(text)
    found = _doubtful(wanted)
    assert [each.name for each in found] == (
        [] if allowed else ["host-only network 192.168.56.0/24"]
    )


def test_an_address_of_the_network_that_another_card_has(
    wanted: preflight.Wanted, programs: fakes.Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Address:
        address = "192.168.56.1"

    cards = {"lo": [], "tun0": [Address]}
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: cards)
    (found,) = _doubtful(wanted)
    assert found.detail == "192.168.56.1 is the address of tun0 already"
    said = "Name: tun0\nIPAddress: 192.168.56.1\nNetworkMask: 255.255.255.0\n"
    programs.replace("VBoxManage", "list", "hostonlyifs", out=said)
    assert _doubtful(wanted) == []  # it is VirtualBox's own


def test_ranges() -> None:
    assert preflight.ranges("* 10.1.2.3/8 fe80::/64\nx 1.0.0.0/8\n*192.168.0.0/16\n") == [
        ipaddress.IPv4Network("10.0.0.0/8"),
        ipaddress.IPv4Network("192.168.0.0/16"),
    ]


def test_a_local_box(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "my box.box"
    url = file.as_uri()
    good = hashlib.sha256(b"box").hexdigest()
    box = boxes.Box("lab/y", url, good)
    found = box_file.look(box)
    assert (found.ok, found.detail) == (False, f"{file} is not there")
    file.write_bytes(b"box")
    assert box_file.look(box).verdict is base.Verdict.OK
    found = box_file.look(boxes.Box("lab/y", url))
    assert found.verdict is base.Verdict.CHOICE
    assert found.detail == (
        f"will be fetched from {url}; boxes.yml has no sha256 for it, so nothing shows that it is "
        "the right file"
    )
    assert found.hint == f"'sha256: {good}' in boxes.yml holds it to the file that is there now"
    found = box_file.look(boxes.Box("lab/y", url, "0" * 64))
    assert found.detail == f"{file} has the digest {good} instead of {'0' * 64}"
    assert not box_file.look(boxes.Box("lab/y")).ok


@pytest.mark.parametrize(
    ("sha256", "said"),
    [
        ("a" * 64, ""),
        (None, "; boxes.yml has no sha256 for it, so nothing shows that it is the right file"),
    ],
)
def test_fetching_a_box_says_when_nothing_pins_it(
    programs: fakes.Programs, tmp_path: pathlib.Path, sha256: str | None, said: str
) -> None:
    told: list[str] = []
    url = "https://example.com/y.box"
    digest = ("--checksum-type", "sha256", "--checksum", sha256) if sha256 else ()
    words = ("--provider", "virtualbox", *digest, "--name", "lab/y", url)
    programs.expect("vagrant", "box", "add", *words)
    vagrant = Vagrant(tmp_path, "virtualbox")
    box_file.ensure(boxes.Box("lab/y", url, sha256), vagrant, told.append)
    assert told == [f"box lab/y: fetching it once from {url}{said}"]


def test_a_box_that_is_far_away() -> None:
    found = box_file.look(boxes.Box("lab/y", "https://127.0.0.1:1/y.box"))
    assert not found.ok
    assert found.detail.startswith("https://127.0.0.1:1/y.box does not answer: ")


def test_each_fault_has_a_source_and_a_hint() -> None:
    for fault in knowledge.known().faults:
        assert fault.source.startswith("https://github.com/")
        assert fault.hint
