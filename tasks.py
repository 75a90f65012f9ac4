"""Invoke's entry in this repository: labkit's own tasks, and those for working on labkit."""

from __future__ import annotations

import sys

import invoke.collection

from labkit import early

words = sys.argv[1:]
early.begin(words)  # before the slow imports

from labkit import tasks as labkit_tasks  # noqa: E402
from labkit.tasks import develop  # noqa: E402

namespace = invoke.collection.Collection(develop.test, develop.check, develop.bench)
namespace.add_collection(labkit_tasks.lab(words))
namespace.add_collection(labkit_tasks.image(words))
namespace.add_collection(labkit_tasks.classroom(words))
