"""The image that a machine's disk was made from, as the disk itself says."""

from __future__ import annotations

import pathlib
import struct

from labkit.images import store

# The header of a qcow2 file (QEMU's docs/interop/qcow2.txt): a magic word, the version, and the
# place and the length of the backing file's name; numbers are big-endian.
_HEADER = struct.Struct(">4sIQI")
_MAGIC = b"QFI\xfb"
_LONGEST = 1023


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
