"""What stands in the way of machines on VirtualBox: tried, not guessed.

What each finding means and what to do about it is data, in known.yml; here is what is looked at.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import pathlib
import platform
import re
import shutil
import sys
from typing import TYPE_CHECKING

import psutil

from labkit import child, errors, system
from labkit.providers import base, host
from labkit.providers.virtualbox import box_file, info, knowledge, manage, power
from labkit.vagrant import version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from labkit.plan import model
    from labkit.render import boxes
    from labkit.vagrant import tool

ALLOWED = pathlib.Path("/etc/vbox/networks.conf")
"""What host-only networks may be; the file replaces the default."""
_DEFAULT = ipaddress.IPv4Network("192.168.56.0/21")
_SYSTEMS = {"win32": "windows", "darwin": "darwin"}
_MODULES = ("vboxdrv", "vboxnetadp", "vboxnetflt")


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """What `up` is going to do."""

    lab: model.Lab
    machines: tuple[model.Machine, ...]
    """Those that do not run."""
    boxes: Mapping[str, boxes.Box]
    """Of each machine."""
    vagrant: tool.Vagrant


def look(wanted: Wanted) -> Sequence[base.Finding]:
    """Look at programs and processor, then at what the machines will take."""
    found = [*_platform()]
    installed = _installed(found)
    if installed is not None:
        _programs(wanted.vagrant, installed, found)
        found += _processor()
        if not wanted.lab.provider_options.get("internal"):
            found += _network(wanted.lab.network("hostonly").subnet)
        found.append(_disk(wanted))
        if all(finding.ok for finding in found):
            adds = dict.fromkeys(wanted.boxes.values())
            found += (box_file.look(box) for box in adds)
    for machine in wanted.machines:
        found += _ports(wanted.lab, machine)
    found.append(host.memory(sum(machine.memory_mib for machine in wanted.machines)))
    return found


def _hint(name: str, **values: object) -> str:
    return knowledge.known().hints[name].format(**values)


def _system() -> str:
    return _SYSTEMS.get(sys.platform, "linux")


def _platform() -> Iterator[base.Finding]:
    release = platform.release().lower()
    if _system() == "linux" and "microsoft" in release:
        detail = "this is WSL, from which VirtualBox on Windows is not reached as on any other host"
        yield base.Finding("platform", ok=False, detail=detail, hint=_hint("wsl"))


def _installed(found: list[base.Finding]) -> version.Version | None:
    """Run VirtualBox, which says by the way when its driver is missing."""
    known = knowledge.known()
    try:
        said = manage.run("--version")
    except errors.ProviderError as error:
        hint = error.hint or _hint("install")
        found.append(base.Finding("VirtualBox", ok=False, detail=error.message, hint=hint))
        return None
    installed = version.of(said.strip().splitlines()[-1])
    shown = version.shown(installed)
    found.append(base.Finding("VirtualBox", ok=True, detail=shown))
    if re.search(known.driver.match, said):
        driver = known.driver
        mend = _load if system.is_root() else None
        found.append(
            base.Finding("driver", ok=False, detail=driver.detail, hint=driver.hint, fix=mend)
        )
    for fault in known.faults:
        if fault.concerns(installed, _system()):
            hint = f"{fault.hint} ({fault.source})"
            detail, doubt = fault.detail, base.Verdict.CHOICE
            found.append(base.Finding(fault.name, ok=True, detail=detail, hint=hint, doubt=doubt))
    if platform.machine() == "arm64" and _system() == "darwin" and installed < (7, 1):
        found.append(base.Finding("processor", ok=False, detail=shown, hint=_hint("silicon")))
    return installed


def _load() -> None:
    """Load the kernel's modules of VirtualBox."""
    done = child.run(["modprobe", "--all", *_MODULES])
    if done.returncode:
        raise errors.ProviderError(f"the modules cannot be loaded: {done.stderr.strip()}")


def _programs(vagrant: tool.Vagrant, installed: version.Version, found: list[base.Finding]) -> None:
    """Run Vagrant, and compare it with VirtualBox."""
    try:
        there = vagrant.version()
        version.require(there)
        oldest = knowledge.known().oldest_vagrant(installed, _system())
        release = version.shown(installed[:2])
        if oldest is None:
            detail = f"{version.shown(there)}; nobody knows whether it runs VirtualBox {release}"
            doubt = base.Verdict.UNKNOWN
            found.append(base.Finding("Vagrant", ok=True, detail=detail, doubt=doubt))
            return
        version.require(there, oldest, f"VirtualBox {release}")
        found.append(base.Finding("Vagrant", ok=True, detail=version.shown(there)))
    except errors.ProviderError as error:
        found.append(base.Finding("Vagrant", ok=False, detail=error.message, hint=error.hint))


def _processor() -> Iterator[base.Finding]:
    """Ask VirtualBox what it sees; whether a machine starts, only a start can tell."""
    said = manage.run("list", "hostinfo")
    sees = re.search(r"^Processor supports HW virtualization: *(\w+)", said, re.MULTILINE)
    if sees is None or sees[1] != "yes":
        detail = "VirtualBox sees no VT-x or AMD-V: machines may not start, or run very slowly"
        hint, doubt = _hint("virtualisation"), base.Verdict.UNKNOWN
        yield base.Finding("virtualisation", ok=True, detail=detail, hint=hint, doubt=doubt)
    if _system() == "windows" and _hypervisor():
        detail, doubt = "Hyper-V runs below VirtualBox", base.Verdict.CHOICE
        yield base.Finding("Hyper-V", ok=True, detail=detail, hint=_hint("hyperv"), doubt=doubt)


def _hypervisor() -> bool:
    ask = "(Get-CimInstance Win32_ComputerSystem).HypervisorPresent"
    done = child.run(["powershell", "-NoProfile", "-Command", ask], timeout=60)
    return done.stdout.strip() == "True"


def _network(subnet: ipaddress.IPv4Network) -> Iterator[base.Finding]:
    """Look whether VirtualBox allows the network, and whether the host is on it otherwise."""
    name = f"host-only network {subnet}"
    if _system() == "linux":
        allowed = ranges(ALLOWED.read_text(encoding="utf-8")) if ALLOWED.exists() else [_DEFAULT]
        if not any(subnet.subnet_of(each) for each in allowed):
            detail = f"VirtualBox allows {', '.join(map(str, allowed)) or 'none'}"
            hint = _hint("range", subnet=subnet, file=ALLOWED)
            yield base.Finding(name, ok=False, detail=detail, hint=hint)
            return
    ours = {each.name for each in info.adapters(manage.run("list", "hostonlyifs"))}
    for card, addresses in psutil.net_if_addrs().items():
        if card in ours or card.startswith(("vboxnet", "bridge1")):
            continue
        for each in addresses:
            if _is_inside(each.address, subnet):
                detail = f"{each.address} is the address of {card} already"
                yield base.Finding(name, ok=False, detail=detail, hint=_hint("address"))
                return
    yield base.Finding(name, ok=True, detail="free")


def _is_inside(address: str, subnet: ipaddress.IPv4Network) -> bool:
    try:
        return ipaddress.IPv4Address(address) in subnet
    except ValueError:  # of another family
        return False


def ranges(text: str) -> list[ipaddress.IPv4Network]:
    """Return the IPv4 networks that a networks.conf allows: lines such as `* 10.0.0.0/8 fe80::/64`.

    A single `*` with `0.0.0.0/0` allows all (VirtualBox's user manual, "Host-Only Networking").
    """
    words = [
        word
        for line in text.splitlines()
        if line.strip().startswith("*")
        for word in line.strip().removeprefix("*").split()
    ]
    found: list[ipaddress.IPv4Network] = []
    for word in words:
        try:
            found.append(ipaddress.IPv4Network(word, strict=False))
        except ValueError:
            continue  # IPv6, or what VirtualBox does not read either
    return found


def _disk(wanted: Wanted) -> base.Finding:
    folder = power.folder()
    there = next((each for each in (folder, *folder.parents) if each.exists()), pathlib.Path.cwd())
    free = shutil.disk_usage(there).free
    return host.disk(free, f"for {folder}", wanted.lab, wanted.machines, _hint("disk"))


def _ports(lab: model.Lab, machine: model.Machine) -> Iterator[base.Finding]:
    """Try to listen on the ports of this host that will lead to a machine."""
    hint, at = _hint("port"), machine.ssh_address
    yield host.port(machine.ssh_port, machine.name, hint, at)
    for each in lab.extras(machine).get("forwards", ()):
        yield host.port(each["host"], machine.name, hint, at, protocol=each["protocol"])
