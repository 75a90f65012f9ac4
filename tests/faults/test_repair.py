"""Half a lab: `up`, `start` and `destroy` make a whole one, or none, of whatever is left."""

from __future__ import annotations

import contextlib
import shutil
import signal
from typing import TYPE_CHECKING

import psutil
import pytest

from labkit import workspace
from labkit.providers.qemu import process, segment
from tests.faults import conftest

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable


def _pull_the_plug(lab: conftest.Lab) -> None:
    """What a host's reboot leaves: no process, and every file as it was."""
    for each in lab.processes():
        each.kill()
        with contextlib.suppress(psutil.Error):
            each.wait(10)
    assert lab.processes() == []


def _marked_removing(lab: conftest.Lab) -> None:
    lab.space.ledger.set("m1", workspace.Mark.REMOVING)


def _without_disk(lab: conftest.Lab) -> None:
    (lab.space.machine("m1") / "disk.qcow2").unlink()


def _without_folder(lab: conftest.Lab) -> None:
    shutil.rmtree(lab.space.machine("m1"))


def _without_folder_and_process(lab: conftest.Lab) -> None:
    _pull_the_plug(lab)
    shutil.rmtree(lab.space.machine("m1"))


def _without_pid_file(lab: conftest.Lab) -> None:
    (lab.space.machine("m1") / "pid").unlink()


def _without_anything(lab: conftest.Lab) -> None:
    shutil.rmtree(lab.space.path)


def _without_ledger(lab: conftest.Lab) -> None:
    lab.space.ledger.path.unlink()


def _with_half_a_ledger(lab: conftest.Lab) -> None:
    content = lab.space.ledger.path.read_bytes()
    lab.space.ledger.path.write_bytes(content[: len(content) // 2])


def _killed(lab: conftest.Lab) -> None:
    _pull_the_plug(lab)


def _without_switch(lab: conftest.Lab) -> None:
    (switch,) = segment.Segment(lab.space).running()
    switch.kill()
    process.end(switch)


def _without_segment(lab: conftest.Lab) -> None:
    shutil.rmtree(lab.space.segment)


def _paused(lab: conftest.Lab) -> None:
    for each in lab.processes():
        each.send_signal(signal.SIGSTOP)


_HALVES: list[Callable[[conftest.Lab], None]] = [
    _marked_removing,
    _without_disk,
    _without_folder,
    _without_folder_and_process,
    _without_pid_file,
    _without_anything,
    _without_ledger,
    _with_half_a_ledger,
    _killed,
    _without_switch,
    _without_segment,
]
_SAMPLE = {_without_folder, _with_half_a_ledger}


def _name(half: Callable[[conftest.Lab], None]) -> str:
    return half.__name__.strip("_").replace("_", " ")


@pytest.mark.parametrize(
    "half",
    [
        pytest.param(
            half, id=_name(half), marks=pytest.mark.e2e if half in _SAMPLE else pytest.mark.slow
        )
        for half in _HALVES
    ],
)
def test_up_repairs(lab: conftest.Lab, half: Callable[[conftest.Lab], None]) -> None:
    lab.good("up")
    wanted = lab.state()
    half(lab)
    lab.good("up")
    assert lab.state() == wanted
    lab.good("verify")


@pytest.mark.parametrize(
    "half",
    [
        pytest.param(
            half, id=_name(half), marks=pytest.mark.e2e if half is _killed else pytest.mark.slow
        )
        for half in (*_HALVES, _paused)
    ],
)
def test_destroy_removes_twice_and_nothing_else(
    lab: conftest.Lab,
    cache: pathlib.Path,
    tmp_path: pathlib.Path,
    half: Callable[[conftest.Lab], None],
) -> None:
    foreign = conftest.make(tmp_path / "foreign" / lab.path.name, cache, 1)  # of the same name
    text = (foreign.path / "lab.yml").read_text()
    (foreign.path / "lab.yml").write_text(text.replace("m1: {", "m1: {ssh_port: 31222, "))
    try:
        foreign.good("up")
        before = foreign.state()
        lab.good("up")
        half(lab)
        lab.good("destroy", "--yes")
        assert lab.processes() == []
        assert not (lab.path / ".lab").exists()
        run = lab.good("destroy", "--yes")
        assert run.out == f"there is nothing of lab '{lab.path.name}'\n"
        assert foreign.state() == before
        foreign.good("verify")
    finally:
        foreign.clear()


@pytest.mark.slow
def test_machines_that_run_reach_each_other_again(pair: conftest.Lab) -> None:
    def reach(machine: str, other: int) -> int:
        ask = f"ping -c 1 -W 3 192.168.56.{other}"
        return pair("exec", "--only", machine, ask).code

    pair.good("up")
    for number in (1, 2):
        pair.good("exec", "--only", f"m{number}", f"ifconfig eth1 192.168.56.{50 + number}")
    assert (reach("m1", 52), reach("m2", 51)) == (0, 0)
    machines = {each.pid for each in pair.processes()}
    _without_switch(pair)
    assert reach("m1", 52) != 0
    pair.good("up")
    assert (reach("m1", 52), reach("m2", 51)) == (0, 0)
    assert len(machines & {each.pid for each in pair.processes()}) == len(pair.uuids) - 1
    # One that was killed and is on again finds its place.
    uuid = next(number for number, name in pair.uuids.items() if name == "m2")
    (second,) = [each for each in pair.processes() if uuid in each.cmdline()]
    second.kill()
    process.end(second)
    pair.good("start", "--only", "m2")
    pair.good("exec", "--only", "m2", "ifconfig eth1 192.168.56.52")
    assert (reach("m1", 52), reach("m2", 51)) == (0, 0)


@pytest.mark.slow
def test_start_after_the_host_has_been_rebooted(pair: conftest.Lab) -> None:
    pair.good("up")
    wanted = pair.state()
    _pull_the_plug(pair)
    assert pair("status").code == 1
    pair.good("start")
    # What is in the tiny guest is gone with its memory, and 'up' makes it anew.
    assert pair.state().running == wanted.running
    pair.good("up")
    assert pair.state() == wanted


@pytest.mark.slow
def test_any_file_torn_by_a_power_cut(lab: conftest.Lab, record_property: conftest.Record) -> None:
    lab.good("up")
    wanted = lab.state()
    # Keys, seed and disk are on the disk before anything says that they are there (fsync(2)).
    names = sorted(
        str(path.relative_to(lab.path))
        for path in (lab.path / ".lab").rglob("*")
        if path.is_file() and not {"logs", "keys", "seed", "disk.qcow2"} & set(path.parts)
    )
    rounds = 0
    for name in names:
        for part in (0.0, 0.5):
            _pull_the_plug(lab)
            path = lab.path / name
            path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
            run = lab("up")
            assert run.code == 0, f"{name} cut to {part:.0%}: {run}"
            assert lab.state() == wanted, name
            rounds += 1
    record_property("rounds", rounds)
