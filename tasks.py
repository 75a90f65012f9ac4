"""Invoke's entry in this repository: labkit's own tasks, and those for working on labkit."""

from __future__ import annotations

import invoke.collection

from labkit import tasks as labkit_tasks
from labkit.tasks import develop

namespace = invoke.collection.Collection(develop.test, develop.check, develop.bench)
namespace.add_collection(labkit_tasks.lab())
namespace.add_collection(labkit_tasks.image())
