"""The Invoke tasks: parse, call, print."""

from __future__ import annotations

import functools
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
    from collections.abc import Sequence

_PACKAGES = {"lab": lab_tasks, "class": class_tasks, "image": image_tasks}


def lab(words: Sequence[str] = ()) -> invoke.collection.Collection:
    """Return the tasks of a lab.

    Args:
        words: The command line after the program's name. When it begins with a task, only the
            tasks that it names are imported: the others' imports take longer than a short task.
    """
    return _folder("lab", words)


def classroom(words: Sequence[str] = ()) -> invoke.collection.Collection:
    """Return the tasks of a class; `words` as for `lab`."""
    return _folder("class", words)


def image(words: Sequence[str] = ()) -> invoke.collection.Collection:
    """Return the tasks of images; `words` as for `lab`."""
    return _folder("image", words)


def _folder(name: str, words: Sequence[str]) -> invoke.collection.Collection:
    collection = invoke.collection.Collection(name)
    every, named = not _begins_with_a_task(words), _names(words)
    for task, module in _modules(name).items():
        if every or (name, task) in named:
            _add(collection, importlib.import_module(f"{_PACKAGES[name].__name__}.{module}"))
    return collection


@functools.cache
def _modules(name: str) -> dict[str, str]:
    """Return a package's modules by their tasks; those with '_' in front are shared by them."""
    found = (module.name for module in pkgutil.iter_modules(_PACKAGES[name].__path__))
    return {_task(module): module for module in found if not module.startswith("_")}


def _task(name: str) -> str:
    """Return the name of a function's or a module's task: `exec_` is `exec`."""
    return name.rstrip("_").replace("_", "-")


def _begins_with_a_task(words: Sequence[str]) -> bool:
    return any(task in _modules(name) for name, task in _names(words[:1]) if name in _PACKAGES)


def _names(words: Sequence[str]) -> set[tuple[str, str]]:
    """Return the words as names of tasks; without a dot before it, a task is a lab's."""
    split = (word.rpartition(".") for word in words)
    return {(before or "lab", _task(after)) for before, _, after in split}


def _add(collection: invoke.collection.Collection, module: types.ModuleType) -> None:
    """Add a module's tasks under their functions' names."""
    for name, member in vars(module).items():
        if isinstance(member, invoke.tasks.Task):
            # Invoke's Task is generic, but its own signatures leave the parameter out.
            task = cast("Any", member)
            collection.add_task(task, name=_task(name))  # pyright: ignore[reportUnknownMemberType]
