"""What a lab knows of its vCenter between two runs: where it is, what runs, what cards have.

`.lab/NAME/vsphere.json`. The vCenter is the truth; what is here says only where to look, and what
another run may have left under way there.
"""

from __future__ import annotations

import contextlib
import json
import threading
from typing import TYPE_CHECKING, Any, cast

from labkit import workspace

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Mapping


_PARTS = ("making", "machines")


class Journal:
    """The file of one lab."""

    def __init__(self, path: pathlib.Path) -> None:
        """Read what a run before has left; a damaged file says nothing."""
        self._path = path
        self._running = path.with_suffix(".tasks")
        self._lock = threading.Lock()
        self._said: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError, AttributeError):
            said = cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))
            if all(isinstance(said.get(name, {}), dict) for name in _PARTS):
                self._said = said

    @property
    def folder(self) -> str:
        """The moid of the lab's folder; empty when it has none yet."""
        return str(self._said.get("folder", ""))

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that have not been seen to end."""
        try:
            lines = self._running.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError):
            return ()
        begun = [line[1:] for line in lines if line.startswith("+")]
        ended = {line[1:] for line in lines if line.startswith("-")}
        return tuple(task for task in begun if task not in ended)

    @property
    def making(self) -> tuple[str, ...]:
        """Paths of folders and names of port groups that were about to be made."""
        return tuple(self._part("making"))

    def facts(self, machine: str) -> Mapping[str, str]:
        """Return what is known of a machine: the MAC addresses of its cards, its address."""
        return dict(self._part("machines").get(machine, {}))

    def started(self, task: str) -> None:
        """Write down a task that runs, before anything waits for it."""
        self._append(f"+{task}\n")

    def finished(self, task: str) -> None:
        """Write down that a task has ended."""
        self._append(f"-{task}\n")

    def settled(self) -> None:
        """Forget the tasks: none of them runs any more."""
        self._running.unlink(missing_ok=True)

    def _append(self, line: str) -> None:
        # Whole lines at the end: cheap, and right after a kill. After a power cut the vCenter's own
        # list of recent tasks says the same.
        if self._path.parent.exists():  # after 'destroy' there is nothing to say any more
            with self._lock, self._running.open("a", encoding="utf-8", newline="\n") as file:
                file.write(line)

    def begin(self, *what: str) -> None:
        """Write down what is about to be made, so that it is known as ours should this run end."""
        self._change(lambda: self._part("making").update(dict.fromkeys(what, "")))

    def made(self, what: str) -> None:
        """Write down that something is there, and marked as ours."""
        if what in self.making:
            self._change(lambda: self._part("making").pop(what))

    def keep_folder(self, moid: str) -> None:
        """Write down which folder is the lab's."""
        if moid != self.folder:
            self._change(lambda: self._said.update(folder=moid))

    def learn(self, facts: Mapping[str, Mapping[str, str]]) -> None:
        """Write down what was seen of machines."""
        machines = self._part("machines")
        new = {name: dict(each) for name, each in facts.items() if machines.get(name) != each}
        if new:
            self._change(lambda: machines.update(new))

    def _part(self, name: str) -> dict[str, Any]:
        part: dict[str, Any] = self._said.setdefault(name, {})
        return part

    def _change(self, change: Callable[[], None]) -> None:
        with self._lock:
            change()
            if self._path.parent.exists():
                workspace.write(self._path, json.dumps(self._said, indent=1, sort_keys=True) + "\n")
