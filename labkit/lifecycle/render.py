"""Write the files that follow from the plan alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import workspace
from labkit.lifecycle import ssh_include
from labkit.render import boxes, libvirt, ssh_config, vagrantfile

if TYPE_CHECKING:
    import pathlib

    from labkit.lifecycle import context
    from labkit.providers import base


def render(lab: context.Context) -> tuple[pathlib.Path, ...]:
    """Write `.lab/NAME/Vagrantfile`, and return what was written."""
    lab.space.make()
    template = vagrantfile.template(lab.folder)
    path = lab.space.path / "Vagrantfile"
    catalogue = boxes.known(lab.folder)
    host = libvirt.host(lab.lab, lab.space.entry) if lab.lab.provider == "libvirt" else None
    text = vagrantfile.render(lab.lab, template, catalogue=catalogue, libvirt=host)
    workspace.write(path, text)
    return (path,)


def render_ssh_config(lab: context.Context) -> tuple[base.Endpoint, ...]:
    """Write `.lab/NAME/ssh_config` for the provider's endpoints."""
    endpoints = tuple(lab.provider.endpoint(machine) for machine in lab.lab.machines)
    workspace.write(lab.space.ssh_config, ssh_config.render(lab.lab.name, endpoints))
    ssh_include.refresh(lab.space.entry, endpoints)
    return endpoints
