"""How a benchmark begins and ends: expected failures are a sentence and a hint."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

from labkit import errors
from labkit.tasks import base

if TYPE_CHECKING:
    import types
    from collections.abc import Callable


def run(main: Callable[[], None]) -> None:
    """Run a benchmark as a program; a signal unwinds it, so that what it started is stopped."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        main()
    except errors.LabError as error:
        base.complain(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("interrupted; nothing is left behind", file=sys.stderr)
        sys.exit(errors.ExitCode.INTERRUPTED)


def _stop(number: int, frame: types.FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt
