"""Run labkit as `labkit` or `python -m labkit`, in any lab folder."""

from __future__ import annotations

import invoke.program

import labkit
from labkit import tasks


def main() -> None:
    """Parse the command line and run the tasks that it names."""
    namespace = tasks.lab()
    namespace.name = None
    namespace.add_collection(tasks.image())
    invoke.program.Program(
        name="labkit", binary="labkit", version=labkit.__version__, namespace=namespace
    ).run()


if __name__ == "__main__":
    main()
