"""What sshd would do is known also while it is stopped: with the real one, and real mounts."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from labkit import shell
from labkit.checks import insecure_key

if TYPE_CHECKING:
    from labkit.plan import model

# Where its folder in /run is missing, as after a stop, sshd refuses to say anything.
_STOPPED = "mount -t tmpfs none /run && { sshd -T 2>&1 | head -n 1; sh -c {}; [ ! -e /run/sshd ]; }"


@pytest.mark.skipif(
    not (shutil.which("unshare") and shutil.which("sshd"))
    or not hasattr(os, "geteuid")
    or os.geteuid() != 0,
    reason="needs root, unshare and sshd",
)
def test_a_stopped_sshd_is_asked_where_nobody_sees_it(default_lab: model.Lab) -> None:
    probe = insecure_key.InsecureKey().probe(default_lab, default_lab.machines[0])
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", shell.line(_STOPPED, probe)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done
    first, *rest = done.stdout.splitlines()
    assert first == "Missing privilege separation directory: /run/sshd", done
    settings = rest[rest.index("--- sshd") + 1 :]
    assert [line.split()[0] for line in settings] == [
        "permitrootlogin", "passwordauthentication", "kbdinteractiveauthentication",
    ], done  # fmt: skip
