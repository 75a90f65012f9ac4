"""Write the files that follow from the plan alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import content, workspace
from labkit.lifecycle import ssh_include
from labkit.render import boxes, ssh_config, vagrantfile

if TYPE_CHECKING:
    import pathlib

    from labkit.lifecycle import context
    from labkit.providers import base


def render(lab: context.Context) -> tuple[pathlib.Path, ...]:
    """Write `.lab/NAME/Vagrantfile`, and return what was written."""
    lab.space.make()
    template = content.find(lab.folder, "Vagrantfile.j2") or content.shipped() / "Vagrantfile.j2"
    path = lab.space.path / "Vagrantfile"
    catalogue = boxes.known(lab.folder)
    workspace.write(path, vagrantfile.render(lab.lab, template, catalogue=catalogue))
    return (path,)


def render_ssh_config(lab: context.Context) -> tuple[base.Endpoint, ...]:
    """Write `.lab/NAME/ssh_config` for the provider's endpoints."""
    endpoints = tuple(lab.provider.endpoint(machine) for machine in lab.lab.machines)
    workspace.write(lab.space.ssh_config, ssh_config.render(lab.lab.name, endpoints))
    ssh_include.refresh(lab.space.entry, endpoints)
    return endpoints
