"""From any state that accidents lead to, one run leads to what is wanted; a second does nothing."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

import hypothesis
import hypothesis.strategies as st
import pytest

from labkit import operations
from labkit.converge import engine
from labkit.profiles import load
from labkit.providers import base as providers
from labkit.ssh import session as sessions

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.operations.conftest import Sandbox

_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKVbZ3vbDLEpBrJ0xWzM9ZLDj6bmmPYuWiTEWdDgqLbW course"
_WANTED: tuple[tuple[str, dict[str, object]], ...] = (
    ("hostname", {"name": "web-01"}),
    ("hosts", {"entries": {"192.168.56.61": ["web-01"], "192.168.56.62": ["web-02", "db"]}}),
    ("sysctl", {"file": "90-test", "values": {"net.ipv4.ip_forward": "1"}}),
    ("time_zone", {"name": "Asia/Tokyo"}),
    ("directory", {"path": "/srv/course", "mode": "0750"}),
    ("file", {"path": "/srv/course/motd", "content": "it's $(here)\n", "mode": "0640"}),
    ("line", {"path": "/srv/course/lines", "line": "one more", "create": True}),
    ("line", {"path": "/srv/course/lines", "line": "and one", "create": True}),
    ("authorized_key", {"user": "root", "key": _KEY}),
)

_ACCIDENTS = (
    "printf %s other > /proc/sys/kernel/hostname",
    "rm -f /etc/hostname",
    "echo old-name > /etc/hostname",
    "sed -i s/web-02/web-03/ /etc/hosts",
    "echo '192.168.56.99 web-01 db' >> /etc/hosts",
    ": > /etc/hosts",
    "rm -f /etc/hosts",
    "echo 0 > /proc/sys/net/ipv4/ip_forward",
    "rm -rf /etc/sysctl.d",
    "mkdir -p /etc/sysctl.d; echo net.ipv4.ip_forward = 0 > /etc/sysctl.d/90-test.conf",
    "ln -sfn /usr/share/zoneinfo/Europe/Oslo /etc/localtime",
    "rm -f /etc/localtime",
    "echo Europe/Oslo > /etc/timezone",
    "rm -rf /srv/course",
    "chmod 0777 /srv/course",
    "chown daemon /srv/course",
    "rm -f /srv/course/motd",
    "sed -i '/one more/d' /srv/course/lines",
    "printf 'no line feed' > /srv/course/lines",
    "printf 'another\\ntext' > /srv/course/motd",
    "chmod 0600 /srv/course/motd; chown daemon /srv/course/motd",
    "rm -rf /root/.ssh",
    "mkdir -p /root/.ssh; echo '# mine' > /root/.ssh/authorized_keys",
    "sed -i '/course/d' /root/.ssh/authorized_keys",
    "chmod 0666 /root/.ssh/authorized_keys",
)


class Inside(sessions.Session):
    """A session whose shell is the sandbox's."""

    def __init__(self, sandbox: Sandbox) -> None:
        nowhere = pathlib.Path("none")
        super().__init__(providers.Endpoint("web-01", "127.0.0.1", 22, "root", nowhere, nowhere))
        self._sandbox = sandbox

    def _exec(
        self, command: str, stdin: str, timeout: float, on_output: Callable[[bytes], None]
    ) -> sessions.Result:
        del command, timeout, on_output
        return self._sandbox.shell(stdin)


def _steps() -> tuple[load.Step, ...]:
    return tuple(
        load.Step(kind, operations.kinds()[kind].model_validate(arguments), "why", f"x.yml:{n}")
        for n, (kind, arguments) in enumerate(_WANTED, 1)
    )


@pytest.mark.parametrize("examples", [8, pytest.param(200, marks=pytest.mark.slow)])
def test_one_run_leads_to_what_is_wanted(sandbox: Sandbox, examples: int) -> None:
    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[hypothesis.Phase.generate],
    )
    @hypothesis.given(st.lists(st.sampled_from(_ACCIDENTS), max_size=8))
    def converge(accidents: list[str]) -> None:
        # Some accidents fail, since an earlier one has taken away what they spoil.
        sandbox.run(*accidents)
        engine.Machine(Inside(sandbox), _steps()).converge()
        again = engine.Machine(Inside(sandbox), _steps()).converge()
        assert (again.changes, again.round_trips) == ([], 1), accidents
        lines = "grep -cx -e 'one more' -e 'and one' /srv/course/lines"
        files = "cat /proc/sys/net/ipv4/ip_forward /srv/course/motd"
        (seen,) = sandbox.must(f"uname -n; {files}; {lines}")
        assert seen == "web-01\n1\nit's $(here)\n2\n", accidents

    converge()
