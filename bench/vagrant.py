"""How long four machines on VirtualBox take with labkit, and with plain Vagrant, in one run.

`./lab bench vagrant` runs it and writes docs/explanation/figures/vagrant.md. It needs VirtualBox,
Vagrant and a box rig/boot-sector, whose machines print a line and halt. Their SSH never answers, so
each is given two seconds; Vagrant alone stops at the first such machine, and is therefore told to
make one after the other, which is what it does with any machines of VirtualBox.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING

import psutil

from bench import user

if TYPE_CHECKING:
    from collections.abc import Mapping

FIGURES = user.REPOSITORY / "docs" / "explanation" / "figures" / "vagrant.md"
NAMES = ("one", "two", "three", "four")
PATIENCE = 1200.0
FASTER_UP, FASTER_STATUS = 1.5, 10.0
"""How many times faster than Vagrant labkit should be."""

LAB = """\
lab: bench-vbox
provider: virtualbox
defaults: {memory: 64 MiB, disk: 1 GiB}
providers:
  virtualbox: {boot_timeout: 2, resize: false}
machines:
"""
BOXES = "debian-12: {virtualbox: {x86_64: {name: rig/boot-sector}}}\n"
UP = ("vagrant up, one by one", "labkit up")
STATUS = ("vagrant status", "labkit status", "labkit's provider alone")
_ASK = """\
import pathlib, time
from labkit.lifecycle import context
lab = context.open_lab(pathlib.Path("lab.yml"))
provider = lab.provider
start = time.perf_counter()
states = provider.status()
print(time.perf_counter() - start)
assert {each.value for each in states.values()} == {"running"}, states
"""


def run(folder: pathlib.Path, *words: str) -> user.Ended:
    """Run a program, whatever its status, and not for ever."""
    return user.run(folder, *words, timeout=PATIENCE)


def labkit(folder: pathlib.Path, *words: str) -> float:
    """Run labkit; return seconds."""
    return run(folder, sys.executable, "-m", "labkit", *words).seconds


def count() -> int:
    """Return how many machines of the benchmark run."""
    said = subprocess.run(
        ["VBoxManage", "list", "runningvms"], capture_output=True, text=True, check=True
    )
    return len(re.findall(r'^"bench-vbox-', said.stdout, re.MULTILINE))


def require(number: int) -> None:
    """Believe nobody.

    Raises:
        SystemExit: Another number of machines runs.
    """
    if count() != number:
        raise SystemExit(f"{count()} machines run, and not {number}")


def measure(rounds: int) -> dict[str, list[float]]:
    """Take turns."""
    taken: dict[str, list[float]] = {name: [] for name in (*UP, *STATUS)}
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        machines = "".join(
            f"  {name}: {{nat: 10.0.2.{51 + n}, hostonly: 192.168.56.{51 + n}}}\n"
            for n, name in enumerate(NAMES)
        )
        (folder / "lab.yml").write_text(LAB + machines)
        (folder / "boxes.yml").write_text(BOXES)
        inside = folder / ".lab" / "bench-vbox"
        try:
            warm(folder, inside)
            for _ in range(rounds):
                taken[UP[0]].append(plain(folder, inside))
                taken[UP[1]].append(labkit(folder, "up"))
                require(len(NAMES))
                taken[STATUS[0]].append(run(inside, "vagrant", "status").seconds)
                taken[STATUS[1]].append(labkit(folder, "status"))
                taken[STATUS[2]].append(float(run(folder, sys.executable, "-c", _ASK).out))
                labkit(folder, "destroy", "--yes")
                require(0)
                print({name: round(values[-1], 2) for name, values in taken.items()})
        finally:
            labkit(folder, "destroy", "--yes")
    return taken


def warm(folder: pathlib.Path, inside: pathlib.Path) -> None:
    """Let the master of the linked clones be there: both would make it once."""
    labkit(folder, "render")
    run(inside, "vagrant", "up", NAMES[0], "--no-provision")
    run(inside, "vagrant", "destroy", "--force")


def plain(folder: pathlib.Path, inside: pathlib.Path) -> float:
    """Make the machines with Vagrant alone, remove them again, and return the seconds of making."""
    labkit(folder, "render")
    seconds = sum(run(inside, "vagrant", "up", name, "--no-provision").seconds for name in NAMES)
    require(len(NAMES))
    run(inside, "vagrant", "destroy", "--force")
    return seconds


def table(taken: Mapping[str, list[float]]) -> str:
    """Return the figures as Markdown."""
    vagrant = run(user.REPOSITORY, "vagrant", "--version").out.strip()
    manage = run(user.REPOSITORY, "VBoxManage", "--version").out.strip()
    memory = psutil.virtual_memory().total >> 30
    made = (
        f"Made on {time.strftime('%Y-%m-%d')}: {platform.system()}, {psutil.cpu_count()} cores, "
        f"{memory} GiB, Python {platform.python_version()}, {vagrant}, "
        f"VirtualBox {manage}; load of the host at the end {os.getloadavg()[0]:.1f}. Four machines "
        "that print a line and halt, each given two seconds to answer."
    )
    lines = ["<!-- Written by './lab bench vagrant'; do not edit. -->", "", made, ""]
    lines += ["| | median | each round |", "| --- | --- | --- |"]
    for name, values in taken.items():
        rounds = ", ".join(f"{seconds:.2f}" for seconds in values)
        lines.append(f"| {name} | {statistics.median(values):.2f} s | {rounds} |")
    for slow, fast, aim in (
        (UP[0], UP[1], FASTER_UP),
        (STATUS[0], STATUS[1], FASTER_STATUS),
        (STATUS[0], STATUS[2], FASTER_STATUS),
    ):
        ratios = [a / b for a, b in zip(taken[slow], taken[fast], strict=True)]
        shown = ", ".join(f"{ratio:.1f}" for ratio in ratios)
        what = f"{fast}: times faster than {slow} (should be {aim:g})"
        lines.append(f"| {what} | {statistics.median(ratios):.1f} | {shown} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print, and write the figures."""
    parser = argparse.ArgumentParser(prog="bench.vagrant", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured")
    text = table(measure(parser.parse_args().rounds))
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    FIGURES.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
