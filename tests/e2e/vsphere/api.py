"""pyvmomi's names without its types, which know of no optional argument."""

from __future__ import annotations

import importlib
from typing import Any, TypeAlias

_ALL: Any = importlib.import_module("pyVmomi")
vim = _ALL.vim
vmodl = _ALL.vmodl
Object: TypeAlias = Any
"""A managed object, or data that a method takes or gives."""
