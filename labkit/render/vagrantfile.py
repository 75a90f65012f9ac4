"""The Vagrantfile of a lab, made of the plan and the template Vagrantfile.j2."""

from __future__ import annotations

import functools
import pathlib
import traceback
import types
from typing import TYPE_CHECKING

import jinja2

from labkit import content, errors
from labkit.plan import derive
from labkit.render import boxes, quoting, virtualbox
from labkit.spec import vagrant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labkit.plan import model
    from labkit.render import libvirt as hardware

# What lab.yml may leave out, by provider.
_OPTIONS: Mapping[str, Mapping[str, object]] = {
    "virtualbox": vagrant.Virtualbox().model_dump(),
    "libvirt": vagrant.Libvirt().model_dump(),
}


def template(folder: pathlib.Path) -> pathlib.Path:
    """Return the template of a lab folder: its own Vagrantfile.j2, or the shipped one."""
    return content.find(folder, "Vagrantfile.j2") or content.shipped() / "Vagrantfile.j2"


def render(
    lab: model.Lab,
    template: pathlib.Path,
    *,
    catalogue: boxes.Catalogue | None = None,
    architecture: str | None = None,
    libvirt: hardware.Host | None = None,
    born: Mapping[str, boxes.Box] = types.MappingProxyType({}),
) -> str:
    """Write the Vagrantfile of a lab.

    A lab of a provider that needs no Vagrant is written for VirtualBox, so that whoever wants to
    can take it there by hand.

    Args:
        lab: The plan.
        template: Vagrantfile.j2.
        catalogue: The boxes to choose from; without it, those of boxes.yml.
        architecture: Of the machines, as Linux names it; without it, this computer's.
        libvirt: Where images and disks are; a lab on libvirt needs it, and no boxes.
        born: Boxes of single machines, which begin with another one than their image's.

    Raises:
        errors.ProviderError: There is no Vagrant box for an image.
        errors.FileError: The template is wrong, with the line at which.
    """
    provider = lab.provider if lab.provider in _OPTIONS else "virtualbox"
    own: Mapping[str, object] = lab.provider_options if provider == lab.provider else {}
    known = boxes.load() if catalogue is None else catalogue
    architecture = architecture or boxes.host_architecture()
    images = () if provider == "libvirt" else {machine.image for machine in lab.machines}
    options = {**_OPTIONS[provider], **own}
    values: dict[str, object] = {
        "lab": lab,
        "provider": provider,
        "options": options,
        "nothing": vagrant.VirtualboxMachine().model_dump(),
        "extra_mac": functools.partial(derive.extra_mac, lab.name),
        "extras": functools.partial(virtualbox.extras, options=options),
        "boxes": {image: boxes.find(known, image, provider, architecture) for image in images},
        "libvirt": libvirt,
        "born": dict(born),
    }
    try:
        return quoting.environment(template.parent).get_template(template.name).render(values)
    except jinja2.TemplateNotFound:
        raise errors.LabError(
            f"{template} is missing", hint="`labkit init DIR` makes a folder that has one"
        ) from None
    except jinja2.TemplateSyntaxError as error:
        raise _wrong(template, error.lineno, error) from None
    except (jinja2.UndefinedError, quoting.UnquotedError, TypeError, ValueError) as error:
        raise _wrong(template, _line(template, error), error) from error


def _line(template: pathlib.Path, error: Exception) -> int:
    """Find the line at which a template failed; Jinja gives its frames the template's own lines."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if pathlib.Path(frame.filename) == template]
    return (lines[-1] if lines else None) or 1


def _wrong(template: pathlib.Path, line: int, error: Exception) -> errors.FileError:
    hint = ""
    if isinstance(error, quoting.UnquotedError):
        hint = "write {{ value | ruby }}"
    return errors.FileError([errors.Problem(str(template), line, 1, str(error), hint)])
