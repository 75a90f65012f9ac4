"""pyVmomi, whose types are made at run time, so that type checkers see none of them."""

from __future__ import annotations

import importlib
from typing import Any

_PYVMOMI: Any = importlib.import_module("pyVmomi")

vim: Any = _PYVMOMI.vim
vmodl: Any = _PYVMOMI.vmodl
Soap: Any = _PYVMOMI.SoapStubAdapter

VERSION = "vim.version.v7_0"
"""What labkit speaks; each later vCenter understands it, so that nobody need be asked."""

Ref = Any
"""A managed object's reference; nothing is read through it."""


def ref(kind: str, moid: str, stub: object = None) -> Ref:
    """Return the reference of an object, for example of `VirtualMachine`."""
    return getattr(vim, kind)(moid, stub)


def moid(reference: Ref) -> str:
    """Return the name that a vCenter knows an object by."""
    return str(reference._GetMoId())  # noqa: SLF001 - pyVmomi gives it no other name


def kind(reference: Ref) -> str:
    """Return the type of the object, for example `Folder`."""
    return type(reference).__name__.rpartition(".")[2]


def is_task(answer: object) -> bool:
    """Say whether an answer is a task that goes on."""
    return isinstance(answer, vim.Task)
