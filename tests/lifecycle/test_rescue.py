"""A damaged ledger is kept aside and written anew, for whatever holds the lab."""

from __future__ import annotations

import typing

import pytest

from labkit import errors, workspace
from labkit.providers import base

if typing.TYPE_CHECKING:
    from labkit.lifecycle import context
    from tests.lifecycle import conftest


def test_a_damaged_ledger(lab: context.Context, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = typing.cast("conftest.Provider", lab.provider)
    lab.space.make()
    lab.space.ledger.path.write_bytes(b"{")
    told: list[str] = []
    monkeypatch.setattr(lab.progress, "say", told.append)
    provider.states["web-01"] = base.State.RUNNING
    provider.states["older-01"] = base.State.STOPPED  # no longer in lab.yml
    provider.saved["web-01"]["before"] = base.Snapshot(1.0, running=True)
    with lab.hold("lab.up"):
        assert lab.space.ledger.machines() == {
            "older-01": workspace.Mark.MADE,
            "web-01": workspace.Mark.MADE,
        }
        assert lab.space.ledger.snapshots() == {"before": workspace.SnapshotMark.SAVED}
    (aside,) = lab.space.path.glob("ledger.json.bad-*")
    assert aside.read_bytes() == b"{"
    said = f"the ledger was damaged: kept as {aside}, written anew from what is there"
    assert said in told


def test_a_good_ledger_is_left_alone(lab: context.Context) -> None:
    lab.space.make()
    lab.space.ledger.set("gone-01", workspace.Mark.REMOVING)
    before = lab.space.ledger.path.read_bytes()
    with lab.hold("lab.up"):
        pass
    assert lab.space.ledger.path.read_bytes() == before


def test_a_newer_labkits_lab_is_refused_and_the_lock_let_go(lab: context.Context) -> None:
    lab.space.make()
    lab.space.ledger.path.write_text('{"version": 3}')
    for _ in range(2):
        with pytest.raises(errors.LabError) as caught, lab.hold("lab.destroy"):
            pass
        assert "is of version 3, and this labkit knows 2" in caught.value.message
    assert lab.space.ledger.path.read_text() == '{"version": 3}'
