"""What can be said of machines without starting one."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import dataclasses
import pathlib
import secrets
import socket
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from labkit import errors, workspace
from labkit.providers import base
from labkit.providers.qemu import monitor, preflight, program, provider, segment

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from labkit.plan import model
    from labkit.ssh import keyring


@pytest.fixture
def lab(plan_of: Callable[[str], model.Lab]) -> model.Lab:
    """Return the default lab under another name: a real one may run on this host."""
    text = (pathlib.Path(__file__).parents[3] / "lab.yml").read_text(encoding="utf-8")
    name = f"t{secrets.token_hex(8)}"
    return plan_of(text.replace("lab: k8s-manual", f"lab: {name}"))


@pytest.fixture(autouse=True)
def version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "release", lambda: (base.Finding("QEMU", True, "9.9"),))


@pytest.fixture
def machine(lab: model.Lab) -> model.Machine:
    return lab.machine("ansible-01")


@pytest.fixture
def space(tmp_path: pathlib.Path, lab: model.Lab) -> workspace.Workspace:
    made = workspace.Workspace(tmp_path, lab.name)
    made.make()
    return made


@pytest.fixture
def qemu(
    lab: model.Lab,
    space: workspace.Workspace,
    make_keys: Callable[[model.Lab], keyring.Keyring],
) -> provider.Provider:
    return provider.Provider(lab, space, lambda: make_keys(lab), lambda _: None)


@pytest.fixture
def running(
    space: workspace.Workspace,
    machine: model.Machine,
    pretend: Callable[..., subprocess.Popen[bytes]],
) -> subprocess.Popen[bytes]:
    """Run something that looks like the machine's QEMU."""
    folder = space.machine(machine.name)
    folder.mkdir(parents=True)
    process = pretend("-uuid", str(machine.uuid), "-pidfile", str(folder / "pid"))
    (folder / "pid").write_text(str(process.pid))
    (folder / "disk.qcow2").touch()
    return process


def test_states(
    qemu: provider.Provider, space: workspace.Workspace, running: subprocess.Popen[bytes]
) -> None:
    assert running.poll() is None
    stopped = space.machine("k8s-master-01")
    stopped.mkdir(parents=True)
    (stopped / "disk.qcow2").touch()
    half = space.machine("k8s-minion-01")
    half.mkdir(parents=True)
    (half / "disk.new").touch()
    assert qemu.status() == {
        "ansible-01": base.State.RUNNING,
        "k8s-master-01": base.State.STOPPED,
        "k8s-minion-01": base.State.ABSENT,
        "k8s-minion-02": base.State.ABSENT,
    }


def test_endpoint(
    qemu: provider.Provider, space: workspace.Workspace, machine: model.Machine
) -> None:
    found = qemu.endpoint(machine)
    assert (found.machine, found.host, found.port) == ("ansible-01", "127.0.0.1", machine.ssh_port)
    assert found.known_hosts == space.known_hosts


def test_preflight_names_a_port_that_is_taken(lab: model.Lab, space: workspace.Workspace) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        machine = dataclasses.replace(lab.machines[0], ssh_port=port)
        alone = dataclasses.replace(lab, machines=(machine,))
        qemu = provider.Provider(alone, space, pytest.fail, lambda _: None)
        _, found, memory = qemu.preflight()
    assert found == base.Finding(
        f"port {port} for ansible-01",
        ok=False,
        detail="Address already in use",
        hint="end what listens there, or give the machine another ssh_port in lab.yml",
    )
    assert memory.name == "memory"


def test_ports_that_are_taken_have_one_hint(lab: model.Lab, space: workspace.Workspace) -> None:
    with socket.socket() as one, socket.socket() as two:
        for taken in (one, two):
            taken.bind(("127.0.0.1", 0))
            taken.listen()
        machines = tuple(
            dataclasses.replace(machine, ssh_port=taken.getsockname()[1])
            for machine, taken in zip(lab.machines, (one, two), strict=False)
        )
        both = dataclasses.replace(lab, machines=machines)
        found = provider.Provider(both, space, pytest.fail, lambda _: None).preflight()
    assert [finding.ok for finding in found[1:3]] == [False, False]
    assert len({finding.hint for finding in found[1:3]}) == 1


def test_preflight_does_not_look_at_the_port_of_a_running_machine(
    qemu: provider.Provider, running: subprocess.Popen[bytes]
) -> None:
    assert running.poll() is None
    names = [finding.name for finding in qemu.preflight()]
    assert len(names) == 5
    assert not any("ansible-01" in name for name in names)


def test_preflight_counts_memory(qemu: provider.Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    class Memory:
        available = 2000 << 20

    monkeypatch.setattr(psutil, "virtual_memory", Memory)
    *_, memory = qemu.preflight()
    assert memory == base.Finding(
        "memory",
        ok=False,
        detail="2048 MiB needed, 2000 MiB available",
        hint="end other programs, or give the machines less memory",
    )


def test_alive(
    qemu: provider.Provider, machine: model.Machine, running: subprocess.Popen[bytes]
) -> None:
    qemu.alive(machine)
    running.kill()
    running.wait(timeout=10)
    with pytest.raises(errors.ProviderError) as caught:
        qemu.alive(machine)
    assert caught.value.message == "the QEMU process of ansible-01 has ended"


def test_leftovers_and_destroy(
    qemu: provider.Provider,
    space: workspace.Workspace,
    machine: model.Machine,
    running: subprocess.Popen[bytes],
) -> None:
    folder = space.machine(machine.name)
    assert qemu.leftovers() == [f"process {running.pid} (qemu-system-x86_64)", str(folder)]
    (folder / "pid").unlink()  # found by what runs, too
    qemu.destroy(machine.name)
    assert not psutil.pid_exists(running.pid)
    assert qemu.leftovers() == []
    assert space.ledger.machines() == {}
    qemu.destroy(machine.name)


def test_machines_that_lab_yml_no_longer_has_are_ours_to_remove(
    qemu: provider.Provider, space: workspace.Workspace
) -> None:
    space.machine("old-01").mkdir(parents=True)
    space.ledger.set("older-01", workspace.Mark.MADE)
    assert {"old-01", "older-01", "ansible-01"} <= set(qemu.made())
    assert qemu.leftovers() == [str(space.machine("old-01"))]
    qemu.destroy("old-01")
    qemu.destroy("older-01")
    assert qemu.leftovers() == []
    assert space.ledger.machines() == {}


@pytest.mark.skipif(sys.platform == "win32", reason="there are no unix sockets")
def test_the_switch_goes_with_the_last_machine(
    qemu: provider.Provider,
    space: workspace.Workspace,
    machine: model.Machine,
    running: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def press(_socket: pathlib.Path, command: str, **_: object) -> None:
        if command == "system_powerdown":
            running.kill()
            running.wait(10)

    monkeypatch.setattr(monitor, "execute", press)
    lan = segment.Segment(space)
    lan.start()
    try:
        qemu.stop(qemu._lab.machine("k8s-master-01"))  # which does not run
        (switch,) = lan.running()
        assert f"process {switch.pid} (switch)" in qemu.leftovers()
        qemu.stop(machine)
        assert lan.running() == []
        lan.start()
        qemu.stop(machine)  # which has switched itself off
        assert lan.running() == []
        lan.start()
        qemu.clear()
        assert lan.running() == []
    finally:
        lan.end()


def test_stop_of_what_does_not_run(qemu: provider.Provider, machine: model.Machine) -> None:
    qemu.stop(machine)


def test_console_tail(
    qemu: provider.Provider, space: workspace.Workspace, machine: model.Machine
) -> None:
    assert qemu.console_tail(machine) == ""
    folder = space.machine(machine.name)
    folder.mkdir(parents=True)
    text = b"".join(b"line %d\r\n" % number for number in range(30))
    (folder / "console.log").write_bytes(text + b"\x1b[31mKernel panic\xff\x07\n")
    assert qemu.console_tail(machine, 3) == "line 28\nline 29\nKernel panic\ufffd\\x07"


def test_a_seed_is_for_the_owner_only(
    qemu: provider.Provider,
    space: workspace.Workspace,
    machine: model.Machine,
    monkeypatch: pytest.MonkeyPatch,
    image: Callable[..., object],
) -> None:
    ran: list[list[str]] = []

    def run(words: list[str]) -> None:
        ran.append(words)
        (space.machine(machine.name) / "disk.new").touch()

    monkeypatch.setattr(program, "run", run)
    monkeypatch.setattr(qemu, "_images", {machine.image: image()})
    qemu._make(machine)
    folder = space.machine(machine.name)
    assert sorted(path.name for path in folder.iterdir()) == ["disk.qcow2", "seed"]
    assert (folder / "seed").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert ran == [
        ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", "/cache/disk.qcow2",
         str(folder / "disk.new"), "4G"]
    ]  # fmt: skip
