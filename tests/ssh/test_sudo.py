"""Root behind sudo(8): with a password, without one, and with a password that nobody asks for."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import dataclasses
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from labkit import secret
from labkit.providers import base
from labkit.ssh import session

if TYPE_CHECKING:
    import pathlib

_SCRIPT = "{ :\necho one; echo two\n} < /dev/null 2>&1\n"

# The real one needs a user with a password, and is tested on real machines. This one obeys the
# options as sudo(8) describes them, and reads its line byte by byte as sudo does.
_SUDO = """#!/bin/sh
echo "$*" > "{folder}/argv"
[ "$1" = -n ] && {{ shift 2; exec "$@"; }}
{asks} && {{ IFS= read -r line; [ "$line" = "it's \\0 zz" ] || {{ echo 'Sorry.'; exit 1; }}; }}
shift 5
exec "$@"
"""


def _endpoint(folder: pathlib.Path, password: str | None) -> base.Endpoint:
    endpoint = base.Endpoint("web-01", "127.0.0.1", 22, "lab", folder, folder)
    given = None if password is None else secret.Secret(password)
    return dataclasses.replace(endpoint, sudo_password=given)


def _run(folder: pathlib.Path, password: str | None, *, asks: bool) -> str:
    sudo = folder / "sudo"
    sudo.write_text(_SUDO.format(folder=folder, asks="true" if asks else "false"))
    sudo.chmod(0o755)
    command, before = session.Session(_endpoint(folder, password))._shell(root=True)
    done = subprocess.run(
        ["sh", "-c", command],
        input=f"{before}{_SCRIPT}".encode(),
        env={"PATH": f"{folder}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=20,
        check=False,
    )
    return done.stdout.decode()


@pytest.mark.parametrize("asks", [True, False])
def test_a_password_is_read_by_sudo_or_by_nobody(tmp_path: pathlib.Path, asks: bool) -> None:
    assert _run(tmp_path, "it's \\0 zz", asks=asks) == "one\ntwo\n"
    argv = (tmp_path / "argv").read_text()
    assert argv.startswith("-S -k -p  -H sh -c ")
    assert "zz" not in argv


def test_a_wrong_password(tmp_path: pathlib.Path) -> None:
    assert _run(tmp_path, "wrong", asks=True) == "Sorry.\n"


def test_without_a_password_nothing_comes_before_the_script(tmp_path: pathlib.Path) -> None:
    assert _run(tmp_path, None, asks=True) == "one\ntwo\n"
    assert (tmp_path / "argv").read_text() == "-n -H sh -s\n"


def test_a_user_without_rights_needs_no_sudo(tmp_path: pathlib.Path) -> None:
    opened = session.Session(_endpoint(tmp_path, "x"))
    assert opened._shell(root=False) == ("sh -s", "")
