"""The image that a machine's disk was made from, as the disk itself says."""

from __future__ import annotations

import pathlib
import struct
from typing import TYPE_CHECKING

from labkit import errors
from labkit.images import store

if TYPE_CHECKING:
    from labkit.plan import model

# The header of a qcow2 file (QEMU's docs/interop/qcow2.txt): a magic word, the version, and the
# place and the length of the backing file's name; numbers are big-endian.
_HEADER = struct.Struct(">4sIQI")
_SIZE = struct.Struct(">Q")
_SIZE_AT = 24
_MAGIC = b"QFI\xfb"
_LONGEST = 1023


def refuse_larger(machine: model.Machine, disk: pathlib.Path) -> None:
    """Refuse an image that does not fit on a machine's disk: the file system would be cut off.

    Raises:
        errors.ProviderError: It does not.
    """
    try:
        with disk.open("rb") as file:
            magic, *_ = _HEADER.unpack(file.read(_HEADER.size))
            file.seek(_SIZE_AT)
            size = _SIZE.unpack(file.read(_SIZE.size))[0] if magic == _MAGIC else 0
    except (OSError, struct.error):
        return  # qemu-img says it better
    least = -(-size >> 30)
    if least > machine.disk_gib:
        raise errors.ProviderError(
            f"the disk of {machine.name} has {machine.disk_gib} GiB, and image '{machine.image}' "
            f"has {least} GiB",
            hint=f"let 'disk' be {least} GiB or more",
        )


def image(disk: pathlib.Path) -> store.Image | None:
    """Return it; None when the disk names none, or one that the cache has no more."""
    try:
        with disk.open("rb") as file:
            magic, _version, place, length = _HEADER.unpack(file.read(_HEADER.size))
            if magic != _MAGIC or not 0 < length <= _LONGEST:
                return None
            file.seek(place)
            name = file.read(length)
    except (OSError, struct.error):
        return None
    return store.load(pathlib.Path(name.decode(errors="surrogateescape")).parent)
