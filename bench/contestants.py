"""The tools that do the work, each one as its users start it: a process of its own.

Each gets an inventory in its own format. Nothing here does the work itself.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import sys
from typing import TYPE_CHECKING

from bench import enclosure, farm, peers
from labkit import parallel, shell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TOOLS = pathlib.Path(__file__).parent / "tools"
_REPOSITORY = pathlib.Path(__file__).parents[1]
AT_ONCE = parallel.AT_ONCE
"""Machines at once; every tool is told the same, and pyinfra by itself takes all."""


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """A machine, and where a client reaches it."""

    machine: farm.Machine
    host: str
    port: int = 22


@dataclasses.dataclass(frozen=True, slots=True)
class Tool:
    """How a tool is started, for the first run and for the second."""

    name: str
    first: Sequence[str]
    again: Sequence[str]
    folder: pathlib.Path
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])


def prepare(farms: farm.Farm, targets: Sequence[Target], folder: pathlib.Path) -> dict[str, Tool]:
    """Write each tool's inventory into a folder; return the tools by name, labkit first."""
    folder.mkdir()
    tools = (
        labkit(farms, targets, folder),
        openssh(farms, targets, folder),
        pyinfra(farms, targets, folder),
        ansible(farms, targets, folder),
    )
    return {tool.name: tool for tool in tools}


def labkit(farms: farm.Farm, targets: Sequence[Target], folder: pathlib.Path) -> Tool:
    """labkit: a lab.yml with the machines, and one file that says where they are."""
    lab, inventory = folder / "lab.yml", folder / "machines.json"
    lab.write_text(_lab(targets), encoding="utf-8")
    known = {
        "lab": str(lab),
        "key": str(farms.key),
        "known_hosts": str(farms.known_hosts),
        "machines": {
            each.machine.name: {"host": each.host, "port": each.port, "key": each.machine.host_key}
            for each in targets
        },
    }
    inventory.write_text(json.dumps(known), encoding="utf-8")
    argv = (sys.executable, str(_TOOLS / "labkit" / "run.py"), str(inventory))
    return Tool("labkit", argv, argv, _REPOSITORY, {"PYTHONPATH": str(_REPOSITORY)})


def _lab(targets: Sequence[Target]) -> str:
    machines = "".join(
        f"  {each.machine.name}: {{nat: 10.0.2.{n}, hostonly: 192.168.56.{n}}}\n"
        for n, each in enumerate(targets, start=70)
    )
    return (
        "lab: bench\nprovider: qemu\nnetworks:\n  nat: {subnet: 10.0.2.0/24}\n"
        f"  hostonly: {{subnet: 192.168.56.0/24}}\nmachines:\n{machines}"
    )


def openssh(farms: farm.Farm, targets: Sequence[Target], folder: pathlib.Path) -> Tool:
    """OpenSSH: for each machine a new connection and one script, the one that labkit would send."""
    (folder / "scripts").mkdir()

    def argv(which: str) -> Sequence[str]:
        jobs = folder / f"openssh.{which}"
        jobs.write_text(
            "".join(
                f"{_ssh(farms, each)} < {folder}/scripts/{each.machine.name}.{which}.sh\n"
                for each in targets
            ),
            encoding="utf-8",
        )
        return ("xargs", "-a", str(jobs), "-P", str(AT_ONCE), "-d", "\n", "-n", "1", "sh", "-c")

    return Tool("OpenSSH", argv("first"), argv("again"), folder)


def _ssh(farms: farm.Farm, target: Target) -> str:
    words = ["ssh", "-F", "none", "-i", farms.key, "-p", target.port, "-o", "BatchMode=yes"]
    words += ["-o", f"UserKnownHostsFile={farms.known_hosts}", "-o", "LogLevel=ERROR"]
    return shell.argv(*words, f"{farm.USER}@{target.host}", "sh", "-s")


def scripts(tool: Tool, folder: pathlib.Path) -> Sequence[str]:
    """Return labkit's command that writes OpenSSH's scripts, for machines as they are now."""
    return (*tool.first, str(folder / "scripts"))


def pyinfra(farms: farm.Farm, targets: Sequence[Target], folder: pathlib.Path) -> Tool:
    """Write pyinfra's inventory; it skips its own look beforehand, which is faster."""
    hosts = [
        (
            f"{each.machine.name}",
            {
                "machine": each.machine.name,
                "ssh_hostname": each.host,
                "ssh_port": each.port,
                "ssh_user": farm.USER,
                "ssh_key": str(farms.key),
                "ssh_known_hosts_file": str(farms.known_hosts),
                "ssh_strict_host_key_checking": "yes",
            },
        )
        for each in targets
    ]
    inventory = folder / "inventory.py"
    inventory.write_text(f"machines = {hosts!r}\n", encoding="utf-8")
    argv = (peers.program("pyinfra"), "-y", str(inventory), "deploy.py")
    return Tool("pyinfra", argv, argv, _TOOLS / "pyinfra")


def ansible(farms: farm.Farm, targets: Sequence[Target], folder: pathlib.Path) -> Tool:
    """ansible-core, with pipelining; a second run finds the first one's connections still open."""
    options = f"-F none -o UserKnownHostsFile={farms.known_hosts}"
    lines = (
        f"{each.machine.name} ansible_host={each.host} ansible_port={each.port}" for each in targets
    )
    inventory = folder / "inventory.ini"
    inventory.write_text(
        "[all:vars]\n"
        f"ansible_user={farm.USER}\n"
        f"ansible_ssh_private_key_file={farms.key}\n"
        f"ansible_ssh_common_args='{options}'\n"
        "[all]\n" + "".join(f"{line}\n" for line in lines),
        encoding="utf-8",
    )
    argv = (peers.program("ansible-playbook"), "-i", str(inventory), "playbook.yml")
    # Its control sockets' names must stay short, and nobody's own settings count.
    home = {"HOME": str(enclosure.FOLDER), "ANSIBLE_HOME": str(enclosure.FOLDER / "ansible")}
    locale = {"LC_ALL": os.environ.get("LC_ALL", "C.UTF-8")}
    return Tool("ansible-core", argv, argv, _TOOLS / "ansible", {**home, **locale})
