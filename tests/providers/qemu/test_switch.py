"""The switch of a segment: real sockets, real processes, and who gets at them."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import contextlib
import os
import pathlib
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from labkit import errors, workspace
from labkit.providers import gc
from labkit.providers.qemu import process, segment

if sys.platform == "win32":
    pytest.skip("there are no unix sockets", allow_module_level=True)

from labkit.providers.qemu import switch

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    import psutil

_ALL = b"\xff" * 6
_PATIENCE = 30.0
"""Seconds; a frame takes microseconds, and this host may be busy."""


def _mac(number: int) -> bytes:
    return bytes([2, 0, 0, 0, 0, number])


def _frame(target: bytes, source: int, text: bytes = b"") -> bytes:
    return target + _mac(source) + b"\x08\x00" + text


class Machine:
    """What a machine's QEMU does with its two sockets."""

    def __init__(self, folder: pathlib.Path, name: str, number: int) -> None:
        self.mac, self._number, self._hub = _mac(number), number, str(folder / "hub")
        self.path = folder / "ports" / name
        self.path.unlink(missing_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(_PATIENCE)
        self.socket.bind(str(self.path))
        self.path.chmod(0o666)  # as `launch` does

    def send(self, target: bytes, text: bytes = b"") -> None:
        self.socket.sendto(_frame(target, self._number, text), self._hub)

    def read(self) -> bytes:
        return self.socket.recv(65550)[14:]

    def silent(self) -> bool:
        self.socket.setblocking(False)
        try:
            self.socket.recv(65550)
        except BlockingIOError:
            return True
        finally:
            self.socket.settimeout(_PATIENCE)
        return False


@pytest.fixture
def home() -> Generator[pathlib.Path]:
    """Make a folder with a short path, which this user's sockets need and labkit's do not."""
    with tempfile.TemporaryDirectory(prefix="lab-") as name:
        yield pathlib.Path(name)


@pytest.fixture
def lab(home: pathlib.Path) -> Generator[segment.Segment]:
    space = workspace.Workspace(home, f"t{os.getpid()}")
    space.make()
    made = segment.Segment(space)
    yield made
    made.end()


@pytest.fixture
def join(lab: segment.Segment) -> Generator[Callable[[str, int], Machine]]:
    with contextlib.ExitStack() as stack:

        def make(name: str, number: int) -> Machine:
            made = Machine(lab.folder, name, number)
            stack.callback(made.socket.close)
            return made

        yield make


def _runs(lab: segment.Segment) -> psutil.Process:
    found = process.of(lab.uuid, lab.pid_file)
    assert found is not None
    return found


def test_a_frame_for_all_and_the_answer_to_one(
    lab: segment.Segment, join: Callable[[str, int], Machine]
) -> None:
    lab.start()
    one, two, three = (join(name, number) for number, name in enumerate(("a", "b", "c"), 1))
    one.send(_ALL, b"who has")
    assert (two.read(), three.read()) == (b"who has", b"who has")
    two.send(one.mac, b"me")
    one.send(two.mac, b"thanks")
    assert (one.read(), two.read()) == (b"me", b"thanks")
    one.send(_mac(9), b"anybody")  # an address that nobody has shown
    assert (two.read(), three.read()) == (b"anybody", b"anybody")
    assert one.silent()


def _acquainted(join: Callable[[str, int], Machine]) -> tuple[Machine, Machine]:
    """Return two machines; the switch knows where the second one is."""
    one, two = join("a", 1), join("b", 2)
    two.send(_ALL, b"hello")
    assert one.read() == b"hello"
    return one, two


def test_a_machine_that_is_started_again(
    lab: segment.Segment, join: Callable[[str, int], Machine]
) -> None:
    lab.start()
    one, two = _acquainted(join)
    one.send(two.mac, b"first")
    assert two.read() == b"first"
    two.socket.close()
    one.send(two.mac, b"lost")
    again = join("b", 2)
    one.send(two.mac, b"second")
    found = again.read()
    assert found == b"second" or again.read() == b"second"  # the lost one may come late


def test_nothing_is_sent_to_a_machine_that_is_gone(
    lab: segment.Segment, join: Callable[[str, int], Machine]
) -> None:
    lab.start()
    one, two = _acquainted(join)
    lab.leave("b")
    lab.leave("b")
    two.socket.close()
    one.send(two.mac, b"lost")
    three = join("c", 3)
    three.send(one.mac, b"still there")
    assert one.read() == b"still there"


def test_a_switch_that_was_killed_is_started_again(
    lab: segment.Segment, join: Callable[[str, int], Machine]
) -> None:
    lab.start()
    first = _runs(lab)
    one, two = join("a", 1), join("b", 2)
    first.kill()
    process.end(first)
    with pytest.raises(OSError, match="refused"):
        one.send(_ALL)
    lab.start()
    assert _runs(lab).pid != first.pid
    one.send(_ALL, b"again")
    assert two.read() == b"again"
    second = _runs(lab)
    lab.start()
    assert _runs(lab) == second


def test_one_whose_folder_was_deleted_is_ended(lab: segment.Segment) -> None:
    lab.start()
    first = _runs(lab)
    shutil.rmtree(lab.folder)
    assert lab.running() == [first]
    lab.start()
    assert not process.is_of(lab.uuid, first)
    assert lab.running() == [_runs(lab)]


def test_there_is_never_a_second_one(lab: segment.Segment) -> None:
    lab.start()
    first = _runs(lab)
    subprocess.run(lab.command(), check=True, timeout=_PATIENCE)
    assert lab.running() == [first]


def test_it_is_found_and_ended_by_the_collector(lab: segment.Segment) -> None:
    lab.start()
    (found,) = [each for each in gc.find() if each.entry == lab.space.entry]
    assert found.machine == "network hostonly"
    assert found.what == f"process {_runs(lab).pid} (switch)"
    found.remove()
    assert lab.running() == []


def test_it_is_small_and_has_no_terminal_and_no_root(lab: segment.Segment) -> None:
    lab.start()
    found = _runs(lab)
    assert found.memory_info().rss < 24 << 20
    assert found.terminal() is None
    assert found.uids().effective != 0


def test_a_slow_machine_holds_nobody_up(
    lab: segment.Segment, join: Callable[[str, int], Machine]
) -> None:
    lab.start()
    slow, one, two = join("slow", 1), join("a", 2), join("b", 3)
    for each in (slow, one, two):
        each.send(_ALL)
    for each in (slow, one, two):
        assert (each.read(), each.read()) == (b"", b"")
    for number in range(200):
        two.send(slow.mac, b"%d" % number)
    two.send(one.mac, b"past it")
    assert one.read() == b"past it"
    assert [slow.read() for _ in range(200)] == [b"%d" % number for number in range(200)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_no_other_user_reads_or_sends(
    lab: segment.Segment, join: Callable[[str, int], Machine]
) -> None:
    """Not even `nobody`, who the switch and the machines are."""
    lab.start()
    one = join("a", 1)
    lab.space.folder.chmod(0o755)
    code = """
import os, pathlib, socket, sys
folder, pid = sys.argv[1:]
made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
descriptors = f"/proc/{pid}/cwd"
for path in (f"{folder}/hub", f"{folder}/ports/a", f"{descriptors}/../hub", f"{descriptors}/a"):
    try:
        made.sendto(bytes(20), path)
        print("reached", path)
    except PermissionError:
        print("refused")
try:
    print(os.listdir(folder))
except PermissionError:
    print("refused")
"""
    for user in ("65534", "12345"):
        words = ["setpriv", f"--reuid={user}", "--clear-groups", "--regid", user, "--"]
        words += [shutil.which("python3", path="/usr/bin:/bin") or sys.executable, "-I", "-c", code]
        done = subprocess.run(
            [*words, str(lab.folder), str(_runs(lab).pid)],
            check=False, capture_output=True, text=True, timeout=_PATIENCE,
        )  # fmt: skip
        assert (done.stdout.split(), done.stderr) == (["refused"] * 5, "")
    assert one.silent()


def test_no_network_card_carries_it(lab: segment.Segment) -> None:
    lab.start()
    assert _runs(lab).net_connections("inet") == []
    assert "mcast" not in lab.netdev
    assert "inet" not in lab.netdev


def test_a_path_that_is_too_long_for_a_socket(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("d" * 100)
    lab = segment.Segment(workspace.Workspace(deep, "web"))
    lab.space.make()
    lab.start()  # by a descriptor
    lab.end()
    monkeypatch.setattr(segment, "_has_descriptors", lambda: False)
    with pytest.raises(errors.ProviderError) as caught:
        lab.start()
    hub = deep / ".lab" / "web" / "segment" / "hub"
    said = f"the path of the socket {hub} is longer than 103 bytes"
    assert caught.value.message == said
    assert caught.value.hint == "move the lab's folder to a place with a shorter path"


def test_what_a_hub_elsewhere_is_called(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = segment.Segment(workspace.Workspace(tmp_path / "a,b", "web"))
    inside = "dgram,remote.type=unix,remote.path=/proc/self/fd/7/hub,local.type=unix"
    assert lab.netdev == inside
    monkeypatch.setattr(segment, "_has_descriptors", lambda: False)
    hub = f"{tmp_path}/a,,b/.lab/web/segment/hub"
    assert lab.netdev == f"dgram,remote.type=unix,remote.path={hub},local.type=unix"


def test_made_up_addresses_do_not_fill_its_memory(
    home: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch, "_ADDRESSES", 10)
    monkeypatch.chdir(home)
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as hub,
        selectors.DefaultSelector() as selector,
    ):
        made = switch.Switch(hub, selector)
        for number in range(100):
            made._carry(memoryview(_frame(_mac(200), number)), "a")
            assert len(made._behind) <= 10


def test_it_does_not_outlive_its_folder(
    home: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch, "_QUIET", 0.01)
    (home / "ports").mkdir()
    monkeypatch.chdir(home / "ports")
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as hub,
        selectors.DefaultSelector() as selector,
    ):
        switch.Switch(hub, selector).run()


def test_who_has_no_port_sends_nothing(
    lab: segment.Segment, join: Callable[[str, int], Machine]
) -> None:
    lab.start()
    one, two = join("a", 1), join("b", 2)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(_frame(_ALL, 3, b"unnamed"), str(lab.folder / "hub"))
        if sys.platform == "linux":
            stranger.bind("")  # an abstract name (unix(7))
            stranger.sendto(_frame(_ALL, 3, b"abstract"), str(lab.folder / "hub"))
    two.socket.sendto(b"short", str(lab.folder / "hub"))
    two.send(_ALL, b"named")
    assert one.read() == b"named"
