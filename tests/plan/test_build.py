"""From a spec to the plan."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from typing import TYPE_CHECKING

import hypothesis
import hypothesis.strategies as st
import pytest

from labkit import errors
from labkit.plan import build, model
from labkit.report import plan as plan_report

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labkit.lifecycle import context
    from labkit.spec import load

_GOLDEN = pathlib.Path(__file__).parents[1] / "cases" / "plan" / "default.json"


def _text(names: Sequence[str], entries: str = "") -> str:
    """Return a lab file whose addresses belong to names, wherever those stand.

    No two of the names m0 to m60 share an SSH port under this name of a lab.
    """
    lines = ["lab: many", entries, "machines:"]
    for name in names:
        number = int(name.removeprefix("m")) + 20
        lines.append(f"  {name}: {{nat: 10.0.2.{number}, hostonly: 192.168.56.{number}}}")
    return "\n".join(lines) + "\n"


def test_the_default_lab(opened: context.Context) -> None:
    document = plan_report.document(opened.lab, opened.space)
    text = json.dumps(document, indent=2).replace(str(opened.folder), ".")
    assert text + "\n" == _GOLDEN.read_text(encoding="utf-8")


_NAMES = st.lists(st.integers(0, 60).map("m{}".format), min_size=1, max_size=12, unique=True)


@hypothesis.given(names=_NAMES, other=_NAMES, data=st.data())
@hypothesis.settings(max_examples=25, deadline=None)
def test_a_machine_follows_from_its_own_entry_alone(
    plan_of: Callable[[str], model.Lab], names: list[str], other: list[str], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(names))
    whole = plan_of(_text(names))
    assert plan_of(_text(order)) == whole
    changed = plan_of(_text(other))
    for name in set(names) & set(other):
        assert changed.machine(name) == whole.machine(name)


def test_the_own_port_wins(plan_of: Callable[[str], model.Lab]) -> None:
    text = _text(["m1"]).replace("{nat", "{ssh_port: 2201, nat")
    assert plan_of(text).machine("m1").ssh_port == 2201


def test_equal_ports_are_refused(plan_of: Callable[[str], model.Lab]) -> None:
    # Two names whose digests fall on the same port; any long enough list of names has such a pair.
    text = (
        "lab: clash\n"
        "machines:\n"
        "  m41: {nat: 10.0.2.20, hostonly: 192.168.56.20}\n"
        "  m89: {nat: 10.0.2.21, hostonly: 192.168.56.21}\n"
    )
    with pytest.raises(errors.FileError) as caught:
        plan_of(text)
    assert str(caught.value) == (
        "lab.yml:4:3: SSH port 22009 is the port of 'm41' already\n"
        "    hint: give 'm89' a port of its own: ssh_port: 22010"
    )


def test_with_provider_takes_that_ones_options(
    spec_of: Callable[[str], load.Spec],
) -> None:
    spec = spec_of(_text(["m1"], "providers: {virtualbox: {gui: true}}"))
    lab = build.build(spec)
    assert (lab.provider, lab.provider_options) == ("qemu", {"accel": "auto"})
    other = build.with_provider(spec, "virtualbox")
    assert other.provider == "virtualbox"
    assert other.provider_options == {
        "gui": True,
        "linked_clone": True,
        "resize": True,
        "internal": False,
        "dns": "proxy",
        "boot_timeout": 600,
        "synced_folder": None,
        "machines": {},
    }
    # Its forward leads to the leased address, so that one stays.
    assert [nic.dhcp for nic in other.machines[0].nics] == [True, False]
    assert [nic.dhcp for nic in lab.machines[0].nics] == [False, False]
    assert build.with_provider(spec, "qemu") == lab


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("virtualbx", "did you mean 'virtualbox'?"),
        ("bochs\x1b[2J", "providers are: libvirt, qemu, virtualbox, vsphere"),
    ],
)
def test_with_an_unknown_provider(
    spec_of: Callable[[str], load.Spec], name: str, hint: str
) -> None:
    spec = spec_of(_text(["m1"]))
    with pytest.raises(errors.LabError) as caught:
        build.with_provider(spec, name)
    shown = name.replace("\x1b", "\\x1b")
    assert (caught.value.message, caught.value.hint) == (f"there is no provider '{shown}'", hint)


def test_dns_servers_of_the_lab_come_before_the_providers_own(
    plan_of: Callable[[str], model.Lab],
) -> None:
    own = plan_of(_text(["m1"], "dns: {servers: [10.9.9.9, 10.9.9.8]}")).machine("m1")
    assert [str(server) for server in own.nic("nat").dns] == ["10.9.9.9", "10.9.9.8"]
    assert own.nic("hostonly").dns == ()
    default = plan_of(_text(["m1"])).machine("m1")
    assert [str(server) for server in default.nic("nat").dns] == ["10.0.2.3"]


def test_looking_up(default_lab: model.Lab) -> None:
    assert default_lab.machine("ansible-01").name == "ansible-01"
    with pytest.raises(KeyError, match="nobody"):
        default_lab.machine("nobody")
    assert [each.name for each in default_lab.with_role("minion")] == [
        "k8s-minion-01",
        "k8s-minion-02",
    ]
    assert default_lab.network("nat").gateway == default_lab.machines[0].nic("nat").gateway
    assert str(default_lab.machine("ansible-01").hostonly) == "192.168.56.51"


@pytest.mark.parametrize(
    ("provider", "where"),
    [
        ("qemu", "127.0.0.1:30777"),
        ("virtualbox", "127.0.0.1:30777"),
        ("libvirt", "10.0.2.51:22"),
        ("vsphere", "10.0.2.51:22"),
    ],
)
def test_where_ssh_is_follows_from_the_provider(
    default_lab: model.Lab, provider: str, where: str
) -> None:
    lab = dataclasses.replace(default_lab, provider=provider)
    assert lab.where(lab.machine("ansible-01")) == where


def test_ssh_of_a_vcenter_may_be_on_the_other_card(default_lab: model.Lab) -> None:
    lab = dataclasses.replace(default_lab, provider="vsphere", provider_options={"ssh": "hostonly"})
    assert lab.where(lab.machine("ansible-01")) == "192.168.56.51:22"
