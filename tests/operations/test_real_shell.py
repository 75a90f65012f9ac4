"""Probes and commands, unmodified, in a real shell: one apply leads to what is wanted."""

from __future__ import annotations

import base64
import dataclasses
import shutil
from typing import TYPE_CHECKING

import hypothesis
import hypothesis.strategies as st
import pytest

from labkit import operations, secret, shell
from labkit.operations import base

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable, Sequence

    from conftest import Sandbox, Settled

    Sandboxes = Callable[[], contextlib.AbstractContextManager[Sandbox]]
    Place = Callable[[str, bytes | None], str]

_HOSTILE = (
    "it's", '"', "$(touch /srv/broken)", "`touch /srv/broken`", "${IFS}", "; reboot", "&&", "\\n",
    "%s", "-n", "-", "*", "~", "#", "!", "{}", "\r", "\t", "\f", "\x1b", "\x81\x82\x88", "ä", "€",
    "\N{LINE SEPARATOR}", "\N{PILE OF POO}", "\x7f", " ", "",
)  # fmt: skip

_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
_VALUE = st.one_of(
    _TEXT, st.lists(st.sampled_from([*_HOSTILE, "\n", "x"]), max_size=4).map("".join)
)

# Each starting state is made anew in the sandbox, so that examples do not meet one another.
_FEW = hypothesis.settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[hypothesis.Phase.generate],
    suppress_health_check=[
        hypothesis.HealthCheck.function_scoped_fixture,
        hypothesis.HealthCheck.too_slow,
        hypothesis.HealthCheck.data_too_large,
        hypothesis.HealthCheck.large_base_example,
    ],
)


def _operation(kind: str, **arguments: object) -> base.AnyOperation:
    return operations.kinds()[kind].model_validate(arguments)


def _assert_settled(settled: Sequence[Settled]) -> None:
    for each in settled:
        assert (each.applied.status, each.applied.output) == (0, ""), each
        assert each.again == (), each


def _states(*words: str) -> st.SearchStrategy[list[bytes | None]]:
    """Return starting states of a file: absent, or lines made of words and of hostile text."""
    word = st.sampled_from([*words, *_HOSTILE])
    line = st.lists(word, max_size=5).map(" ".join)
    lines = st.lists(line, max_size=6).map("\n".join)
    whole = st.tuples(lines, st.sampled_from(["\n", ""])).map("".join)
    return st.lists(st.one_of(st.none(), whole.map(str.encode)), min_size=12, max_size=12)


@pytest.mark.parametrize("program", ["dash", "bash"])
def test_a_thousand_values_come_back_from_a_shell(sandboxes: Sandboxes, program: str) -> None:
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    values: set[str] = set(_HOSTILE)

    with sandboxes() as opened:
        sandbox = dataclasses.replace(opened, program=program)

        @hypothesis.settings(_FEW, max_examples=25)
        @hypothesis.given(st.lists(_VALUE, min_size=40, max_size=60, unique=True))
        def travel(batch: list[str]) -> None:
            batch = [*_HOSTILE, *batch]
            values.update(batch)
            (output,) = sandbox.must(
                shell.argv("printf", "%s\\0", *batch) + " | base64 -w0 | cat - && echo"
            )
            assert _words(output) == batch

        travel()
        assert len(values) >= 1000
        assert sandbox.must("ls -A /srv") == ("",)


def _words(output: str) -> list[str]:
    """Read words that end with NUL bytes from base64."""
    return base64.b64decode(output).decode().split("\0")[:-1]


@_FEW
@hypothesis.given(st.lists(_VALUE, min_size=25, max_size=25))
def test_file_contents(sandbox: Sandbox, place: Place, values: list[str]) -> None:
    cases: list[tuple[str, base.AnyOperation]] = []
    for index, value in enumerate([*_HOSTILE, *values]):
        path = f"/srv/{index} {value.replace('/', '').replace(chr(10), '').replace(chr(13), '')}"
        start = place(path, None if index % 3 else f"{value} before".encode())
        mode = "0600" if index % 2 else "0644"
        content = secret.Secret(value) if index % 5 == 0 else value
        cases.append((start, _operation("file", path=path, content=content, mode=mode)))
    settled = sandbox.settle(cases)
    _assert_settled(settled)
    assert all(each.changes for each in settled)
    assert sandbox.must("[ ! -e /srv/broken ]") == ("",)


@pytest.mark.parametrize(
    "start",
    [
        "touch /srv/x; chmod 4777 /srv/x; chown daemon /srv/x",
        "ln -s /srv/target /srv/x; echo old > /srv/target",
        "ln -s /srv/dangling /srv/x",
        "printf '\\377\\000' > /srv/x",
        "printf wanted > /srv/x; chmod 0000 /srv/x",
    ],
)
def test_file_from_odd_states(sandbox: Sandbox, start: str) -> None:
    wanted = _operation("file", path="/srv/x", content="wanted", mode="0640")
    settled = sandbox.settle([(f"rm -rf /srv/*; {start}", wanted)])
    _assert_settled(settled)
    assert settled[0].changes
    assert sandbox.must("stat -L -c '%a %U' /srv/x; cat /srv/x") == ("640 root\nwanted",)


@pytest.mark.parametrize(
    ("kind", "arguments"), [("file", {"content": "wanted"}), ("directory", {})]
)
def test_what_is_of_another_kind_is_left_alone(
    sandbox: Sandbox, kind: str, arguments: dict[str, str]
) -> None:
    operation = _operation(kind, path="/srv/x", **arguments)
    _, output = sandbox.must("mkfifo /srv/x", operation.probe())
    with pytest.raises(base.FactError) as complaint:
        operation.changes(output)
    thing = "file" if kind == "file" else "directory"
    assert complaint.value.message == f"/srv/x should be a {thing}, but it is a fifo"


@pytest.mark.parametrize(
    ("start", "change"),
    [
        (":", True),
        ("mkdir -m 2775 '/srv/a b'", True),
        ("mkdir '/srv/a b'; chown daemon '/srv/a b'", True),
        ("mkdir -m 1750 /srv/real; ln -s /srv/real '/srv/a b'", True),
        ("mkdir -m 0750 '/srv/a b'", False),
    ],
)
def test_directory(sandbox: Sandbox, start: str, change: bool) -> None:
    operation = _operation("directory", path="/srv/a b", mode="0750")
    settled = sandbox.settle([(f"rm -rf /srv/*; {start}", operation)])
    _assert_settled(settled)
    assert bool(settled[0].changes) is change


@_FEW
@hypothesis.given(_states("192.168.56.61", "10.0.0.1", "web-01", "WEB-01.lab", "other"))
def test_hosts(sandbox: Sandbox, place: Place, states: list[bytes | None]) -> None:
    entries = {"192.168.56.61": ["web-01.lab", "web-01"], "192.168.56.7": ["db"]}
    operation = _operation("hosts", entries=entries)
    _assert_settled(sandbox.settle([(place("/etc/hosts", each), operation) for each in states]))


def test_hosts_are_what_the_resolver_answers(sandbox: Sandbox, place: Place) -> None:
    operation = _operation("hosts", entries={"192.168.56.61": ["web-01.lab", "web-01"]})
    before = b"127.0.1.1 Web-01 old-name\n10.9.9.9 web-01.lab # stale\n"
    _assert_settled(sandbox.settle([(place("/etc/hosts", before), operation)]))
    names = sandbox.must("getent ahostsv4 web-01 old-name | sort -u; getent hosts web-01.lab")
    assert "10.9.9.9" not in names[0]
    assert names[0].splitlines()[-1].split() == ["192.168.56.61", "web-01.lab", "web-01"]


@_FEW
@hypothesis.given(_states("web-01", "web-01,x", "other,192.168.56.61", "@revoked", "ssh-rsa AAAA"))
def test_known_hosts(sandbox: Sandbox, place: Place, states: list[bytes | None]) -> None:
    hosts = {"web-01,192.168.56.61": "ssh-ed25519 AAAAnew", "[::1]:2222": "ssh-rsa AAAAport"}
    operation = _operation("known_hosts", user="root", hosts=hosts)
    path = "/root/.ssh/known_hosts"
    _assert_settled(sandbox.settle([(place(path, each), operation) for each in states]))


@_FEW
@hypothesis.given(_states("ssh-ed25519 AAAAkey", "ssh-rsa", "AAAA", 'command="a b"', "no-pty"))
def test_authorized_key(sandbox: Sandbox, place: Place, states: list[bytes | None]) -> None:
    operation = _operation("authorized_key", user="root", key="ssh-ed25519 AAAAkey it's $(me)")
    path = "/root/.ssh/authorized_keys"
    _assert_settled(sandbox.settle([(place(path, each), operation) for each in states]))


def test_keys_of_another_user(sandbox: Sandbox) -> None:
    sandbox.must("echo 'student:x:4711:4711::/srv/it'\"'\"'s home:/bin/sh' >> /etc/passwd")
    key = _operation("authorized_key", user="student", key="ssh-ed25519 AAAA")
    hosts = _operation("known_hosts", user="student", hosts={"a": "ssh-ed25519 AAAA"})
    _assert_settled(sandbox.settle([(":", key), (":", hosts)]))
    seen = sandbox.must("stat -c '%a %U %n' /srv/*/.ssh /srv/*/.ssh/*")
    assert seen[0].splitlines() == [
        "700 student /srv/it's home/.ssh",
        "600 student /srv/it's home/.ssh/authorized_keys",
        "644 student /srv/it's home/.ssh/known_hosts",
    ]


def test_a_user_who_is_not_there(sandbox: Sandbox) -> None:
    operation = _operation("authorized_key", user="student", key="ssh-ed25519 AAAA")
    with pytest.raises(base.FactError, match=r"^the machine has no user 'student'$"):
        operation.changes(*sandbox.must(operation.probe()))


@_FEW
@hypothesis.given(_states("web-01", "# web-01", "localhost"))
def test_hostname(sandbox: Sandbox, place: Place, states: list[bytes | None]) -> None:
    operation = _operation("hostname", name="web-01")
    forget = "; printf old > /proc/sys/kernel/hostname"
    starts = [place("/etc/hostname", each) + forget for each in states]
    _assert_settled(sandbox.settle([(start, operation) for start in starts]))
    assert sandbox.must("hostname; cat /etc/hostname") == ("web-01\nweb-01\n",)


@_FEW
@hypothesis.given(_states("SELINUX=enforcing", "SELINUX=permissive", "SELINUXTYPE=x", "SELINUX="))
def test_selinux(sandbox: Sandbox, place: Place, states: list[bytes | None]) -> None:
    path = "/etc/selinux/config"
    starts = [place(path, each or b"") for each in states]
    file = _operation("selinux", mode="disabled")
    _assert_settled(sandbox.settle([(start, file) for start in starts]))
    # There is no selinuxfs here, so what remains for another mode is the reboot.
    for each in sandbox.settle(
        [(start, _operation("selinux", mode="permissive")) for start in starts]
    ):
        assert each.applied.status == 0
        assert [(change.before, change.reboot) for change in each.again] == [("disabled", True)]


@_FEW
@hypothesis.given(_states("net.ipv4.ip_forward = 0", "kernel"))
def test_sysctl(sandbox: Sandbox, place: Place, states: list[bytes | None]) -> None:
    values = {
        "net.ipv6.conf.*.disable_ipv6": "1",
        "net.ipv6.conf.lo.disable_ipv6": "0",
        "net.ipv4.ip_forward": "1",
        "net.ipv4.ip_local_port_range": "2000 3000",
    }
    operation = _operation("sysctl", file="90-lab", values=values)
    # A card whose name has a dot, as VLANs have.
    reset = (
        "; ip link show t0.5 >/dev/null 2>&1 || ip tuntap add dev t0.5 mode tap"
        "; cd /proc/sys/net; for f in ipv6/conf/*/disable_ipv6; do echo 0 > $f; done"
        "; echo 0 > ipv4/ip_forward; echo 32768 60999 > ipv4/ip_local_port_range"
    )
    starts = [place("/etc/sysctl.d/90-lab.conf", each) + reset for each in states]
    _assert_settled(sandbox.settle([(start, operation) for start in starts]))
    seen = sandbox.must("cd /proc/sys/net/ipv6/conf; head -n 1 */disable_ipv6 | tr '\\n' ' '")
    assert "==> lo/disable_ipv6 <== 0" in seen[0]
    assert "==> t0.5/disable_ipv6 <== 1" in seen[0]


def test_sysctl_that_the_kernel_does_not_know_fails_and_says_so(sandbox: Sandbox) -> None:
    operation = _operation("sysctl", file="90-lab", values={"net.no_such.key": "1"})
    (settled,) = sandbox.settle([(":", operation)])
    assert settled.applied.status != 0
    assert "/proc/sys/net/no_such/key" in settled.applied.output


@pytest.mark.parametrize(
    "start",
    [
        "rm -f /etc/localtime /etc/timezone",
        "ln -sfn ../usr/share/zoneinfo/Etc/UTC /etc/localtime; echo Etc/UTC > /etc/timezone",
        "cp --remove-destination /usr/share/zoneinfo/Europe/Berlin /etc/localtime",
        "ln -sfn /usr/share/zoneinfo/Asia/Tokyo /etc/localtime; : > /etc/timezone",
        "ln -sfn /nowhere /etc/localtime",
    ],
)
def test_time_zone(sandbox: Sandbox, start: str) -> None:
    settled = sandbox.settle([(start, _operation("time_zone", name="Asia/Tokyo"))])
    _assert_settled(settled)
    assert settled[0].changes
    assert sandbox.must("date +%Z") == ("JST\n",)


@pytest.mark.parametrize("name", ["Asia", "Mars/Olympus", "leapseconds"])
def test_time_zone_unknown(sandbox: Sandbox, name: str) -> None:
    operation = _operation("time_zone", name=name)
    with pytest.raises(base.FactError, match=f"^the machine knows no time zone '{name}'$"):
        operation.changes(*sandbox.must(operation.probe()))


def test_clock_of_this_machine_is_right(sandbox: Sandbox) -> None:
    operation = _operation("clock", tolerance=2)
    assert operation.changes(*sandbox.must(operation.probe())) == ()


def test_a_card_without_an_address_is_found(sandbox: Sandbox) -> None:
    # nmcli is not there, so there is no profile; addresses and routes are the kernel's.
    arguments = {
        "name": "lan",
        "uuid": "6f0e4c1e-93f5-5c0a-8a1b-2f7d3c9f0a12",
        "mac": "08:00:27:aa:bb:02",
        "address": "192.168.56.51/24",
        "gateway": "192.168.56.1",
    }
    operation = _operation("connection", **arguments)
    card = "ip tuntap add dev t0 mode tap; ip link set t0 address 08:00:27:aa:bb:02"
    _, bare = sandbox.must(card, operation.probe())
    assert operation.changes(bare)[-1].before == "switched off, no address"
    rest = "ip address add 192.168.56.51/24 dev t0; ip link set t0 up"
    route = "ip route add default via 192.168.56.1 dev t0"
    _, _, full = sandbox.must(rest, route, operation.probe())
    state = operation.read(full)
    assert state.up
    assert state.addresses == {"192.168.56.51/24"}
    assert state.gateway == "192.168.56.1"
