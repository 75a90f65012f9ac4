"""The Invoke tasks: parse, call, print."""

from __future__ import annotations

from typing import Any

import invoke.collection

from labkit.tasks import image as image_tasks
from labkit.tasks import lab as lab_tasks


def lab() -> invoke.collection.Collection:
    """Return the tasks of a lab."""
    collection = invoke.collection.Collection("lab")
    for name in (
        "init", "validate", "doctor", "plan", "render", "up", "status", "ssh", "verify",
        "halt", "start", "destroy",
    ):  # fmt: skip
        _add(collection, name, getattr(lab_tasks, name))
    _add(collection, "exec", lab_tasks.exec_)
    return collection


def image() -> invoke.collection.Collection:
    """Return the tasks of images."""
    collection = invoke.collection.Collection("image")
    _add(collection, "build", image_tasks.build)
    _add(collection, "list", image_tasks.list_)
    return collection


def _add(collection: invoke.collection.Collection, name: str, task: Any) -> None:  # noqa: ANN401
    # Invoke's Task is generic, but its own signatures leave the parameter out.
    collection.add_task(task, name=name)  # pyright: ignore[reportUnknownMemberType]
