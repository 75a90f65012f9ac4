"""What a machine of a box is told at its first log-in."""

from __future__ import annotations

import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from labkit import errors, secret
from labkit.providers.virtualbox import adopt
from labkit.ssh import keys
from labkit.vagrant import output

if TYPE_CHECKING:
    import pathlib

HOST = keys.KeyPair(secret.Secret("PRIVATE ${HOME}'s\nKEY\n"), "ssh-ed25519 AAAA it's")


def test_a_shell_reads_the_script() -> None:
    text = adopt.script("vagrant", "ssh-ed25519 BBBB $(touch hole)", HOST)
    assert "'PRIVATE ${HOME}'\"'\"'s\nKEY'" in text
    assert "'ssh-ed25519 BBBB $(touch hole)'" in text
    subprocess.run(["sh", "-n", "-c", text], check=True)


def test_nobody_listens(tmp_path: pathlib.Path) -> None:
    key = tmp_path / "key"
    key.touch()
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        ssh = output.Ssh("127.0.0.1", taken.getsockname()[1], "vagrant", (key,))
        with pytest.raises(errors.UnreachableError, match="web-01 does not answer on"):
            adopt.adopt("web-01", ssh, user="vagrant", login="k", host=HOST, scratch=tmp_path / "s")
