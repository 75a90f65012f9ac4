"""What a person types, unmodified, in a real shell: it leads to what is wanted, twice as once.

The kinds that are left out need a running systemd, NetworkManager, a package manager's mirror or a
clock of their own; tests/e2e/test_default_lab.py types those on a real machine.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import hypothesis
import hypothesis.strategies as st
import pytest

from labkit import families, operations, secret, shell

if TYPE_CHECKING:
    from conftest import Sandbox

    from labkit.operations import base

_BARE = ":"
_HOSTILE = ("it's", "$(touch /srv/broken)", "`id`", "EOF", "EOF_", "\\", "-n", "%s", "ä", " ", "")
_LINES = st.lists(
    st.one_of(
        st.sampled_from(_HOSTILE),
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12),
    ),
    max_size=6,
).map("\n".join)


def _operation(kind: str, **arguments: object) -> base.AnyOperation:
    return operations.kinds()[kind].model_validate(arguments)


def _type(sandbox: Sandbox, start: str, operation: base.AnyOperation) -> str:
    """Type the commands twice, and return what they said the first time."""
    family = families.of("debian")
    assert family
    typed = "\n".join(("set -eu", *operation.manual(family)))
    before, said, seen, _, again = sandbox.must(
        f"{start}\n{operation.probe()}", typed, operation.probe(), typed, operation.probe()
    )
    assert operation.changes(before) != ()
    assert operation.changes(seen) == operation.changes(again) == ()
    return said


@hypothesis.settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
@hypothesis.given(st.lists(_LINES, min_size=20, max_size=20))
def test_file(sandbox: Sandbox, contents: list[str]) -> None:
    family = families.of("debian")
    assert family
    wanted = [
        _operation(
            "file",
            path=f"/srv/{index} it's",
            content=f"{content}\n" if index % 2 else content,
            mode="0640" if index % 3 else "0644",
            owner="daemon" if index % 5 == 0 else "root",
        )
        for index, content in enumerate((*_HOSTILE, *contents))
    ]
    sections = (
        text
        for each in wanted
        for text in ("\n".join(("set -eu", *each.manual(family))), each.probe())
    )
    seen = sandbox.must("rm -rf /srv/*", *sections)[2::2]
    assert [each.changes(output) for each, output in zip(wanted, seen, strict=True)] == [()] * len(
        wanted
    )
    assert sandbox.must("[ ! -e /srv/broken ]") == ("",)


def test_a_private_key_is_made_anew_and_only_once(sandbox: Sandbox) -> None:
    key = secret.Secret("-----BEGIN OPENSSH PRIVATE KEY-----\nnot shown\n")
    operation = _operation("file", path="/root/a b", content=key, mode="0600")
    family = families.of("debian")
    assert family
    typed = "\n".join(operation.manual(family))
    assert "not shown" not in typed
    first, second = sandbox.must(
        f"{typed}\nsha256sum < '/root/a b'", f"{typed}\nsha256sum < '/root/a b'"
    )
    assert first == second
    (public,) = sandbox.must("ssh-keygen -y -P '' -f '/root/a b'; stat -c %a '/root/a b'")
    assert public.startswith("ssh-ed25519 ")
    assert public.endswith("\n600\n")


def test_another_secret_waits_for_its_owner(sandbox: Sandbox) -> None:
    arguments = {"path": "/srv/token", "mode": "0600", "owner": "daemon"}
    operation = _operation("file", content=secret.Secret("not shown"), **arguments)
    family = families.of("debian")
    assert family
    typed = operation.manual(family)
    assert "# vi /srv/token" in typed
    assert "not shown" not in "\n".join(typed)
    _, kept = sandbox.must(
        "\n".join(typed), "echo mine > /srv/token\n" + "\n".join(typed) + "\ncat /srv/token"
    )
    assert kept == "mine\n"
    assert sandbox.must("stat -c '%a %U' /srv/token") == ("600 daemon\n",)


def test_directory(sandbox: Sandbox) -> None:
    operation = _operation("directory", path="/srv/a b/c", mode="0750", owner="daemon")
    _type(sandbox, _BARE, operation)


@pytest.mark.parametrize(
    "start",
    [
        ": > /etc/hosts",
        (
            "printf '127.0.0.1 localhost\\n127.0.1.1 WEB-01.lab web-01\\n10.0.0.1 web-010 other\\n'"
            " > /etc/hosts"
        ),
    ],
)
def test_hosts(sandbox: Sandbox, start: str) -> None:
    entries = {"192.168.56.61": ["web-01.lab", "web-01"], "192.168.56.7": ["db"]}
    _type(sandbox, start, _operation("hosts", entries=entries))
    (text,) = sandbox.must("cat /etc/hosts")
    ours = ["192.168.56.7 db", "192.168.56.61 web-01.lab web-01"]
    others = ["127.0.0.1 localhost", "10.0.0.1 web-010 other"] if "other" in start else []
    assert text.splitlines() == [*others, *ours]


def test_authorized_key(sandbox: Sandbox) -> None:
    operation = _operation("authorized_key", user="root", key="ssh-ed25519 AAAAkey it's $(me)")
    _type(sandbox, _BARE, operation)


def test_known_hosts(sandbox: Sandbox) -> None:
    if not shutil.which("ssh-keygen"):
        pytest.skip("ssh-keygen is not installed")
    blob = "AAAAC3NzaC1lZDI1NTE5AAAAIJnmSyoa5G0BTqjJ3z2hEkkLEYgPfKBUhiRKnl51H4nI"
    stale = "AAAAC3NzaC1lZDI1NTE5AAAAIFnUlBvpiaQz3/ncsxwQ6tsRyRHLFcCWXqUMbZ6R1WzY"
    hosts = {"web-01,192.168.56.61": f"ssh-ed25519 {blob}", "[::1]:2222": f"ssh-ed25519 {blob}"}
    operation = _operation("known_hosts", user="root", hosts=hosts)
    known = "/root/.ssh/known_hosts"
    start = shell.line(
        "mkdir /root/.ssh; printf '%s\\n' {} {} > {}",
        f"web-01 ssh-ed25519 {stale}",
        f"other ssh-ed25519 {stale}",
        known,
    )
    _type(sandbox, start, operation)
    names = [line.split()[0] for line in sandbox.must(f"cat {known}")[0].splitlines()]
    assert names == ["other", "[::1]:2222", "web-01,192.168.56.61"]


def test_keys_of_another_user(sandbox: Sandbox) -> None:
    users = (
        "printf '%s\\n' 'student:x:4711:4711::/srv/s:/bin/sh' 'pc$:x:4712:4712::/srv/pc:/bin/sh'"
    )
    sandbox.must(f"{users} >> /etc/passwd")
    for user in ("student", "pc$"):
        key = _operation("authorized_key", user=user, key="ssh-ed25519 AAAA")
        _type(sandbox, _BARE, key)
    seen = sandbox.must("cd /srv; stat -c '%a %U %n' */.ssh */.ssh/*")
    assert seen[0].splitlines() == [
        "700 pc$ pc/.ssh",
        "700 student s/.ssh",
        "600 pc$ pc/.ssh/authorized_keys",
        "600 student s/.ssh/authorized_keys",
    ]


def test_sysctl(sandbox: Sandbox) -> None:
    if not shutil.which("sysctl"):
        pytest.skip("sysctl is not installed")
    values = {
        "net.ipv6.conf.*.disable_ipv6": "1",
        "net.ipv6.conf.lo.disable_ipv6": "0",
        "net.ipv4.ip_forward": "1",
        "net.ipv4.ip_local_port_range": "2000 3000",
    }
    start = (
        "cd /proc/sys/net; for f in ipv6/conf/*/disable_ipv6; do echo 0 > $f; done"
        "; echo 0 > ipv4/ip_forward; echo 32768 60999 > ipv4/ip_local_port_range"
    )
    _type(sandbox, start, _operation("sysctl", file="90-lab", values=values))
