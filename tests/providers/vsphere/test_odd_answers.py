"""What people are told when a vCenter answers in a way that no simulator does, word by word."""

# The inner parts alone can be brought there.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import contextlib
import types
from typing import TYPE_CHECKING, Any

import pytest

from labkit import errors, secret
from labkit.providers.vsphere import connection, credentials, faults, options, rest, shared, site

if TYPE_CHECKING:
    from collections.abc import Callable


def _said(act: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(errors.LabError) as caught:
        act()
    return caught.value.message, caught.value.hint


def _nothing(*_: object, **__: object) -> None:
    """Do nothing."""


def test_something_else_than_a_vcenter_answers() -> None:
    error = connection._no_way("vc.example.org", 443, ValueError("not well-formed"))
    assert (error.message, error.hint) == (
        "vc.example.org:443 does not speak as a vCenter does: not well-formed",
        "look at 'server' and 'port' of providers.vsphere",
    )


def test_the_libraries_let_the_user_not_in(monkeypatch: pytest.MonkeyPatch) -> None:
    who = credentials.Credentials("anna@vsphere.local", secret.Secret("wrong"))

    def once(*_: object) -> tuple[int, dict[str, Any]]:
        return 401, {}

    there = rest.Rest("vc.example.org", 443, lambda: pytest.fail("no TLS here"), lambda: who)
    monkeypatch.setattr(there, "_once", once)
    assert _said(lambda: there.get("/rest/x")) == (
        "the content libraries of vc.example.org do not let anna@vsphere.local in",
        "a user has a domain, for example labkit@vsphere.local",
    )


def test_the_custom_attribute_may_not_be_made() -> None:
    def call(*_: object) -> None:
        raise faults.FaultError("the vCenter refused", kind="NoPermission")

    content = types.SimpleNamespace(customFieldsManager=None)
    there: Any = types.SimpleNamespace(
        making=contextlib.nullcontext(),
        field=None,
        connection=types.SimpleNamespace(content=content, call=call),
    )
    assert _said(lambda: site.Site.ensure_field(there)) == (
        "the vCenter has no custom attribute 'labkit', and labkit may not make it",
        "give the privilege Global.ManageCustomFields, or let an administrator make it once",
    )


def test_a_port_group_that_is_made_and_not_seen() -> None:
    def port_groups(*_: object) -> list[Any]:
        return []

    known = types.SimpleNamespace(switch=_Switch, port_groups=port_groups)

    def places(*, fresh: bool = False) -> Any:  # noqa: ANN401
        del fresh
        return known

    own: Any = types.SimpleNamespace(
        site=types.SimpleNamespace(making=contextlib.nullcontext(), places=places),
        journal=types.SimpleNamespace(begin=_nothing),
        narrate=_nothing,
        _run=_nothing,
    )
    group = options.PortGroup(switch="DVS", vlan=7)
    assert _said(lambda: shared.Shared._ensure_group(own, group, "demo-hostonly")) == (
        "the port group 'demo-hostonly' was made and is not there",
        "look at the recent tasks in the vCenter's window; may labkit see it?",
    )


class _Switch:
    def __init__(self, name: str) -> None:
        self.name = name
