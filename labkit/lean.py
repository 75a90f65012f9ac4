"""Begin faster: import less, and look for garbage seldom.

Half of a short run is the import of modules that live until its end.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import sys
import types

_MANY = 50_000
"""Objects made since the last look for garbage that make Python look again; by default 700."""
_ALL = "__all__"
_MOCK = "unittest.mock"
_PLUGINS = "pydantic.plugin._loader"


def begin() -> None:
    """Look for no garbage while everything is imported, and for no plugin of pydantic at all.

    pydantic would read what each installed distribution says about itself, and others' code should
    not see what is in a lab file. Its module that looks is not even imported, since that brings
    importlib.metadata, and with it email, csv and zipfile.
    """
    gc.disable()
    if os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", _ALL) == _ALL:
        vars(sys.modules.setdefault(_PLUGINS, types.ModuleType(_PLUGINS)))["get_plugins"] = tuple


def begun() -> None:
    """Leave alone what has been imported, now, whenever Python looks again, and at the end."""
    gc.freeze()
    gc.set_threshold(_MANY)
    gc.enable()
    atexit.register(gc.freeze)


def invoke() -> None:
    """Import Invoke without unittest.mock, which brings asyncio and ssl with it.

    Only Invoke's MockContext uses it, and that is for tests, which find the real one.
    """
    if "invoke" in sys.modules or _MOCK in sys.modules:
        return
    sys.modules[_MOCK] = types.ModuleType(_MOCK)
    vars(sys.modules[_MOCK])["Mock"] = object
    try:
        importlib.import_module("invoke")
    finally:
        sys.modules.pop(_MOCK, None)
