"""Whether this host can run guests on its own processor: tried with a real kernel, not guessed.

A /dev/kvm may be there and even open, and yet every guest hangs on it (nested or broken
virtualisation). So a kernel is booted on it once, and the verdict kept for this boot of the host.
"""

from __future__ import annotations

import os
import pathlib
from typing import TYPE_CHECKING

import psutil

from labkit import child, errors, workspace
from labkit.images import store

if TYPE_CHECKING:
    from collections.abc import Callable

    from labkit.providers.qemu import command

_DEVICE = pathlib.Path("/dev/kvm")
_PATIENCE = 6.0
"""Seconds; with KVM the kernel is through in less than one, and even TCG needs only two."""


def choose(wanted: str, image: store.Image, narrate: Callable[[str], None]) -> command.Accelerator:
    """Return the accelerator to use.

    Args:
        wanted: `auto`, `kvm` or `tcg`, as lab.yml says.
        image: An image whose kernel is tried.
        narrate: Told what was tried, and how it went.

    Raises:
        errors.ProviderError: lab.yml insists on KVM, and no guest runs on it.
    """
    if wanted == "tcg":
        return "tcg"
    works = _works(image, narrate)
    if wanted == "kvm" and not works:
        raise errors.ProviderError(
            "lab.yml says accel: kvm, but no guest runs on this host's KVM",
            hint="enable VT-x or AMD-V in the firmware, or set providers.qemu.accel to auto",
        )
    return "kvm" if works else "tcg"


def _works(image: store.Image, narrate: Callable[[str], None]) -> bool:
    if not os.access(_DEVICE, os.R_OK | os.W_OK):
        narrate(f"no access to {_DEVICE}: machines are emulated (TCG), which is slower")
        return False
    if image.kernel is None or image.initrd is None:
        narrate("the image has no kernel to try KVM with: machines are emulated (TCG)")
        return False
    verdict = store.root() / "kvm"
    mark = f"{image.digest} {psutil.boot_time():.0f}"
    words = verdict.read_text(encoding="utf-8").split() if verdict.exists() else []
    if " ".join(words[:2]) == mark:
        return words[2:] == ["works"]
    narrate(f"trying whether a guest really runs on {_DEVICE}")
    works = _boots(image.kernel, image.initrd)
    workspace.write(verdict, f"{mark} {'works' if works else 'hangs'}\n")
    how = "works" if works else "does not work: machines are emulated (TCG), which is slower"
    narrate(f"KVM {how}")
    return works


def _boots(kernel: pathlib.Path, initrd: pathlib.Path) -> bool:
    """Boot to the first process, which ends at once; the kernel then panics and QEMU ends."""
    words = ["qemu-system-x86_64", "-accel", "kvm", "-cpu", "host", "-m", "256"]
    words += ["-nodefaults", "-no-user-config", "-machine", "q35", "-display", "none"]
    words += ["-kernel", str(kernel), "-initrd", str(initrd), "-no-reboot"]
    words += ["-append", "panic=-1 rdinit=/bin/true"]
    try:
        return child.run(words, timeout=_PATIENCE).returncode == 0
    except errors.LabError:  # it hangs, or there is no such program
        return False
