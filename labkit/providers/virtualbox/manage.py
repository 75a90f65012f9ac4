"""The one place that runs VBoxManage (VirtualBox's user manual, chapter "VBoxManage")."""

from __future__ import annotations

import os
import shutil

from labkit import child, errors
from labkit.vagrant import trouble

_SECONDS = 120.0
"""A call takes a twentieth of a second; a snapshot's memory is written at the disk's speed."""
# Where installers put it without telling PATH; the variables are those of Windows' installer.
_PLACES = ("/Applications/VirtualBox.app/Contents/MacOS", "/usr/local/bin", "/usr/lib/virtualbox")
_VARIABLES = ("VBOX_MSI_INSTALL_PATH", "VBOX_INSTALL_PATH")


def program() -> str | None:
    """Return how to run VBoxManage; None where there is none."""
    if shutil.which("VBoxManage"):
        return "VBoxManage"
    folders = [*filter(None, map(os.environ.get, _VARIABLES)), *_PLACES]
    return next(filter(None, (shutil.which("VBoxManage", path=each) for each in folders)), None)


def run(*words: str, timeout: float = _SECONDS) -> str:
    """Run VBoxManage and return what it printed.

    Raises:
        errors.ProviderError: There is no VirtualBox, it refused, or it did not end in time.
    """
    name = program()
    if name is None:
        raise errors.ProviderError(
            "VirtualBox is not installed, or VBoxManage is not on PATH",
            hint="install it, or add its folder to PATH: https://www.virtualbox.org/wiki/Downloads",
        )
    try:
        done = child.run([name, *words], timeout=timeout)
    except child.DeadlineError as error:
        raise errors.ProviderError(
            f"'VBoxManage {' '.join(words)}' did not end within {timeout:.0f} s and was ended",
            hint="VirtualBox's service may hang: close VirtualBox, end VBoxSVC, try again",
        ) from error
    if done.returncode:
        said = done.stderr or done.stdout
        raise trouble.explain(words, done.returncode, said, program="VBoxManage")
    return done.stdout
