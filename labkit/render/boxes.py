"""Which Vagrant box holds an image, by provider and architecture. The data is in boxes.yml."""

from __future__ import annotations

import dataclasses
import pathlib
import platform
from collections.abc import Mapping
from typing import Annotated, TypeAlias

import pydantic
import yaml

from labkit import errors

SHIPPED = pathlib.Path(__file__).with_name("boxes.yml")

_Name = Annotated[str, pydantic.StringConstraints(pattern=r"^[\w.-]+(/[\w.-]+)?$")]
_Url = Annotated[str, pydantic.StringConstraints(pattern=r"^(https|file)://\S+$")]
_User = Annotated[str, pydantic.StringConstraints(pattern=r"^[a-z_][a-z0-9_-]{0,31}$")]
_Digest = Annotated[str, pydantic.StringConstraints(pattern=r"^[0-9a-f]{64}$")]


@pydantic.with_config(extra="forbid")
@dataclasses.dataclass(frozen=True, slots=True)
class Box:
    """A Vagrant box and where to get it."""

    name: _Name
    url: _Url | None = None
    """`https://` or `file://`; without one the box must have been added already."""
    sha256: _Digest | None = None
    """Digest of the file at `url`, in lower case."""
    user: _User = "vagrant"
    """The account that Vagrant's key opens, and that may use sudo without a password."""


Catalogue: TypeAlias = Mapping[str, Mapping[str, Mapping[str, Box]]]
"""Image name -> provider -> architecture -> box."""

_CATALOGUE = pydantic.TypeAdapter[Catalogue](Catalogue)


def load(path: pathlib.Path = SHIPPED) -> Catalogue:
    """Read a file of boxes.

    Raises:
        errors.LabError: The file is no YAML, or does not have the shape that boxes.yml documents.
    """
    try:
        return _CATALOGUE.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise errors.LabError(f"{path} is no YAML: {error}") from None
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise errors.LabError(
            f"{path}: {place}: {first['msg']}",
            hint=f"the comment at the top of {SHIPPED} says what belongs here",
        ) from None


def known(folder: pathlib.Path | None = None) -> Catalogue:
    """Return the shipped boxes, and over them those of `boxes.yml` in a lab folder.

    Raises:
        errors.LabError: That file is wrong.
    """
    shipped = load()
    own = folder / SHIPPED.name if folder else None
    if own is None or not own.exists():
        return shipped
    merged = {image: {**providers} for image, providers in shipped.items()}
    for image, providers in load(own).items():
        for provider, boxes in providers.items():
            mine = merged.setdefault(image, {})
            mine[provider] = {**mine.get(provider, {}), **boxes}
    return merged


def find(catalogue: Catalogue, image: str, provider: str, architecture: str) -> Box:
    """Return the box that holds an image.

    Raises:
        errors.ProviderError: There is none.
    """
    box = catalogue.get(image, {}).get(provider, {}).get(architecture)
    if box is None:
        usable = ", ".join(
            name
            for name, providers in sorted(catalogue.items())
            if architecture in providers.get(provider, {})
        )
        raise errors.ProviderError(
            f"no Vagrant box is known for image {image} with {provider} on {architecture}",
            hint=f"images with such a box: {usable or 'none'}; add yours to {SHIPPED.name}",
        )
    return box


def host_architecture() -> str:
    """Name this computer's architecture as Linux does, also on Windows and macOS."""
    machine = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
