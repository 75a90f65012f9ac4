"""With which box each machine of a lab begins: the one of its image, or one that was baked."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING

from labkit import workspace
from labkit.providers.virtualbox import baked
from labkit.render import boxes, vagrantfile

if TYPE_CHECKING:
    from labkit.plan import model
    from labkit.providers import keeper


class Boxes:
    """The boxes of a lab."""

    def __init__(self, lab: model.Lab, space: workspace.Workspace) -> None:
        """Remember the lab; nothing is read yet."""
        self._lab, self._space = lab, space
        self._born: dict[str, boxes.Box] = {}
        self._lock = threading.Lock()

    @functools.cached_property
    def _catalogue(self) -> boxes.Catalogue:
        return boxes.known(self._space.folder)

    def of(self, image: str) -> boxes.Box:
        """Return the box of an image.

        Raises:
            errors.ProviderError: There is none.
        """
        return boxes.find(self._catalogue, image, "virtualbox", boxes.host_architecture())

    def each(self) -> dict[str, boxes.Box]:
        """Return the box of each machine's image."""
        return {machine.name: self.of(machine.image) for machine in self._lab.machines}

    def begin_with(self, machine: model.Machine, kept: keeper.Kept) -> None:
        """Let Vagrant make a machine from a baked box: write the Vagrantfile anew."""
        template = vagrantfile.template(self._space.folder)
        with self._lock:
            self._born[machine.name] = baked.box(kept, self.of(machine.image))
            text = vagrantfile.render(
                self._lab, template, catalogue=self._catalogue, born=self._born
            )
            workspace.write(self._space.path / "Vagrantfile", text)
