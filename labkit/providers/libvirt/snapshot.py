"""Snapshots inside a machine's own disks, with its memory when it runs (formatsnapshot.html)."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from labkit import errors
from labkit.providers import base
from labkit.providers.libvirt import virsh

_PREFIX = "labkit-"
"""Other people's snapshots of a machine are not ours."""
_TIMEOUT = 600.0
"""Seconds for one machine; 512 MiB take one or two, and a slow disk or much memory longer."""


def found(domain: str) -> dict[str, base.Snapshot]:
    """Ask for labkit's snapshots of a machine."""
    listed = virsh.run("snapshot-list", domain, "--name").split()
    names = [name for name in listed if name.startswith(_PREFIX)]
    if not names:
        return {}
    text = virsh.batch([["snapshot-dumpxml", domain, name] for name in names])
    return read(text)


def read(text: str) -> dict[str, base.Snapshot]:
    """Read the XML of snapshots, one after another. Pure."""
    documents = ET.fromstring(f"<all>{text}</all>")  # noqa: S314 - as above
    return {
        each.findtext("name", "").removeprefix(_PREFIX): base.Snapshot(
            taken=float(each.findtext("creationTime", "0")),
            running=each.findtext("state") != "shutoff",
        )
        for each in documents
    }


def save(domain: str, name: str) -> None:
    """Save a machine as it is; it goes on as it was.

    Raises:
        errors.ProviderError: It could not be saved.
    """
    virsh.run("snapshot-create-as", domain, f"{_PREFIX}{name}", "--atomic", timeout=_TIMEOUT)


def load(domain: str, name: str, *, running: bool) -> None:
    """Bring a machine that is off back to a snapshot; one that ran is held.

    Raises:
        errors.ProviderError: It could not be brought back.
    """
    how = ("--paused",) if running else ()
    virsh.run("snapshot-revert", domain, f"{_PREFIX}{name}", *how, timeout=_TIMEOUT)


def discard(domain: str, name: str) -> None:
    """Remove a snapshot that is there.

    Raises:
        errors.ProviderError: It could not be removed.
    """
    virsh.run("snapshot-delete", domain, f"{_PREFIX}{name}", timeout=_TIMEOUT)


def refusal(what: str, error: errors.ProviderError) -> errors.ProviderError:
    """Return the sentence for a machine that could not be saved or brought back. Pure.

    Args:
        what: The beginning, for example "web-01 could not be saved".
        error: What libvirt said.
    """
    return errors.ProviderError(f"{what}: {error.message}", hint=error.hint)
