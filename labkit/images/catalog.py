"""What an image's data file says.

Two kinds exist. A `debian` image is built from the distribution's packages; a `cloud` image is a
vendor's file, named by URL and SHA-256 for each architecture and set up by cloud-init.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Annotated, Literal

import pydantic
import yaml

from labkit import errors
from labkit.images import listing

if TYPE_CHECKING:
    import pathlib

NAME = r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"
# Debian policy 5.6.1; an architecture or a version may follow as in apt-get(8).
Package = Annotated[str, pydantic.StringConstraints(pattern=r"^[a-z0-9][a-z0-9+.-]+$")]
Architecture = Literal["amd64", "arm64"]
"""What Debian calls a processor."""
User = Annotated[str, pydantic.StringConstraints(pattern=r"^[a-z_][a-z0-9_-]{0,31}$")]


_ARCHIVE = r"^[a-z][a-z0-9/-]*( [a-z][a-z0-9/-]*){2,}$"


class _Data(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", defer_build=True)


class DebianRecipe(_Data):
    """An image that is built from packages."""

    kind: Literal["debian"]
    user: Literal["lab"]
    """The account with passwordless sudo, which guest/customize.sh makes."""
    suite: Annotated[str, pydantic.StringConstraints(pattern=r"^[a-z]+$")]
    archives: tuple[Annotated[str, pydantic.StringConstraints(pattern=_ARCHIVE)], ...] = (
        pydantic.Field(min_length=1)
    )
    """What of the mirror that LAB_MIRROR names is used: folder, suite and components."""
    disk_gib: int = pydantic.Field(ge=2, le=64)
    kernel_args: str
    kernel: dict[Architecture, Package] = pydantic.Field(min_length=1)
    """The kernel's package for each Debian architecture."""
    packages: tuple[Package, ...]


class CloudFile(_Data):
    """A vendor's file and its digest."""

    url: Annotated[str, pydantic.StringConstraints(pattern=r"^(https|file)://[^\s]+$")]
    sha256: Annotated[str, pydantic.StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class CloudRecipe(_Data):
    """An image that is fetched."""

    kind: Literal["cloud"]
    user: User
    """The account that the image's own cloud-init configuration makes."""
    files: dict[Literal["x86_64", "aarch64"], CloudFile] = pydantic.Field(min_length=1)


Recipe = DebianRecipe | CloudRecipe
_ADAPTER: pydantic.TypeAdapter[Recipe] = pydantic.TypeAdapter(
    Annotated[Recipe, pydantic.Field(discriminator="kind")],
    config=pydantic.ConfigDict(defer_build=True),
)


def get(name: str, *, folder: pathlib.Path | None = None) -> Recipe:
    """Return the recipe of an image.

    Args:
        name: The image's name, which is its file's name without `.yml`.
        folder: A lab folder; its `images/NAME.yml` goes before a shipped file of that name.

    Raises:
        LabError: There is no such image, or its file is wrong.
    """
    files = listing.files(folder)
    if name not in files:
        nearest = difflib.get_close_matches(name, files, n=1)
        meant = f"did you mean {nearest[0]}? " if nearest else ""
        raise errors.LabError(
            f"there is no image {name!r}",
            hint=f"{meant}there are: {', '.join(sorted(files))}; "
            "a file images/NAME.yml beside lab.yml adds one",
        )
    return _read(files[name])


def _read(file: pathlib.Path) -> Recipe:
    """Parse and validate one file."""
    try:
        return _ADAPTER.validate_python(listing.read(file))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise errors.LabError(
            f"{file}: cannot be read as YAML: {error}", hint="images/*.yml are UTF-8 YAML files"
        ) from None
    except pydantic.ValidationError as error:
        faults = "\n".join(
            f"{file}: {'.'.join(str(part) for part in fault['loc']) or 'the file'}: {fault['msg']}"
            for fault in error.errors()
        )
        raise errors.LabError(
            faults, hint=f"the shipped files show each kind: {listing.SHIPPED}/*.yml"
        ) from None
