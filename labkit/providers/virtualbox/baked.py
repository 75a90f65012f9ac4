"""Baked boxes: packaged by Vagrant, added under a name of labkit's, cloned by Vagrant as any box.

A box says itself that labkit baked it, and what is in it, in a file that is packed with it. Vagrant
makes the master of its linked clones when the first machine needs it; labkit removes both.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from typing import TYPE_CHECKING, Any, cast

from labkit import errors, shell, workspace
from labkit.providers import keeper
from labkit.providers.virtualbox import info, manage, notes, power
from labkit.render import boxes
from labkit.vagrant import settings, tool

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from labkit.plan import model
    from labkit.workspace import registry

PREFIX = "labkit/baked-"
_ABOUT = "labkit-baked.json"
# The next machine's first boot is Vagrant's, which opens it with the key that everybody knows and
# replaces that; the host key is replaced when labkit adopts the machine.
_SEAL = """\
rm -f /etc/ssh/ssh_host_*
ssh-keygen -q -A
! command -v restorecon > /dev/null || restorecon /etc/ssh/ssh_host_*
home=$(getent passwd {} | cut -d : -f 6)
printf %s {} > "$home/.ssh/authorized_keys\""""


@dataclasses.dataclass(frozen=True, slots=True)
class Keeper(keeper.Keeper):
    """Keeps machines as boxes."""

    space: workspace.Workspace
    box: Callable[[str], boxes.Box]
    """The box that an image is, by the image's name."""
    vagrant: tool.Vagrant
    narrate: Callable[[str], None]

    def source(self, machine: model.Machine) -> object:
        """Return the box; what no digest pins is taken for the same as long as it is named so."""
        return ["box", dataclasses.asdict(self.box(machine.image))]

    def apart(self, lab: model.Lab) -> model.Lab:
        """Let the machines be on an internal network: the host-only one is that of other labs."""
        return dataclasses.replace(lab, provider_options={**lab.provider_options, "internal": True})

    def account(self, machine: model.Machine) -> str:
        """Return the box's account."""
        return self.box(machine.image).user

    def seal(self, machine: model.Machine) -> str:
        """Let Vagrant in with the key that everybody knows, and show a host key of nobody's."""
        keys = "".join(f"{line}\n" for line in settings.known_keys())
        if not keys:
            raise errors.ProviderError(
                f"Vagrant's own keys are not in {settings.home()}",
                hint="'vagrant global-status' makes them",
            )
        return shell.line(_SEAL, self.account(machine), keys)

    def find(self, digest: str) -> keeper.Kept | None:
        """Look among Vagrant's boxes."""
        folder = settings.box(_name(digest), "virtualbox")
        found = _kept(folder) if folder else None
        return found if found and found.about.digest == digest else None

    def keep(self, machine: model.Machine, about: keeper.About) -> None:
        """Have Vagrant package the machine, and add that as a box."""
        name = _name(about.digest)
        if settings.box(name, "virtualbox"):
            raise errors.ProviderError(
                f"Vagrant has a box {name} that labkit did not bake",
                hint=f"labkit leaves it alone; 'vagrant box remove {name}'",
            )
        folder = self.space.machine(machine.name)
        said, target = folder / _ABOUT, folder / "baked.box"
        workspace.write(said, json.dumps(dataclasses.asdict(about)))
        target.unlink(missing_ok=True)  # of a run that was cut short
        # Else Vagrant would pack the key that opens this machine, and all others would have it.
        notes.forget_key(self.space.path, machine.name)
        try:
            self.narrate(f"packaging {machine.name} as the box {name}")
            self.vagrant.package(machine.name, target, said)
            self.vagrant.add_box(name, target.as_uri(), None)
        finally:
            target.unlink(missing_ok=True)


def box(kept: keeper.Kept, plain: boxes.Box) -> boxes.Box:
    """Return a baked box, which has the account of the one that it was baked from."""
    return boxes.Box(_name(kept.about.digest), user=plain.user)


def every() -> Iterator[keeper.Kept]:
    """Yield the boxes that this user has baked."""
    for folder in settings.boxes(PREFIX, "virtualbox"):
        found = _kept(folder)
        if found:
            yield found


def _name(digest: str) -> str:
    return f"{PREFIX}{digest[:16]}"


def _kept(folder: pathlib.Path) -> keeper.Kept | None:
    """Return what a box says of itself; None where labkit did not bake it."""
    try:
        text = (folder / "include" / _ABOUT).read_text(encoding="utf-8")
        said = cast("dict[str, Any]", json.loads(text))
        about = keeper.About(str(said["name"]), str(said["digest"]), tuple(said["baked"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    name = _name(about.digest)
    if settings.box(name, "virtualbox") != folder:  # another box's file
        return None
    return keeper.Kept(
        about=about,
        provider="virtualbox",
        kind="box",
        size=sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
        user=functools.partial(_user, folder),
        remove=functools.partial(_remove, folder, name),
    )


def _master(folder: pathlib.Path) -> str:
    """Return the UUID of the machine that linked clones are made from; empty without one."""
    note = folder / "master_id"
    number = note.read_text(encoding="utf-8").strip() if note.exists() else ""
    return number if number and number in power.there() else ""


def _user(folder: pathlib.Path, entries: Iterable[registry.Entry]) -> str:
    """Name a machine whose disk is linked to the master's, whoever made it."""
    del entries  # VirtualBox knows it better
    try:
        master = _master(folder)
        return _linked(master) if master else ""
    except errors.ProviderError as error:
        return f"VirtualBox does not say who uses it: {error.message}"


def _linked(master: str) -> str:
    parents = info.parents(manage.run("list", "hdds"))
    shared = {each for disk in info.attached(power.look(master)) for each in _chain(disk, parents)}
    for number, name, found in power.everything():
        own = {each for disk in info.attached(found) for each in _chain(disk, parents)}
        if number != master and own & shared:
            return f"VirtualBox's machine {name} is a linked clone of it"
    return ""


def _chain(disk: str, parents: Mapping[str, str]) -> Iterator[str]:
    """Yield a disk and all that it is the difference of."""
    while disk:
        yield disk
        disk = parents.get(disk, "")


def _remove(folder: pathlib.Path, name: str) -> None:
    master = _master(folder)
    if master:
        power.remove(master)
    tool.Vagrant(settings.home(), "virtualbox").remove_box(name)
