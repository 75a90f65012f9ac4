"""The Invoke tasks: parse, call, print."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any, cast

import invoke.collection
import invoke.tasks

from labkit.tasks import classroom as class_tasks
from labkit.tasks import image as image_tasks
from labkit.tasks import lab as lab_tasks

if TYPE_CHECKING:
    import types


def lab() -> invoke.collection.Collection:
    """Return the tasks of a lab."""
    return _folder("lab", lab_tasks)


def classroom() -> invoke.collection.Collection:
    """Return the tasks of a class."""
    return _folder("class", class_tasks)


def image() -> invoke.collection.Collection:
    """Return the tasks of images."""
    collection = invoke.collection.Collection("image")
    _add(collection, image_tasks)
    return collection


def _folder(name: str, package: types.ModuleType) -> invoke.collection.Collection:
    """Return the tasks of a package, a module each; those with '_' in front are shared by them."""
    collection = invoke.collection.Collection(name)
    for module in pkgutil.iter_modules(package.__path__):
        if not module.name.startswith("_"):
            _add(collection, importlib.import_module(f"{package.__name__}.{module.name}"))
    return collection


def _add(collection: invoke.collection.Collection, module: types.ModuleType) -> None:
    """Add a module's tasks under their functions' names: `exec_` is the task `exec`."""
    for name, member in vars(module).items():
        if isinstance(member, invoke.tasks.Task):
            # Invoke's Task is generic, but its own signatures leave the parameter out.
            task = cast("Any", member)
            collection.add_task(task, name=name.rstrip("_"))  # pyright: ignore[reportUnknownMemberType]
