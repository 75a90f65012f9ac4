"""What a class takes: 200 students planned and looked at, and four real ones beside a rehearsal.

`./lab bench classroom` runs it and writes docs/explanation/figures/classroom.md; `--simulated` goes
without the real machines. The image must be in the cache, or the first lab's time holds its making.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import itertools
import json
import pathlib
import resource
import statistics
import tempfile
import threading
from typing import TYPE_CHECKING, Any

import psutil

from bench import host, script, user
from tests.report import browser

if TYPE_CHECKING:
    from collections.abc import Generator

FIGURES = user.REPOSITORY / "docs" / "explanation" / "figures" / "classroom.md"
MANY, FEW, ROUNDS = 200, 4, 5
AIM = 2.0
"""Seconds for each look at a class of 200."""
INTERACTIVE = 1.0
"""Seconds until the board's page works."""
_LAB = """\
lab: one-of-many
defaults: {memory: 256 MiB}
machines:
  node-01: {nat: 10.0.2.61, hostonly: 192.168.56.61}
  node-02: {nat: 10.0.2.62, hostonly: 192.168.56.62}
"""
_PAGE = """\
# Figures: a class

<!-- Made by `./lab bench classroom`; do not edit. -->

{about}

## 200 students

`labkit class.plan` and `labkit class.status` for a class of 200 students with two machines each,
from the start of Python to its end, the median of {rounds} runs. None of the machines exists.

| task | seconds | should be at most |
| --- | --- | --- |
{many}

The board's page with 200 students, in a headless Chromium on this host: from asking for the page to
the moment at which it is drawn and its filters work, the median of {rounds} times.

| page | seconds | should be at most |
| --- | --- | --- |
| board | {board:.2f} | {interactive:.0f} |
"""
_FEW = """\
## Four students beside their rehearsal

`labkit class.up` for four students with two machines of 256 MiB each on QEMU, emulated, and what
`labkit class.rehearse` says of it. Memory is what the QEMU processes and the switches of the
segments have resident at most, disk what the class folder takes, and outside calls are the
programs, monitors and round trips that the labs' logs name.

| | rehearsed | measured |
| --- | --- | --- |
{few}

The rehearsal counts a machine's memory as its size and 200 MiB for QEMU, which is what it can come
to; a machine that is new has not touched all of it. The QEMU processes used {work:.0f} s
of processors, and labkit with its programs {own:.0f} s; the load of the host was {load:.1f} for
each of its processors before.

## How the rehearsal works

{model}

| figure | emulated |
| --- | --- |
{costs}
"""


@dataclasses.dataclass(slots=True)
class Real:
    """What was seen of a real run."""

    seconds: float = 0.0
    first: float = 0.0
    memory: int = 0
    disk: int = 0
    calls: int = 0
    work: float = 0.0
    """Seconds of processors that the QEMU processes used."""
    own: float = 0.0
    """Seconds of processors that labkit and its programs used."""
    load: float = 0.0
    """Of each processor, by others, before it began."""


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(prog="bench.classroom", description=__doc__)
    parser.add_argument("--simulated", action="store_true", help="leave the real machines out")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="labkit-class-") as name:
        many = _many(pathlib.Path(name) / "many")
        board = _board(pathlib.Path(name) / "many")
        page = _many_page(many, board)
        if not wanted.simulated:
            few = pathlib.Path(name) / "few"
            _make(few, FEW)
            said = user.labkit(few, "class.rehearse", "--format", "json").out
            real = _real(few)
            print(real)
            page += f"\n{_few_page(json.loads(said), real)}"
    FIGURES.write_text(page, encoding="utf-8")
    print(FIGURES)


def _make(folder: pathlib.Path, students: int) -> None:
    folder.mkdir()
    (folder / "lab.yml").write_text(_LAB)
    (folder / "class.yml").write_text("classroom: bench-class\nroster: roster.csv\n")
    rows = "".join(f"student-{number:03},Student {number}\n" for number in range(students))
    (folder / "roster.csv").write_text(f"name,display\n{rows}")


def _many(folder: pathlib.Path) -> dict[str, float]:
    _make(folder, MANY)
    found: dict[str, float] = {}
    for task in ("class.plan", "class.status"):
        runs = [user.labkit(folder, task, good=(0, 1)) for _ in range(ROUNDS)]
        found[task] = statistics.median(each.seconds for each in runs)
        print(f"{task}: {found[task]:.2f} s")
    return found


def _board(folder: pathlib.Path) -> float:
    """Open the board's page of the class of 200; it filters when its script counts the rows."""
    user.labkit(folder, "class.board", "--static", "board")
    times: list[float] = []
    with browser.start() as chromium:
        for _ in range(ROUNDS):
            times.append(chromium.open(folder / "board" / "index.html"))
            said = chromium.run("document.getElementById('shown').textContent")
            if said != f"{MANY} of {MANY} shown":
                raise RuntimeError(f"the board says {said!r}")
    found = statistics.median(times)
    print(f"board: {found:.2f} s")
    return found


def _real(folder: pathlib.Path) -> Real:
    real = Real(load=psutil.getloadavg()[0] / (psutil.cpu_count() or 1))
    with _watched(folder, real):
        before = _own()
        try:
            up = user.labkit(folder, "class.up", "--format", "json")
            real.seconds, real.own = up.seconds, _own() - before
            students: dict[str, Any] = json.loads(up.out)["students"]
            real.first = min(each["seconds"] for each in students.values())
            files = [path for path in folder.rglob("*") if path.is_file()]
            real.disk = sum(path.stat().st_blocks * 512 for path in files) >> 20
            real.calls = sum(
                json.loads(line)["kind"] == "command"
                for path in folder.glob("students/*/.lab/*/logs/*.jsonl")
                for line in path.read_text(encoding="utf-8").splitlines()
            )
        finally:
            user.labkit(folder, "class.destroy", "--yes")
    return real


def _own() -> float:
    """Return the seconds of processors of all programs that have ended; those of QEMU have not."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextlib.contextmanager
def _watched(folder: pathlib.Path, real: Real) -> Generator[None]:
    """Look at the class's QEMU processes every second."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(1.0):
            memory, work = 0, 0.0
            for process in psutil.process_iter():
                with contextlib.suppress(psutil.Error):
                    options = dict(itertools.pairwise(process.cmdline()))
                    if options.get("-pidfile", "").startswith(f"{folder}/"):
                        memory += process.memory_info().rss
                        work += sum(process.cpu_times()[:2])
            real.memory, real.work = max(real.memory, memory >> 20), max(real.work, work)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _many_page(many: dict[str, float], board: float) -> str:
    return _PAGE.format(
        about=host.about(()),
        rounds=ROUNDS,
        board=board,
        interactive=INTERACTIVE,
        many="\n".join(f"| `{name}` | {took:.2f} | {AIM:.0f} |" for name, took in many.items()),
    )


def _few_page(rehearsed: dict[str, Any], real: Real) -> str:
    # Imported here: what runs above is labkit as its users run it.
    from labkit.classroom import rehearse  # noqa: PLC0415

    rows = [
        ("until the first lab is verified", f"{rehearsed['first']:.0f} s", f"{real.first:.0f} s"),
        (
            "until the last one is verified",
            f"{rehearsed['seconds']:.0f} s",
            f"{real.seconds:.0f} s",
        ),
        ("memory", f"{rehearsed['memory_mib']} MiB", f"{real.memory} MiB"),
        ("disk", f"{rehearsed['disk_mib']} MiB", f"{real.disk} MiB"),
        ("outside calls", str(rehearsed["calls"]), str(real.calls)),
    ]
    costs = rehearse.EMULATED
    figures = [
        ("labkit begins", f"{costs.begin.work} s of a processor"),
        ("a machine boots and is configured", _cost(costs.machine)),
        ("a machine is verified", _cost(costs.verify)),
        (
            "outside calls of a lab, and of each machine",
            f"{costs.lab_calls}, {costs.machine_calls}",
        ),
    ]
    words = (rehearse.__doc__ or "").split("\n\n")[1]
    return _FEW.format(
        few="\n".join(f"| {' | '.join(row)} |" for row in rows),
        work=real.work,
        own=real.own,
        load=real.load,
        model=words,
        costs="\n".join(f"| {' | '.join(row)} |" for row in figures),
    )


def _cost(phase: Any) -> str:  # noqa: ANN401 - a Phase, imported late
    return f"{phase.work} s of a processor, {phase.wait} s besides"


if __name__ == "__main__":
    script.run(main)
