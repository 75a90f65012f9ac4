"""The Invoke tasks: parse, call, print."""

from __future__ import annotations

import invoke

from labkit.tasks import image as image_tasks
from labkit.tasks import lab as lab_tasks


def lab() -> invoke.Collection:
    """Return the tasks of a lab."""
    collection = invoke.Collection("lab")
    for name in (
        "init", "validate", "doctor", "plan", "render", "up", "status", "ssh", "verify",
        "halt", "start", "destroy",
    ):  # fmt: skip
        collection.add_task(getattr(lab_tasks, name), name=name)
    collection.add_task(lab_tasks.exec_, name="exec")
    return collection


def image() -> invoke.Collection:
    """Return the tasks of images."""
    collection = invoke.Collection("image")
    collection.add_task(image_tasks.build, name="build")
    collection.add_task(image_tasks.list_, name="list")
    return collection
