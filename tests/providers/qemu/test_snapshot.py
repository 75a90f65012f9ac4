"""Snapshots of a real QEMU: a small guest that only looks for something to boot."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import dataclasses
import os
import secrets
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from labkit import errors, workspace
from labkit.images import store
from labkit.providers import base
from labkit.providers.qemu import monitor, process, provider, snapshot

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Generator

    from labkit.plan import model
    from labkit.ssh import keyring

pytestmark = pytest.mark.skipif(
    not (shutil.which("qemu-system-x86_64") and shutil.which("qemu-img")),
    reason="QEMU is not installed; './lab test' installs it",
)


@dataclasses.dataclass(frozen=True)
class Lab:
    """One small machine, and the hands that work on it."""

    provider: provider.Provider
    machine: model.Machine
    folder: pathlib.Path
    space: workspace.Workspace

    @property
    def pid(self) -> int:
        found = process.of(self.machine.uuid, self.folder / "pid")
        assert found is not None
        return found.pid

    @property
    def state(self) -> base.State:
        return self.provider.status()[self.machine.name]

    @property
    def runs(self) -> bool:
        return bool(monitor.execute(self.folder / "monitor", "query-status")["running"])

    def snapshots(self) -> dict[str, bool]:
        return {name: each.running for name, each in self.provider.snapshots(self.machine).items()}

    def write(self, text: str, value: int) -> None:
        """Change the disk of the machine while it is off."""
        self.io(f"write -P {value} {text}")

    def io(self, *commands: str) -> str:
        disk = str(self.folder / "disk.qcow2")
        words = ["qemu-io", "-d", "unmap", *(f"-c{each}" for each in commands), disk]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout

    def switch_off(self) -> None:
        self.provider._switch_off(self.machine.name)


@pytest.fixture
def place(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path


@pytest.fixture
def lab(
    place: pathlib.Path,
    plan_of: Callable[[str], model.Lab],
    make_keys: Callable[[model.Lab], keyring.Keyring],
) -> Generator[Lab]:
    name = f"t{secrets.token_hex(8)}"
    plan = plan_of(f"lab: {name}\nmachines: {{m: {{nat: 10.0.2.20, hostonly: 192.168.56.20}}}}\n")
    machine = dataclasses.replace(plan.machines[0], memory_mib=16, ssh_port=_free_port())
    space = workspace.Workspace(place, name)
    space.make()
    disk = place / "image.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(disk), "4G"], check=True)
    image = store.Image(machine.image, "d" * 64, disk, None, None, "", "labkit", "fw_cfg", 1)
    small = dataclasses.replace(plan, machines=(machine,))
    made = provider.Provider(small, space, lambda: make_keys(small), lambda _: None)
    made._images = {machine.image: image}
    yield Lab(made, machine, space.machine(machine.name), space)
    made.destroy(machine.name)
    made.clear()
    assert made.leftovers() == []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _allocated(lab: Lab) -> int:
    return (lab.folder / "disk.qcow2").stat().st_blocks * 512


def test_save_and_restore_of_a_running_machine(lab: Lab) -> None:
    lab.provider.start(lab.machine)
    before = time.time()
    lab.provider.pause(lab.machine)
    assert not lab.runs
    lab.provider.save(lab.machine, "1")  # no number of a snapshot, but a name
    lab.provider.save(lab.machine, "later")
    assert not lab.runs  # who holds it lets it go
    lab.provider.resume(lab.machine)
    assert lab.runs
    found = lab.provider.snapshots(lab.machine)
    assert sorted(found) == ["1", "later"]
    assert all(each.running for each in found.values())
    assert all(before - 1 < each.taken < time.time() + 1 for each in found.values())
    first = lab.pid
    lab.provider.restore(lab.machine, "1")
    assert not lab.runs
    lab.provider.resume(lab.machine)
    assert lab.runs
    assert lab.pid != first  # see restore
    assert process.wait(psutil.Process(first), 0) if psutil.pid_exists(first) else True
    lab.provider.discard(lab.machine, "1")
    lab.provider.discard(lab.machine, "1")
    assert lab.snapshots() == {"later": True}
    assert monitor.execute(lab.folder / "monitor", "query-jobs") == []
    assert lab.provider.start(lab.machine).port == lab.machine.ssh_port  # the same hardware


def test_the_disk_goes_back_too(lab: Lab) -> None:
    lab.provider.start(lab.machine)
    lab.switch_off()
    lab.write("0 4k", 7)
    lab.provider.start(lab.machine)
    lab.provider.save(lab.machine, "seven")
    lab.switch_off()
    lab.write("0 4k", 9)
    lab.provider.restore(lab.machine, "seven")
    lab.switch_off()
    assert "07 07 07 07" in lab.io("read -v 0 4")


def test_a_machine_that_was_switched_off_goes_on_without_a_boot(lab: Lab) -> None:
    lab.provider.start(lab.machine)
    lab.provider.save(lab.machine, "on")
    lab.switch_off()
    assert (lab.state, lab.snapshots()) == (base.State.STOPPED, {"on": True})
    lab.provider.restore(lab.machine, "on")
    assert lab.state is base.State.RUNNING
    assert not lab.runs
    lab.provider.resume(lab.machine)
    assert lab.runs


def test_save_and_restore_of_a_machine_that_is_off(lab: Lab) -> None:
    lab.provider.start(lab.machine)
    lab.switch_off()
    lab.provider.pause(lab.machine)
    lab.provider.save(lab.machine, "off")
    lab.provider.resume(lab.machine)
    assert (lab.state, lab.snapshots()) == (base.State.STOPPED, {"off": False})
    lab.provider.start(lab.machine)
    lab.provider.save(lab.machine, "on")
    lab.provider.restore(lab.machine, "off")
    assert lab.state is base.State.STOPPED
    lab.provider.discard(lab.machine, "off")
    assert lab.snapshots() == {"on": True}


@pytest.mark.parametrize("running", [True, False])
def test_a_removed_snapshot_gives_its_room_back(lab: Lab, running: bool) -> None:
    lab.provider.start(lab.machine)
    lab.switch_off()
    lab.write("0 32M", 5)
    lab.provider.save(lab.machine, "full")
    lab.io("discard 0 32M")
    full = _allocated(lab)
    assert full > 32 << 20
    if running:
        lab.provider.start(lab.machine)
    lab.provider.discard(lab.machine, "full")
    assert _allocated(lab) < full - (30 << 20)


def test_snapshots_of_other_people_are_left_alone(lab: Lab) -> None:
    lab.provider.start(lab.machine)
    lab.switch_off()
    disk = str(lab.folder / "disk.qcow2")
    subprocess.run(["qemu-img", "snapshot", "-c", "mine", disk], check=True)
    assert lab.snapshots() == {}


def test_a_machine_that_was_not_made_has_no_snapshots(lab: Lab) -> None:
    assert lab.provider.snapshots(lab.machine) == {}
    lab.provider.discard(lab.machine, "x")
    with pytest.raises(errors.ProviderError) as caught:
        lab.provider.restore(lab.machine, "x")
    assert caught.value.message == "m could not be brought back: it has no snapshot 'x'"
    assert lab.state is base.State.ABSENT


def test_memory_of_another_hardware_is_refused_and_the_machine_is_off(lab: Lab) -> None:
    lab.provider.start(lab.machine)
    lab.provider.save(lab.machine, "small")
    more = dataclasses.replace(lab.machine, memory_mib=32)
    with pytest.raises(errors.ProviderError) as caught:
        lab.provider.restore(more, "small")
    said = caught.value.message
    assert said.startswith("m could not be brought back: Error -22 while loading VM state")
    assert caught.value.hint == (
        "memory fits only the hardware, the accelerator and the QEMU that it was saved with"
    )
    assert lab.state is base.State.STOPPED
    lab.provider.restore(lab.machine, "small")  # still whole
    assert lab.state is base.State.RUNNING


def test_a_machine_that_is_held_feels_its_power_button(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "_SHUTDOWN", 0.2)  # this guest has no system to hear it
    lab.provider.start(lab.machine)
    lab.provider.pause(lab.machine)
    heard: list[bool] = []
    plain = provider.Provider._switch_off

    def switch_off(self: provider.Provider, name: str) -> None:
        heard.append(lab.runs)
        plain(self, name)

    monkeypatch.setattr(provider.Provider, "_switch_off", switch_off)
    lab.provider.stop(lab.machine)
    assert heard == [True]
    assert lab.state is base.State.STOPPED


def test_start_after_the_host_went_down(lab: Lab) -> None:
    lab.provider.start(lab.machine)
    lab.provider.save(lab.machine, "before")
    psutil.Process(lab.pid).kill()
    process.end(psutil.Process(int((lab.folder / "pid").read_text())))
    assert (lab.folder / "monitor").is_socket()
    # The number in the pid file is somebody else's now.
    (lab.folder / "pid").write_text(f"{os.getpid()}\n")
    assert lab.state is base.State.STOPPED
    assert lab.snapshots() == {"before": True}
    lab.provider.start(lab.machine)
    assert lab.runs
    assert lab.pid != os.getpid()
    lab.provider.restore(lab.machine, "before")
    assert lab.state is base.State.RUNNING


# --- a full disk ---------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: pathlib.Path) -> Generator[pathlib.Path]:
    """Return a file system of 8 MiB."""
    made = tmp_path / "small"
    made.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "labkit-test", str(made)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root mounts a file system")
    yield made
    subprocess.run(["umount", "-l", str(made)], check=True)


class TestFullDisk:
    """The lab is on a file system that is too small for what is to be saved."""

    @pytest.fixture
    def place(self, small: pathlib.Path) -> pathlib.Path:
        return small

    def test_save_of_a_running_machine(self, lab: Lab) -> None:
        lab.provider.start(lab.machine)
        lab.provider.save(lab.machine, "fits")
        (lab.folder / "ballast").write_bytes(bytes(shutil.disk_usage(lab.folder).free))
        with pytest.raises(errors.ProviderError) as caught:
            lab.provider.save(lab.machine, "too-much")
        assert caught.value.message == "m could not be saved: the disk is full"
        assert caught.value.hint == (
            f"make room where {lab.folder} is, or remove a snapshot with 'lab.snapshot delete NAME'"
        )
        assert lab.runs
        assert lab.snapshots() == {"fits": True}
        (lab.folder / "ballast").unlink()
        lab.provider.save(lab.machine, "now")
        lab.provider.restore(lab.machine, "now")

    def test_save_of_a_machine_that_is_off(self, lab: Lab) -> None:
        lab.provider.start(lab.machine)
        lab.switch_off()
        lab.write("0 2M", 1)
        (lab.folder / "ballast").write_bytes(bytes(shutil.disk_usage(lab.folder).free))
        with pytest.raises(errors.ProviderError) as caught:
            lab.provider.save(lab.machine, "too-much")
        assert caught.value.message == "m could not be saved: the disk is full"
        assert lab.snapshots() == {}


@pytest.mark.parametrize("said", ["Error -22", "device is busy"])
def test_other_refusals_are_handed_on(tmp_path: pathlib.Path, said: str) -> None:
    plain = snapshot.refusal("m", tmp_path, errors.ProviderError(said, hint="look"))
    assert (plain.message, plain.hint) == (f"m: {said}", "look")
