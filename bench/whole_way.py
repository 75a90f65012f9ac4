"""How long the default lab takes, beside the same four images booted by bare QEMU, in one run.

`./lab bench whole-way` runs it and writes docs/explanation/figures/whole-way.md. The image must be
in the cache or is built first; its time is measured apart.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import pathlib
import platform
import statistics
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING, Any

import psutil

from bench import script, user
from labkit.images import seed, store
from labkit.ssh import keys

if TYPE_CHECKING:
    from collections.abc import Generator

FIGURES = user.REPOSITORY / "docs" / "explanation" / "figures" / "whole-way.md"
MACHINES = 4
PATIENCE = 600.0


@dataclasses.dataclass(frozen=True)
class Taken:
    """Seconds on the clock, and of processors."""

    what: str
    wall: list[float]
    note: str = ""


def bare(image: store.Image, folder: pathlib.Path) -> float:
    """Boot four copies of the image with plain QEMU until ssh runs a command on each."""
    pair = keys.generate("bench")
    key = folder / "key"
    key.write_text(pair.private.reveal())
    key.chmod(0o600)
    start = time.monotonic()
    with contextlib.ExitStack() as stack:
        ports = [
            stack.enter_context(_bare_machine(image, folder, n, pair)) for n in range(MACHINES)
        ]
        waiting = dict.fromkeys(ports)
        while waiting:
            for port in list(waiting):
                if _answers(key, port):
                    del waiting[port]
            if time.monotonic() - start > PATIENCE:
                raise TimeoutError("bare QEMU did not reach SSH")
        return time.monotonic() - start


@contextlib.contextmanager
def _bare_machine(
    image: store.Image, folder: pathlib.Path, number: int, pair: keys.KeyPair
) -> Generator[int]:
    disk, port = folder / f"bare-{number}.qcow2", 45210 + number
    host = keys.generate("host")
    identity = folder / f"bare-{number}.seed"
    identity.write_bytes(
        seed.fw_cfg(
            seed.Seed(
                f"bare-{number}", image.user, (pair.public,), host.private.reveal(), host.public
            )
        )
    )
    make = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(image.disk)]
    subprocess.run([*make, str(disk)], check=True)
    # The settings that measured best, by hand: what somebody who knows QEMU well would type.
    words = ["qemu-system-x86_64", "-nodefaults", "-display", "none", "-machine", "q35"]
    words += ["-accel", "tcg,thread=multi,tb-size=128", "-cpu", "qemu64", "-smp", "1", "-m", "512"]
    words += ["-kernel", str(image.kernel), "-initrd", str(image.initrd)]
    words += ["-append", f"{image.kernel_args} console=ttyS0"]
    words += ["-drive", f"file={disk},if=virtio,cache=unsafe", "-device", "virtio-rng-pci"]
    words += ["-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{port}-:22"]
    words += ["-device", "virtio-net-pci,netdev=n", "-serial", f"file:{folder}/bare-{number}.log"]
    words += ["-fw_cfg", f"name=opt/labkit/seed,file={identity}"]
    machine = subprocess.Popen(words, stdin=subprocess.DEVNULL)
    try:
        yield port
    finally:
        machine.terminate()
        machine.wait()


def _answers(key: pathlib.Path, port: int) -> bool:
    words = ["ssh", "-F", "none", "-i", str(key), "-p", str(port), "-o", "BatchMode=yes"]
    words += ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    words += ["-o", "ConnectTimeout=2", "-o", "LogLevel=ERROR", "root@127.0.0.1", "true"]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode == 0


def measure(rounds: int) -> tuple[list[Taken], list[dict[str, float]]]:
    """Run everything in turns, so that a busy moment of the host hits both sides."""
    image = store.ensure("debian-12", narrate=print)
    tasks = {
        "up again, nothing to do": ("up",),
        "verify, machines warm": ("verify",),
        "reset": ("reset",),
        "destroy": ("destroy", "--yes"),
    }
    names = ("bare QEMU to SSH", "up, image there", *tasks)
    taken = {name: list[float]() for name in names}
    phases: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary)
        folder = root / "bench-lab"
        user.labkit(root, "init", str(folder))
        for _ in range(rounds):
            taken["bare QEMU to SSH"].append(bare(image, root))
            try:
                up = user.labkit(folder, "up", "--format", "json")
                taken["up, image there"].append(up.seconds)
                document: dict[str, Any] = json.loads(up.out)
                phases.append(document["seconds"])
                for name, words in tasks.items():
                    taken[name].append(user.labkit(folder, *words).seconds)
            except BaseException:
                user.labkit(folder, "destroy", "--yes")  # a Ctrl-C must not leave machines behind
                raise
            print({name: round(values[-1], 1) for name, values in taken.items()}, phases[-1])
    return [Taken(name, values) for name, values in taken.items()], phases


def table(taken: list[Taken], phases: list[dict[str, float]]) -> str:
    """Return the figures as Markdown."""
    host = f"{psutil.cpu_count()} cores, {psutil.virtual_memory().total >> 30} GiB"
    made = (
        f"Made on {time.strftime('%Y-%m-%d')}: {platform.system()}, {host}, Python "
        f"{platform.python_version()}, emulation (TCG), {len(taken[0].wall)} rounds in turns."
    )
    lines = [
        "<!-- Written by './lab bench whole-way'; do not edit. -->",
        "",
        made,
        "",
        "| | median | each round |",
        "| --- | --- | --- |",
    ]
    for each in taken:
        rounds = ", ".join(f"{seconds:.1f}" for seconds in each.wall)
        lines.append(f"| {each.what} | {statistics.median(each.wall):.1f} s | {rounds} |")
    ratios = [up / own for own, up in zip(taken[0].wall, taken[1].wall, strict=True)]
    shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    lines.append(f"| up, over bare QEMU | {statistics.median(ratios):.2f} | {shown} |")
    for name in phases[0]:
        values = [each[name] for each in phases]
        rounds = ", ".join(f"{value:.1f}" for value in values)
        lines.append(f"| of up: {name} | {statistics.median(values):.1f} s | {rounds} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print, and write the figures."""
    parser = argparse.ArgumentParser(prog="bench.whole_way", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured")
    text = table(*measure(parser.parse_args().rounds))
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    FIGURES.write_text(text)
    print(text)


if __name__ == "__main__":
    script.run(main)
