"""Run labkit as `labkit` or `python -m labkit`, in any lab folder."""

from __future__ import annotations

import sys

from labkit import claim, early, lean


def main() -> None:
    """Parse the command line and run the tasks that it names."""
    words = sys.argv[1:]
    early.begin(words)
    lean.begin()
    lean.invoke()
    import invoke.program  # noqa: PLC0415 - slow; nothing was imported before the line above

    import labkit  # noqa: PLC0415
    from labkit import tasks  # noqa: PLC0415

    namespace = tasks.lab(words)
    namespace.name = None
    namespace.add_collection(tasks.image(words))
    namespace.add_collection(tasks.classroom(words))
    lean.begun()
    program = invoke.program.Program(
        name="labkit", binary="labkit", version=labkit.__version__, namespace=namespace
    )
    try:
        program.run()
    finally:
        claim.let_go()


if __name__ == "__main__":
    main()
