"""The command line of one machine (qemu-system-x86_64(1)). Pure."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

from labkit.images import boot as boot_arguments

if TYPE_CHECKING:
    import pathlib

    from labkit.images import store
    from labkit.plan import model

Accelerator = Literal["kvm", "tcg"]

# tb-size: QEMU's default translation cache grows to 1 GiB a machine; 128 MiB is as fast.
# qemu64: a guest with fewer CPU features reaches SSH sooner under emulation than with 'max'.
_ACCELERATORS: dict[Accelerator, tuple[str, ...]] = {
    "kvm": ("-accel", "kvm", "-cpu", "host"),
    "tcg": ("-accel", "tcg,thread=multi,tb-size=128", "-cpu", "qemu64"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Boot:
    """What a machine boots: a kernel beside the disk, or (kernel None) the disk's own loader."""

    kernel: pathlib.Path | None
    initrd: pathlib.Path | None
    arguments: str
    seed_option: tuple[str, ...]
    """The options that hand the machine its seed."""


@dataclasses.dataclass(frozen=True, slots=True)
class Paths:
    """The files of one machine."""

    disk: pathlib.Path
    console: pathlib.Path
    monitor: str
    """Relative to the folder that QEMU starts in: the address of a socket must be short."""
    pid: pathlib.Path
    port: str
    """The machine's socket on the segment, relative as well."""


def build(
    machine: model.Machine,
    *,
    network: model.Network,
    segment: str,
    accelerator: Accelerator,
    boot: Boot,
    paths: Paths,
    run_as: str | None,
) -> list[str]:
    """Return the argument list that starts a machine in the background.

    Args:
        machine: The machine.
        network: Its network behind NAT.
        segment: What `-netdev` needs to send to the host-only segment.
        accelerator: What runs the machine.
        boot: What it boots.
        paths: Its files.
        run_as: The user that QEMU becomes; None: it stays who starts it.
    """
    nat, hostonly = machine.nic("nat"), machine.nic("hostonly")
    forward = f"hostfwd=tcp:{machine.ssh}-{nat.address.ip}:22"
    # The lease is the machine's own address, so that the forward works before and after the
    # address is configured for good.
    user = (
        f"user,id=nat,ipv6=off,net={network.subnet},host={network.gateway},dns={network.dns},"
        f"dhcpstart={nat.address.ip},{forward}"
    )
    words = ["qemu-system-x86_64", "-name", f"{machine.name},process={machine.name[:15]}"]
    words += ["-nodefaults", "-no-user-config", "-machine", "q35,vmport=off"]
    words += [*_ACCELERATORS[accelerator]]
    words += ["-smp", str(machine.cpus), "-m", f"{machine.memory_mib}M", "-uuid", str(machine.uuid)]
    words += ["-display", "none", "-device", "virtio-rng-pci", "-rtc", "base=utc"]
    words += ["-blockdev", _disk(paths.disk), "-device", "virtio-blk-pci,drive=root"]
    words += ["-netdev", user, "-device", f"virtio-net-pci,netdev=nat,mac={nat.mac},romfile="]
    words += ["-netdev", f"{segment},local.path={paths.port},id=hostonly"]
    words += ["-device", f"virtio-net-pci,netdev=hostonly,mac={hostonly.mac},romfile="]
    words += ["-chardev", f"file,id=console,path={_comma(paths.console)},append=on"]
    words += ["-serial", "chardev:console"]
    words += ["-chardev", f"socket,id=monitor,path={paths.monitor},server=on,wait=off"]
    words += ["-mon", "chardev=monitor,mode=control", *boot.seed_option, *_kernel(boot)]
    words += ["-sandbox", _sandbox(run_as), "-daemonize", "-pidfile", str(paths.pid)]
    if run_as:
        words += ["-runas", run_as]
    return words


def boot(machine: model.Machine, image: store.Image, seed: pathlib.Path) -> Boot:
    """Return what a machine boots, and the way of its seed into it."""
    if image.seed == "nocloud":
        drive = (
            f"driver=raw,node-name=seed,read-only=on,file.driver=file,file.filename={_comma(seed)}"
        )
        option = ("-blockdev", drive, "-device", "virtio-blk-pci,drive=seed")
        return Boot(image.kernel, image.initrd, image.kernel_args, option)
    arguments = boot_arguments.arguments(image.kernel_args, machine)
    option = ("-fw_cfg", f"name=opt/labkit/seed,file={_comma(seed)}")
    return Boot(image.kernel, image.initrd, arguments, option)


def held(words: list[str]) -> list[str]:
    """Return the argument list that starts the same machine and lets it run nothing yet."""
    return [*words, "-S"]


def _disk(path: pathlib.Path) -> str:
    # A lab's disk is thrown away with the lab, so it need not survive a power cut of the host.
    return (
        "driver=qcow2,node-name=root,discard=unmap,cache.no-flush=on,"
        f"file.driver=file,file.filename={_comma(path)},file.cache.no-flush=on"
    )


def _kernel(boot: Boot) -> list[str]:
    if boot.kernel is None:
        return []
    words = ["-kernel", str(boot.kernel), "-append", boot.arguments]
    return [*words, "-initrd", str(boot.initrd)] if boot.initrd else words


def _sandbox(run_as: str | None) -> str:
    # Giving up root is itself an elevation call that the strictest filter forbids, and so is the
    # fork of -daemonize for spawn=deny.
    elevate = "allow" if run_as else "deny"
    return f"on,obsolete=deny,elevateprivileges={elevate},resourcecontrol=deny"


def _comma(path: pathlib.Path) -> str:
    # In QEMU's option lists a comma inside a value is written twice.
    return str(path).replace(",", ",,")
