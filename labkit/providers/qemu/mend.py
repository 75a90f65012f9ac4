"""Put in order what a fault or a person has left of machines, before they are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import workspace
from labkit.providers.qemu import process

if TYPE_CHECKING:
    import pathlib
    import uuid
    from collections.abc import Callable, Mapping


def mend(folders: Mapping[uuid.UUID, pathlib.Path], narrate: Callable[[str], None]) -> None:
    """End what runs on a disk that is gone, and find what runs without its pid file again."""
    doubtful = {
        machine: folder
        for machine, folder in folders.items()
        if not _disk(folder).exists() or process.of(machine, folder / "pid") is None
    }
    for stray in process.every({each: folder / "pid" for each, folder in doubtful.items()}):
        folder = next(folder for each, folder in doubtful.items() if process.is_of(each, stray))
        if _disk(folder).exists():
            narrate(f"{folder.name} runs without its pid file: found it as {stray.pid}")
            workspace.write(folder / "pid", f"{stray.pid}\n")
        else:
            narrate(f"{folder.name} runs without its disk: ended, and made anew")
            stray.kill()
            process.end(stray)


def _disk(folder: pathlib.Path) -> pathlib.Path:
    return folder / "disk.qcow2"
