"""The machine has the processors, memory and disk of lab.yml, and some of them are free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import shell
from labkit.checks import base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.converge import script
    from labkit.plan import model

_PROCESSORS = "/sys/devices/system/cpu/online"
_KIB = 1 << 10
"""In bytes, as file systems count."""
_MIB, _GIB = 1 << 10, 1 << 20
"""In KiB, as the kernel counts memory."""

_USABLE = 0.8
"""Of the memory asked for, what the kernel leaves: it keeps itself and its tables out of MemTotal,
some 40 MiB of 512, and a crash kernel's reserve besides."""
_FORMATTED = 0.75
"""Of the disk asked for, what the root file system has: boot partitions and inode tables cost."""
_FREE = 0.05
"""Of memory, disk and inodes, what must be free for a machine that shall do something."""


_ROOM = {
    "memory": "systemctl stop UNIT for what 'ps aux --sort=-rss | head' shows on top",
    "disk": "du -xh --max-depth=2 / | sort -h | tail shows what to remove",
    "inodes": "du -x --inodes --max-depth=2 / | sort -n | tail shows what to remove",
}
"""How to make room."""


class Resources(base.Check):
    """/proc/meminfo (proc(5)), the processors that are on (sysfs), and the root file system."""

    def probe(self, lab: model.Lab, machine: model.Machine) -> str:
        """Print processors and memory, then the file system: blocks and their size, and inodes."""
        del lab, machine
        files = shell.argv("cat", _PROCESSORS, "/proc/meminfo")
        return f"{files}\nstat -f -c '%S %b %a %c %d' /"

    def read(
        self, lab: model.Lab, machine: model.Machine, answer: script.Answer
    ) -> Iterator[base.Seen]:
        """Compare what is there with the plan."""
        del lab
        processors, *memory, files = answer.output.splitlines()
        yield base.equal("CPUs", str(machine.cpus), str(_count(processors)), "nproc", base.MADE)
        kib = {words[0]: int(words[1]) for line in memory if len(words := line.split()) > 1}
        total = kib["MemTotal:"]
        yield _least("memory", machine.memory_mib * _MIB * _USABLE, total, "free -h")
        yield _free("memory", kib["MemAvailable:"], total, "free -h")
        block, blocks, left, inodes, spare = (int(word) for word in files.split())
        size = blocks * block // _KIB
        yield _least("root file system", machine.disk_gib * _GIB * _FORMATTED, size, "df -h /")
        yield _free("disk", left, blocks, "df -h /")
        if inodes:  # some file systems make them as they are needed
            yield _free("inodes", spare, inodes, "df -i /")


def _count(processors: str) -> int:
    """Count the processors of a list such as `0-2,5`."""
    ends = (part.partition("-") for part in processors.split(","))
    return sum(int(last or first) - int(first) + 1 for first, _, last in ends)


def _least(what: str, least: float, there: int, by_hand: str) -> base.Seen:
    expected = f"at least {least / _MIB:.0f} MiB"
    return base.Seen(what, there >= least, expected, f"{there / _MIB:.0f} MiB", by_hand, base.MADE)


def _free(what: str, left: float, size: int, by_hand: str) -> base.Seen:
    expected = f"at least {_FREE:.0%}"
    return base.Seen(
        f"free {what}", left >= size * _FREE, expected, f"{left / size:.0%}", by_hand, _ROOM[what]
    )
