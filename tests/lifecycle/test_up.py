"""From a plan to verified machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from labkit import errors, workspace
from labkit.lifecycle import up
from labkit.providers import base

if TYPE_CHECKING:
    from typing import TypeAlias

    from labkit.lifecycle import context

    # Classes of conftest.py, which tests do not import.
    Double: TypeAlias = Any

_VERIFIED = {"ansible-01": workspace.Mark.VERIFIED, "web-01": workspace.Mark.VERIFIED}


@pytest.fixture(autouse=True)
def _doubles(fine: Double, session: Double) -> None:
    del fine, session


def test_all_come_up(lab: context.Context, provider: Double, session: Double) -> None:
    result = up.up(lab, lab.lab.machines)
    assert result.exit_code == 0
    assert (result.failures, result.changes) == ((), 0)
    assert result.started == ("ansible-01", "web-01")
    assert result.report is not None
    assert [(each.machine, each.check) for each in result.report.results] == [
        ("ansible-01", "fine"),
        ("ansible-01", "slow"),
        ("web-01", "fine"),
        ("web-01", "slow"),
    ]
    assert provider.asked[:2] == ["preflight", "prepare"]
    assert sorted(provider.asked[2:]) == ["start ansible-01", "start web-01"]
    assert lab.space.ledger.machines() == _VERIFIED
    assert list(lab.progress.phases) == ["prepare", "boot and configure", "verify", "keep"]
    assert session.still_open == 0
    for path in (lab.space.path / "Vagrantfile", lab.space.ssh_config):
        assert path.is_file()


def test_who_waits_for_another_machine_says_so(
    lab: context.Context, provider: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str]] = []

    def tell(machine: str, text: str) -> None:
        told.append((machine, text))

    monkeypatch.setattr(lab.progress, "tell", tell)
    provider.at_once = lambda: 1
    assert up.up(lab, lab.lab.machines).exit_code == 0
    waiting = "waiting until another machine has come up"
    assert [each for each in told if each[1] == waiting] == [("web-01", waiting)]


def test_a_verified_lab_is_looked_at_in_short(lab: context.Context) -> None:
    up.up(lab, lab.lab.machines)
    result = up.up(lab, lab.lab.machines)
    assert result.started == ()
    assert result.report is not None
    assert result.report.skipped == ("slow",)


@pytest.mark.parametrize("why", ["not running", "not verified"])
def test_otherwise_it_is_looked_at_in_full(
    lab: context.Context,
    provider: Double,
    why: str,
) -> None:
    up.up(lab, lab.lab.machines)
    if why == "not running":
        provider.states["web-01"] = base.State.STOPPED
    else:
        lab.space.ledger.set("web-01", workspace.Mark.MADE)
    result = up.up(lab, lab.lab.machines)
    assert result.report is not None
    assert result.report.skipped == ()


def test_only_some(lab: context.Context, provider: Double) -> None:
    result = up.up(lab, [lab.lab.machine("web-01")])
    assert provider.states["ansible-01"] is base.State.ABSENT
    assert result.started == ("web-01",)
    assert lab.space.ledger.machines() == {"web-01": workspace.Mark.VERIFIED}


def test_one_that_does_not_start_stops_no_other(
    lab: context.Context,
    provider: Double,
    session: Double,
) -> None:
    provider.broken["web-01"] = errors.ProviderError("no memory left", hint="make room")
    result = up.up(lab, lab.lab.machines)
    (failure,) = result.failures
    assert (failure.machine, failure.error.message) == ("web-01", "no memory left")
    assert failure.console == "the console of web-01"
    assert result.exit_code == errors.ExitCode.COULD_NOT_RUN
    assert result.report is not None
    assert {each.machine for each in result.report.results} == {"ansible-01"}
    assert session.still_open == 0


def test_one_that_breaks_off_stops_no_other(lab: context.Context, session: Double) -> None:
    session.down = ("ansible-01",)
    result = up.up(lab, lab.lab.machines)
    (failure,) = result.failures
    assert failure.error.message == "the connection to ansible-01 broke: closed"
    assert result.exit_code == errors.ExitCode.UNREACHABLE
    assert session.still_open == 0


def test_when_none_comes_up_nothing_is_verified(lab: context.Context, provider: Double) -> None:
    for name in provider.states:
        provider.broken[name] = errors.ProviderError("no")
    result = up.up(lab, lab.lab.machines)
    assert result.report is None
    assert len(result.failures) == 2
    assert lab.space.ledger.machines() == {}


def test_what_is_not_as_it_should_be_is_not_remembered_as_verified(
    lab: context.Context,
    fine: Double,
) -> None:
    up.up(lab, lab.lab.machines)
    fine.ok = False
    result = up.up(lab, lab.lab.machines)
    assert result.exit_code == errors.ExitCode.NO
    assert set(lab.space.ledger.machines().values()) == {workspace.Mark.MADE}


def test_a_bug_is_not_a_failed_machine(lab: context.Context, provider: Double) -> None:
    provider.broken["web-01"] = RuntimeError("a bug")
    with pytest.raises(RuntimeError, match="a bug"):
        up.up(lab, lab.lab.machines)


def test_preflight_says_everything_and_nothing_is_made(
    lab: context.Context,
    provider: Double,
) -> None:
    provider.findings = [
        base.Finding("port 1", ok=False, detail="in use", hint="end it"),
        base.Finding("port 2", ok=False, detail="in use", hint="end it"),
        base.Finding("disk", ok=True, detail="much"),
        base.Finding("memory", ok=False, detail="too little", hint="buy some"),
    ]
    with pytest.raises(errors.LabError) as caught:
        up.up(lab, lab.lab.machines)
    assert caught.value.message == "port 1: in use; port 2: in use; memory: too little"
    assert caught.value.hint == "end it; buy some"
    assert provider.asked == ["preflight"]
