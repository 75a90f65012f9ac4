"""What people are told, word by word, where no vCenter is needed to bring it about."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

import pytest

from labkit import console, errors
from labkit.providers.vsphere import (
    access,
    api,
    bring,
    credentials,
    faults,
    options,
    pin,
    places,
    retrieve,
    settle,
    view,
)
from labkit.secrets import keyring
from tests.providers.vsphere import sample

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

_REF = api.ref("VirtualMachine", "vm-1")


def _said(act: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(errors.LabError) as caught:
        act()
    return caught.value.message, caught.value.hint


def _places(*found: retrieve.Found) -> places.Places:
    return places.Places({each.moid: each for each in found}, None)


def _found(kind: str, moid: str, name: str, parent: object = None) -> retrieve.Found:
    return retrieve.Found(api.ref(kind, moid), {"name": name, "parent": parent})


def test_a_lab_file_that_does_not_say_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(options.SERVER, raising=False)
    plan: Any = types.SimpleNamespace(
        provider_options={"template": "debian-12", "addresses": "range"}
    )
    assert _said(lambda: options.of(plan)) == (
        "providers.vsphere does not say server, resource_pool, nat, hostonly, address_range",
        "add it to lab.yml; the server may also stand in LAB_VSPHERE_SERVER",
    )


def test_nobody_says_who_logs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(options.USER, raising=False)
    assert _said(lambda: credentials.find("vc.example.org", None)) == (
        "nothing says who logs in to the vCenter vc.example.org",
        "set LAB_VSPHERE_USER, or write providers.vsphere.user in lab.yml",
    )


def _no_entry(service: str, user: str) -> str:
    raise errors.LabError(f"{service} {user}")


def test_there_is_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(options.PASSWORD, raising=False)
    monkeypatch.setattr(keyring, "read", _no_entry)
    monkeypatch.setattr(console, "has_terminal", lambda: False)
    assert _said(lambda: credentials.find("vc.example.org", "ann@example.org")) == (
        "there is no password for ann@example.org on the vCenter vc.example.org",
        (
            "set LAB_VSPHERE_SERVER and LAB_VSPHERE_PASSWORD, or make an entry in the keyring: "
            "keyring set labkit-vsphere ann@example.org@vc.example.org"
        ),
    )


def test_a_password_for_another_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(options.PASSWORD, "secret")
    monkeypatch.setenv(options.SERVER, "vc.example.org")
    assert _said(lambda: credentials.find("evil.example.org", "ann")) == (
        "LAB_VSPHERE_PASSWORD is set, but LAB_VSPHERE_SERVER does not name evil.example.org",
        (
            "labkit sends the password only to the server that is named beside it: set "
            "LAB_VSPHERE_SERVER=evil.example.org if it is that one's"
        ),
    )


def test_authorities_that_are_none(tmp_path: pathlib.Path) -> None:
    hint = "write the certificates that sign the vCenter's there (PEM), or give its sha256"
    absent = tmp_path / "absent.pem"
    assert _said(lambda: pin.signed(absent)) == (
        f"{absent} cannot be used: No such file or directory",
        hint,
    )
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    message, found = _said(lambda: pin.signed(empty))
    assert message.startswith(f"{empty} cannot be used: ")
    assert found == hint


def test_a_server_that_does_not_answer() -> None:
    error = pin.unreachable("vc.example.org", 443, ConnectionRefusedError(111, "refused"))
    assert (error.message, error.hint) == (
        "the vCenter vc.example.org:443 does not answer: refused",
        "look at providers.vsphere.server, at the network and at a VPN",
    )


def test_several_data_centers() -> None:
    known = _places(_found("Datacenter", "datacenter-1", "A"), _found("Datacenter", "d-2", "B"))
    assert _said(lambda: known.datacenter(None)) == (
        "the vCenter has 2 data centers, and lab.yml names none",
        "set providers.vsphere.datacenter to one of: A, B",
    )


def test_a_name_that_two_objects_have() -> None:
    one, two = (
        _found("Datacenter", f"d-{number}", place) for number, place in ((1, "A"), (2, "B"))
    )
    stores = [_found("Datastore", f"s-{each.moid}", "fast", each.ref) for each in (one, two)]
    known = _places(one, two, *stores)
    assert _said(lambda: known.datastore("fast")) == (
        "2 objects are a datastore 'fast': A/fast, B/fast",
        "rename one of them, or name a data center that has only one",
    )


def test_a_template_that_two_folders_have() -> None:
    center = _found("Datacenter", "d-1", "A")
    folders = [_found("Folder", f"group-{name}", name, center.ref) for name in ("x", "y")]
    twins = [_found("VirtualMachine", f"vm-{e.moid}", "debian-12", e.ref) for e in folders]
    known = _places(center, *folders, *twins)
    assert _said(lambda: known.template(center, "debian-12")) == (
        "2 machines have the name 'debian-12': A/x/debian-12, A/y/debian-12",
        "write the template's path below the data center: FOLDER/NAME",
    )


def test_nothing_of_the_kind_is_there() -> None:
    assert _said(lambda: _places().switch("DVS")) == (
        "the vCenter has no distributed switch 'DVS'",
        "there is none",
    )


def test_a_machine_of_somebody_else() -> None:
    assert _said(lambda: bring.require_ours(sample.seen(stamp=None), sample.OWN)) == (
        "the machine 'demo-web-01' on the vCenter is not this lab's",
        "labkit leaves it alone; rename it, or give the lab another name",
    )


def _as_given(found: object, _field: int) -> object:
    return found


def _nobody(_: object) -> None:
    return None


def _hands() -> bring.Hands:
    nothing: Any = None
    return bring.Hands(1, lambda: nothing, nothing, (), lambda _ref, _stamp: None)


def test_a_step_without_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bring.inventory, "machine", _as_given)
    work = bring.bring(sample.WANTED, _REF, _hands())
    next(work)
    work.send(sample.seen())  # looked: it is powered on
    work.send(None)
    assert _said(lambda: work.send(sample.seen())) == (
        "demo-web-01: powering on had no effect",
        "look at the machine's events in the vCenter's window",
    )


def test_a_machine_that_never_becomes_what_it_shall_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bring.inventory, "machine", _as_given)
    work = bring.bring(sample.WANTED, _REF, _hands())
    next(work)

    def turn() -> None:
        for number in range(30):
            work.send(sample.seen(cpus=1 + number % 2))
            work.send(None)

    assert _said(turn) == (
        "demo-web-01 does not become what it shall be",
        "run 'lab.up' again",
    )


def test_a_refusal_names_the_machine() -> None:
    work = bring.bring(sample.WANTED, _REF, _hands())
    next(work)
    fault = api.vim.fault.InvalidPowerState(msg="The state is wrong.")
    found = retrieve.Found(_REF, {"config.extraConfig": (), "customValue": ()})
    assert _said(lambda: work.send(found)) == (
        "the machine '' on the vCenter is not this lab's",
        "labkit leaves it alone; rename it, or give the lab another name",
    )
    error = faults.error(fault, "powering on")
    assert (error.message, error.hint) == (
        "powering on: InvalidPowerState: The state is wrong.",
        "somebody changed it meanwhile; run the same again",
    )


@pytest.mark.parametrize(
    ("fault", "message", "hint"),
    [
        (
            api.vim.fault.NoPermission(privilegeId="Folder.Create", msg="No."),
            "NoPermission: No. (privilege Folder.Create)",
            "docs/how-to/vsphere.md lists the privileges that labkit needs",
        ),
        (
            api.vim.fault.NoDiskSpace(datastore="fast", msg="Full."),
            "NoDiskSpace: Full. (datastore fast)",
            "make room on the datastore, or name another one",
        ),
        (
            api.vmodl.fault.ManagedObjectNotFound(),
            "ManagedObjectNotFound",
            "somebody removed it meanwhile; 'lab.up' makes it again",
        ),
        (api.vim.fault.TooManyHosts(msg="a\nb\x1b"), "TooManyHosts: a\\nb\\x1b", ""),
    ],
)
def test_what_a_fault_means(fault: object, message: str, hint: str) -> None:
    error = faults.error(fault)
    assert (error.message, error.hint) == (message, hint)


def test_tasks_that_do_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    task = retrieve.Found(
        api.ref("Task", "task-1"),
        {
            "info.state": "running",
            "info.entityName": "demo-web-01",
            "info.descriptionId": "VirtualMachine.clone",
            "info.reason": api.vim.TaskReasonUser(userName="Ann"),
        },
    )
    monkeypatch.setattr(settle, "_PATIENCE", -1.0)
    journal: Any = types.SimpleNamespace(tasks=())
    site: Any = types.SimpleNamespace(
        connection=types.SimpleNamespace(
            user="ann",
            content=types.SimpleNamespace(taskManager=api.ref("TaskManager", "TaskManager")),
        ),
        window=types.SimpleNamespace(tasks=frozenset[str]),
        read=lambda *_filters: [task],  # pyright: ignore[reportUnknownLambdaType]
    )
    narrated: list[str] = []
    assert _said(lambda: settle.settle(site, journal, lambda _name: True, narrated.append)) == (
        "1 tasks on the vCenter do not end: demo-web-01",
        "look at them in the vCenter's window, cancel them there, and run this again",
    )
    assert narrated == ["waiting for 1 tasks that an earlier run has begun on the vCenter"]


def _marked(moid: str, name: str) -> retrieve.Found:
    mark = api.vim.CustomFieldsManager.StringValue(key=7, value=str(sample.OWN))
    parent = api.ref("Folder", "group-1")
    more = {"name": name, "parent": parent, "customValue": [mark]}
    return retrieve.Found(api.ref("VirtualMachine", moid), more)


def test_two_machines_that_are_the_same() -> None:
    site: Any = types.SimpleNamespace(field=7, owner=sample.OWN.owner)
    journal: Any = types.SimpleNamespace(keep_folder=_nobody)
    lab = view.View(site, journal, sample.OWN.lab, None, ("demo",), guest=False)
    folder = retrieve.Found(api.ref("Folder", "group-1"), {"name": "demo"})
    found = [folder, _marked("vm-1", "demo-web-01"), _marked("vm-2", "copy")]
    assert _said(lambda: lab.take(found)) == (
        (
            "two machines on the vCenter are web-01 of this lab: 'demo-web-01' (vm-1) and "
            "'copy' (vm-2)"
        ),
        "remove the wrong one in the vCenter's window",
    )
    assert [*lab.take(found[:2]).machines] == ["web-01"]


def test_tools_that_tell_no_address() -> None:
    lab: Any = types.SimpleNamespace(address=_nobody)
    assert _said(
        lambda: access.wait_for_address(lab, sample.MACHINE, lambda: None, lambda _: None, -1.0)
    ) == (
        "VMware Tools tell no address of web-01 after -1 s",
        (
            "does its network have a DHCP server with free addresses, and the template "
            "open-vm-tools?"
        ),
    )
