"""The one place that runs VBoxManage (VirtualBox's user manual, chapter "VBoxManage")."""

from __future__ import annotations

import os
import shutil
import time

from labkit import child, errors
from labkit.vagrant import trouble

_SECONDS = 120.0
"""A call takes a twentieth of a second; a snapshot's memory is written at the disk's speed."""
_ASKING = {"list", "showvminfo", "getextradata"}
"""What changes nothing, and can be asked again."""
_TRIES = 4
_PAUSE = 0.5
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

    VirtualBox says of a machine that another run is just removing that it "is not ready", and its
    service does not answer now and then: what changes nothing is asked a few times.

    Raises:
        errors.ProviderError: There is no VirtualBox, it refused, or it did not end in time.
    """
    tries = _TRIES if words[0] in _ASKING else 1
    for _ in range(tries - 1):
        try:
            return _run(words, timeout)
        except trouble.TransientError:
            time.sleep(_PAUSE)
    return _run(words, timeout)


def _run(words: tuple[str, ...], timeout: float) -> str:
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
