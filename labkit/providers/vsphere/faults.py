"""What a vCenter's faults mean, in a sentence and a hint."""

from __future__ import annotations

from typing import Any

from labkit import errors, visible

_HINTS = {
    "NoPermission": "docs/how-to/vsphere.md lists the privileges that labkit needs",
    "InsufficientResourcesFault": "free memory or processors in the resource pool, or ask for less",
    "InsufficientCpuResourcesFault": "free processors in the resource pool, or ask for less",
    "InsufficientMemoryResourcesFault": "free memory in the resource pool, or ask for less",
    "NoDiskSpace": "make room on the datastore, or name another one",
    "InsufficientStorageSpace": "make room on the datastore, or name another one",
    "DuplicateName": "something else has this name; labkit leaves it alone: rename one of the two",
    "ManagedObjectNotFound": "somebody removed it meanwhile; 'lab.up' makes it again",
    "ToolsUnavailable": "the template needs open-vm-tools, or customization: cloud-init",
    "UncustomizableGuest": "the template's guest cannot be customized: use cloud-init",
    "CustomizationFault": "look at the template's tools, or use customization: cloud-init",
    "FileLocked": "another machine or task uses the disk; look at the vCenter's recent tasks",
    "TaskInProgress": "wait for the vCenter's task to end, and run the same again",
    "InvalidPowerState": "somebody changed it meanwhile; run the same again",
    "RestrictedVersion": "the vCenter's licence does not allow this",
}


class GoneError(errors.ProviderError):
    """The object that was asked about is no more."""


class FaultError(errors.ProviderError):
    """The vCenter refused; `kind` is its fault's type."""

    def __init__(self, message: str, *, kind: str, hint: str = "") -> None:
        """Keep the type, so that callers can tell faults apart."""
        super().__init__(message, hint=hint)
        self.kind = kind


def name(fault: Any) -> str:  # noqa: ANN401 - pyVmomi's types are made at run time
    """Return a fault's type, for example `NoPermission`."""
    return type(fault).__name__.rpartition(".")[2]


def sentence(fault: Any) -> str:  # noqa: ANN401
    """Say what a fault says, in one line."""
    text = getattr(fault, "msg", None) or getattr(fault, "localizedMessage", None) or ""
    details = _details(fault)
    said = f"{name(fault)}: {text}" if text else name(fault)
    return visible.line(f"{said} ({details})" if details else said)


def hint(fault: Any) -> str:  # noqa: ANN401
    """Say what to do about it; empty where labkit does not know."""
    kinds = [each.__name__.rpartition(".")[2] for each in type(fault).__mro__]
    return next((_HINTS[kind] for kind in kinds if kind in _HINTS), "")


def error(fault: Any, what: str = "") -> errors.ProviderError:  # noqa: ANN401
    """Return a fault as an expected failure; `what` says to which object it happened."""
    said = sentence(fault)
    message = f"{what}: {said}" if what else said
    if name(fault) == "ManagedObjectNotFound":
        return GoneError(message, hint=hint(fault))
    return FaultError(message, kind=name(fault), hint=hint(fault))


def _details(fault: Any) -> str:  # noqa: ANN401
    parts = [
        f"{label} {value}"
        for label, value in (
            ("privilege", getattr(fault, "privilegeId", None)),
            ("name", getattr(fault, "name", None) if name(fault) == "DuplicateName" else None),
            ("datastore", getattr(fault, "datastore", None)),
            ("property", getattr(fault, "invalidProperty", None)),
        )
        if isinstance(value, str) and value
    ]
    return ", ".join(parts)
