"""Ports that lead to a machine: a real relay between addresses of the loopback card."""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import shutil
import socket
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from labkit import errors, workspace
from labkit.providers.libvirt import forwards
from labkit.providers.qemu import process

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Generator, Iterator

    from labkit.plan import model

if sys.platform != "linux":
    pytest.skip("libvirt's machines are on Linux", allow_module_level=True)

NAME = "ansible-01"
_PATIENCE = 30.0
"""Seconds; this host may be busy."""
_GUEST = "127.77.0.1"
"""Stands for the machine."""


@pytest.fixture
def space(tmp_path: pathlib.Path) -> Iterator[workspace.Workspace]:
    made = workspace.Workspace(tmp_path, "k8s-manual")
    yield made
    forwards.end(made, NAME)
    assert forwards.running(made, NAME) == []


def _free(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _with(lab: model.Lab, *wanted: tuple[str, int, int]) -> model.Lab:
    """Return the lab with these forwards: protocol, port of this host, port of the machine."""
    own = [dict(zip(("protocol", "host", "guest"), each, strict=True)) for each in wanted]
    machines = tuple(
        dataclasses.replace(machine, nics=tuple(map(_moved, machine.nics)))
        for machine in lab.machines
    )
    options = {"machines": {NAME: {"forwards": own}}}
    return dataclasses.replace(lab, provider_options=options, machines=machines)


def _moved(nic: model.Nic) -> model.Nic:
    return dataclasses.replace(nic, address=ipaddress.IPv4Interface(f"{_GUEST}/24"))


@contextlib.contextmanager
def _echo() -> Generator[int]:
    """Serve on the machine's address: what comes is sent back, in capitals, when it has ended."""
    with socket.create_server((_GUEST, 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    plug, _ = server.accept()
                    with plug, plug.makefile("rb") as text:
                        plug.sendall(text.read().upper())

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]


def _ask(port: int, text: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), _PATIENCE) as plug:
        plug.sendall(text)
        plug.shutdown(socket.SHUT_WR)
        with plug.makefile("rb") as answer:
            return answer.read()


def test_the_plan(lab: model.Lab) -> None:
    more = _with(lab, ("tcp", 8080, 80), ("udp", 5353, 53))
    assert forwards.planned(more, more.machine(NAME)) == [
        f"tcp,127.0.0.1,8080,{_GUEST},80",
        f"udp,127.0.0.1,5353,{_GUEST},53",
    ]
    assert forwards.planned(lab, lab.machine(NAME)) == []


def test_a_connection_is_carried_both_ways(lab: model.Lab, space: workspace.Workspace) -> None:
    text = bytes(range(97, 123)) * 100_000  # more than any buffer holds
    with _echo() as guest:
        port = _free(socket.SOCK_STREAM)
        more = _with(lab, ("tcp", port, guest))
        forwards.start(more, space, more.machine(NAME))
        assert _ask(port, text) == text.upper()
        (first,) = forwards.running(space, NAME)
        forwards.start(more, space, more.machine(NAME))  # it runs: nothing happens
        assert forwards.running(space, NAME) == [first]
        assert _ask(port, b"again") == b"AGAIN"


def test_nobody_listens_in_the_machine(lab: model.Lab, space: workspace.Workspace) -> None:
    port = _free(socket.SOCK_STREAM)
    more = _with(lab, ("tcp", port, 9))
    forwards.start(more, space, more.machine(NAME))
    with socket.create_connection(("127.0.0.1", port), _PATIENCE) as plug:
        try:
            said = plug.recv(1)
        except ConnectionResetError:
            said = b""
    assert said == b"", "it has ended, as that of the machine itself would have"


def test_datagrams_are_carried_and_answered(lab: model.Lab, space: workspace.Workspace) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as guest:
        guest.settimeout(_PATIENCE)
        guest.bind((_GUEST, 0))
        port = _free(socket.SOCK_DGRAM)
        more = _with(lab, ("udp", port, guest.getsockname()[1]))
        forwards.start(more, space, more.machine(NAME))
        peers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for number, peer in enumerate(peers):
            peer.settimeout(_PATIENCE)
            for text in (b"one", b"two"):
                peer.sendto(text, ("127.0.0.1", port))
                said, back = guest.recvfrom(100)
                assert said == text
                guest.sendto(b"%d " % number + said, back)
                assert peer.recv(100) == b"%d " % number + text
            peer.close()


def test_other_forwards_replace_those_that_were(lab: model.Lab, space: workspace.Workspace) -> None:
    with _echo() as guest:
        old, new = _free(socket.SOCK_STREAM), _free(socket.SOCK_STREAM)
        for port in (old, new):
            more = _with(lab, ("tcp", port, guest))
            forwards.start(more, space, more.machine(NAME))
        assert _ask(new, b"x") == b"X"
        with pytest.raises(ConnectionRefusedError):
            _ask(old, b"x")
        forwards.start(lab, space, lab.machine(NAME))  # which has none
        assert forwards.running(space, NAME) == []


def test_a_port_that_is_taken(lab: model.Lab, space: workspace.Workspace) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        more = _with(lab, ("tcp", port, 80))
        (finding,) = forwards.preflight(more, more.machine(NAME))
        assert (finding.name, finding.ok) == (f"port {port} for {NAME}", False)
        with pytest.raises(errors.ProviderError) as caught:
            forwards.start(more, space, more.machine(NAME))
    assert caught.value.message == (
        f"the ports of {NAME} cannot be forwarded: tcp,127.0.0.1,{port},{_GUEST},80: "
        "Address already in use"
    )
    assert caught.value.hint == (
        "end what holds the port, or give the forward another one in lab.yml"
    )
    assert forwards.running(space, NAME) == []


def test_a_port_of_udp_that_is_taken(lab: model.Lab) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        more = _with(lab, ("udp", server.getsockname()[1], 53))
        (finding,) = forwards.preflight(more, more.machine(NAME))
    assert not finding.ok
    (finding,) = forwards.preflight(more, more.machine(NAME))
    assert finding.ok


def test_the_relay_is_no_root_and_leaves_with_its_lab(
    lab: model.Lab,
    space: workspace.Workspace,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    impatient = tmp_path / "relay.py"
    text = forwards.SCRIPT.read_text(encoding="utf-8")
    assert "_LOOK = 30.0" in text
    impatient.write_text(text.replace("_LOOK = 30.0", "_LOOK = 0.05"), encoding="utf-8")
    monkeypatch.setattr(forwards, "SCRIPT", impatient)
    more = _with(lab, ("tcp", _free(socket.SOCK_STREAM), 80))
    forwards.start(more, space, more.machine(NAME))
    (relay,) = forwards.running(space, NAME)
    assert relay.uids().real != 0
    shutil.rmtree(space.path)
    assert process.wait(relay, _PATIENCE), "it stays"
