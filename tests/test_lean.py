"""A run begins without what it does not need, and nothing else is different for that."""

from __future__ import annotations

import subprocess
import sys

import pytest


def _said(code: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.split()


def test_invoke_comes_without_the_library_for_tests() -> None:
    code = (
        "import sys\n"
        "from labkit import lean\n"
        "lean.invoke()\n"
        "import fabric, paramiko\n"
        "print(*sorted({'asyncio', 'invoke', 'ssl', 'unittest'} & set(sys.modules)))\n"
        "from unittest import mock\n"
        "print(mock.Mock(return_value=3)())"
    )
    assert _said(code) == ["invoke", "3"]


def test_a_session_imports_it_so() -> None:
    code = (
        "import sys, pathlib\n"
        "from labkit.providers import base\n"
        "from labkit.ssh import session\n"
        "print('paramiko' in sys.modules)\n"
        "import socket\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "import threading\n"
        "threading.Thread(target=lambda: server.accept()[0].close(), daemon=True).start()\n"
        "place = base.Endpoint('web-01', *server.getsockname(), 'u', *2 * [pathlib.Path('.')])\n"
        "try:\n"
        "    session.Session(place).open(60)\n"
        "except Exception:\n"
        "    print('paramiko' in sys.modules, 'unittest' in sys.modules)"
    )
    assert _said(code) == ["False", "True", "False"]


def test_pydantic_looks_for_no_plugin() -> None:
    code = (
        "import sys\n"
        "from labkit import lean\n"
        "lean.begin()\n"
        "from labkit.spec import load\n"
        "text = 'lab: demo\\nmachines: {one: {nat: 10.0.2.70, hostonly: 192.168.56.70}}\\n'\n"
        "print(*load.parse(text).lab.machines)\n"
        "print(*sorted({'email', 'csv', 'importlib.metadata', 'zipfile'} & set(sys.modules)))\n"
        "from importlib import metadata\n"
        "print(metadata.version('pydantic') > '2')"
    )
    assert _said(code) == ["one", "True"]


@pytest.mark.parametrize("given", ["", "mine"])
def test_garbage_and_plugins(given: str) -> None:
    code = (
        "import gc, os\n"
        f"os.environ.update({{'PYDANTIC_DISABLE_PLUGINS': '{given}'}} if '{given}' else {{}})\n"
        "from labkit import lean\n"
        "lean.begin()\n"
        "print(gc.isenabled(), os.environ['PYDANTIC_DISABLE_PLUGINS'])\n"
        "lean.begun()\n"
        "print(gc.isenabled(), gc.get_freeze_count() > 1000)"
    )
    assert _said(code) == ["False", given or "__all__", "True", "True"]
