"""Whether libvirt's machines run on this host's own processor: tried, as for the provider qemu."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from labkit import errors
from labkit.providers.qemu import accelerator

if TYPE_CHECKING:
    from collections.abc import Callable

    from labkit.images import store

Driver = Literal["kvm", "qemu"]
"""As libvirt calls them (formatdomain.html, element domain)."""


def choose(wanted: str, image: store.Image, narrate: Callable[[str], None]) -> Driver:
    """Return the driver to use.

    Args:
        wanted: `auto`, `kvm` or `qemu`, as lab.yml says.
        image: An image whose kernel is tried.
        narrate: Told what was tried, and how it went.

    Raises:
        errors.ProviderError: lab.yml insists on KVM, and no guest runs on it.
    """
    if wanted == "qemu":
        return "qemu"
    works = accelerator.choose("auto", image, narrate) == "kvm"
    if wanted == "kvm" and not works:
        raise errors.ProviderError(
            "lab.yml says driver: kvm, but no guest runs on this host's KVM",
            hint="enable VT-x or AMD-V in the firmware, or set providers.libvirt.driver to auto",
        )
    return "kvm" if works else "qemu"
