"""What the rules know beside the file."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labkit.spec import host as hosts

PROVIDERS = ("libvirt", "qemu", "virtualbox", "vsphere")
"""The providers that a lab file can name."""


@dataclasses.dataclass(frozen=True, slots=True)
class Context:
    """What a rule may compare the file with."""

    images: tuple[str, ...]
    host: hosts.Host | None = None
    """None when the file is looked at for some other host, or for none."""
    providers: tuple[str, ...] = PROVIDERS
    disks: Mapping[str, int] = dataclasses.field(default_factory=dict[str, int])
    """GiB of the images' own disks, as far as that is known without making them."""
