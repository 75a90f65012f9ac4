"""What preflight knows of VirtualBox: the file known.yml as data. Pure but for reading it."""

from __future__ import annotations

import functools
import pathlib
from collections.abc import Mapping
from typing import Literal

import pydantic
import yaml

from labkit.vagrant import version

_FILE = pathlib.Path(__file__).with_name("known.yml")
_CONFIG = pydantic.ConfigDict(extra="forbid", populate_by_name=True)
_NEVER: version.Version = (1 << 16,)


class Pair(pydantic.BaseModel):
    """The first Vagrant for a release of VirtualBox."""

    model_config = _CONFIG
    vagrant: str
    darwin: str | None = None
    """On macOS, where that differs."""


class Fault(pydantic.BaseModel):
    """A fault of some releases."""

    model_config = _CONFIG
    name: str
    since: str = pydantic.Field(default="0", alias="from")
    before: str | None = None
    when: Literal["any", "windows", "linux", "darwin"]
    detail: str
    hint: str
    source: str

    def concerns(self, installed: version.Version, system: str) -> bool:
        """Say whether an installed release on a system has it."""
        end = version.of(self.before) if self.before else _NEVER
        return self.when in {"any", system} and version.of(self.since) <= installed < end


class Driver(pydantic.BaseModel):
    """How VirtualBox complains that its driver is missing."""

    model_config = _CONFIG
    match: str
    detail: str
    hint: str


class Known(pydantic.BaseModel):
    """The whole file."""

    model_config = _CONFIG
    pairs: Mapping[str, Pair]
    faults: tuple[Fault, ...]
    driver: Driver
    hints: Mapping[str, str]

    def oldest_vagrant(self, installed: version.Version, system: str) -> version.Version | None:
        """Return the first Vagrant for an installed VirtualBox; None for one that is not known."""
        pair = self.pairs.get(version.shown(installed[:2]))
        if pair is None:
            return None
        return version.of((system == "darwin" and pair.darwin) or pair.vagrant)


@functools.cache
def known() -> Known:
    """Read the file."""
    return Known.model_validate(yaml.safe_load(_FILE.read_text(encoding="utf-8")))
