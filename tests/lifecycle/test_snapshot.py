"""Snapshots of a whole lab: all machines at one moment, all of them or none."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import pytest

from labkit import errors, workspace
from labkit.lifecycle import groups, reset, restore, snapshot, start, up, verify
from labkit.providers import base

if TYPE_CHECKING:
    from typing import TypeAlias

    from labkit.lifecycle import context

    # Classes of conftest.py, which tests do not import.
    Double: TypeAlias = Any

_Mark = workspace.SnapshotMark
_NAMES = ("ansible-01", "web-01")


@pytest.fixture(autouse=True)
def _running(
    lab: context.Context,
    provider: Double,
    fine: Double,
    session: Double,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del fine, session
    lab.space.make()
    provider.states = dict.fromkeys(_NAMES, base.State.RUNNING)
    monkeypatch.setattr(reset, "_CHECKS", frozenset({"fine"}))


def _verbs(provider: Double) -> list[str]:
    return [act.split()[0] for act in provider.acts]


def _said(lab: context.Context) -> str:
    file: Any = lab.progress._console.file  # pyright: ignore[reportPrivateUsage]
    assert isinstance(file, io.StringIO)
    return file.getvalue()


# --- save ----------------------------------------------------------------------------------------


def test_save_holds_all_then_saves_all_then_lets_all_go(
    lab: context.Context, provider: Double, session: Double
) -> None:
    snapshot.save(lab, "before")
    assert _verbs(provider) == ["pause"] * 2 + ["save"] * 2 + ["resume"] * 2
    assert provider.held == set()
    assert lab.space.ledger.snapshots() == {"before": _Mark.SAVED}
    (group,) = snapshot.look(lab).values()
    assert (group.name, sorted(group.machines)) == ("before", sorted(_NAMES))
    assert session.still_open == 0


def test_the_mark_is_there_before_anything_is_done(
    lab: context.Context, provider: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    plain = provider.pause

    def pause(machine: Any) -> None:  # noqa: ANN401
        seen.append(lab.space.ledger.snapshots())
        plain(machine)

    monkeypatch.setattr(provider, "pause", pause)
    snapshot.save(lab, "before")
    assert seen == [{"before": _Mark.SAVING}] * 2


def test_each_machine_is_saved_as_it_is(lab: context.Context, provider: Double) -> None:
    provider.states["web-01"] = base.State.STOPPED
    snapshot.save(lab, "mixed")
    running = {name: each.running for name, each in snapshot.look(lab)["mixed"].machines.items()}
    assert running == {"ansible-01": True, "web-01": False}


def test_one_that_fails_takes_the_others_with_it(lab: context.Context, provider: Double) -> None:
    provider.broken["save web-01"] = errors.ProviderError("the disk is full", hint="make room")
    with pytest.raises(errors.ProviderError, match=r"^the disk is full$"):
        snapshot.save(lab, "before")
    assert provider.saved == {"ansible-01": {}, "web-01": {}}
    assert provider.held == set()
    assert lab.space.ledger.snapshots() == {}


def test_ctrl_c_leaves_nothing_behind(
    lab: context.Context, provider: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain: Any = snapshot.each

    def each(lab: object, do: Any) -> None:  # noqa: ANN401
        plain(lab, do)
        if do.__name__ == "save_one":
            assert provider.held == set(_NAMES)
            raise KeyboardInterrupt

    monkeypatch.setattr(snapshot, "each", each)
    with pytest.raises(KeyboardInterrupt):
        snapshot.save(lab, "before")
    assert provider.held == set()
    assert provider.saved == {"ansible-01": {}, "web-01": {}}
    assert lab.space.ledger.snapshots() == {}


def test_what_cannot_be_removed_stays_marked(lab: context.Context, provider: Double) -> None:
    provider.broken["save web-01"] = errors.ProviderError("the disk is full")
    provider.broken["discard ansible-01"] = errors.ProviderError("no")
    with pytest.raises(errors.ProviderError, match=r"^the disk is full$"):
        snapshot.save(lab, "before")
    assert lab.space.ledger.snapshots() == {"before": _Mark.REMOVING}
    assert snapshot.look(lab) == {}
    provider.broken.clear()
    snapshot.repair(lab)
    assert lab.space.ledger.snapshots() == {}


def test_a_name_that_is_taken(lab: context.Context) -> None:
    snapshot.save(lab, "before")
    with pytest.raises(errors.LabError) as caught:
        snapshot.save(lab, "before")
    assert caught.value.message == "lab 'memory' has a snapshot 'before' already"
    assert caught.value.hint == (
        "choose another name, or remove it with 'lab.snapshot delete before'"
    )


@pytest.mark.parametrize(
    ("absent", "said"), [(["web-01"], "web-01 has"), (_NAMES, "ansible-01 and web-01 have")]
)
def test_save_of_what_was_not_made(
    lab: context.Context, provider: Double, absent: list[str], said: str
) -> None:
    for name in absent:
        provider.states[name] = base.State.ABSENT
    with pytest.raises(errors.LabError) as caught:
        snapshot.save(lab, "before")
    assert caught.value.message == f"{said} not been made yet"
    assert caught.value.hint == "'lab.up' makes what is missing"
    assert provider.acts == []


def test_a_machine_that_does_not_answer_is_saved_all_the_same(
    lab: context.Context, session: Double
) -> None:
    session.down = ("web-01",)
    snapshot.save(lab, "before")
    assert "its clock lags behind: the connection to web-01 broke: closed" in _said(lab)
    assert list(snapshot.look(lab)) == ["before"]


# --- delete --------------------------------------------------------------------------------------


def test_delete(lab: context.Context, provider: Double) -> None:
    snapshot.save(lab, "one")
    snapshot.save(lab, "two")
    snapshot.delete(lab, "one")
    assert list(snapshot.look(lab)) == ["two"]
    assert all(list(saved) == ["two"] for saved in provider.saved.values())
    assert lab.space.ledger.snapshots() == {"two": _Mark.SAVED}


@pytest.mark.parametrize("do", [snapshot.delete, restore.restore])
def test_an_unknown_snapshot(lab: context.Context, do: Any) -> None:  # noqa: ANN401
    with pytest.raises(errors.LabError) as caught:
        do(lab, "before-exm")
    assert caught.value.message == "lab 'memory' has no snapshot 'before-exm'"
    assert caught.value.hint == "it has none; 'lab.snapshot save NAME' makes one"
    snapshot.save(lab, "before-exam")
    with pytest.raises(errors.LabError) as caught:
        do(lab, "before-exm")
    assert caught.value.hint == "did you mean 'before-exam'?"
    with pytest.raises(errors.LabError) as caught:
        do(lab, "zzz")
    assert caught.value.hint == "its snapshots are: before-exam"


# --- restore -------------------------------------------------------------------------------------


def test_restore_brings_each_machine_back_as_it_was(
    lab: context.Context, provider: Double, session: Double
) -> None:
    provider.states["web-01"] = base.State.STOPPED
    snapshot.save(lab, "mixed")
    provider.states = {"ansible-01": base.State.STOPPED, "web-01": base.State.RUNNING}
    for name in _NAMES:
        lab.space.ledger.set(name, workspace.Mark.VERIFIED)
    provider.acts.clear()
    restore.restore(lab, "mixed")
    assert provider.states == {"ansible-01": base.State.RUNNING, "web-01": base.State.STOPPED}
    assert _verbs(provider) == ["restore"] * 2 + ["resume"] * 2
    assert {"preflight", "prepare"} <= set(provider.asked)
    assert set(lab.space.ledger.machines().values()) == {workspace.Mark.MADE}
    assert lab.space.ledger.snapshots() == {"mixed": _Mark.SAVED}
    assert session.still_open == 0


def test_a_machine_that_came_later(lab: context.Context, provider: Double) -> None:
    snapshot.save(lab, "before")
    provider.saved["web-01"].clear()
    provider.acts.clear()
    with pytest.raises(errors.LabError) as caught:
        restore.restore(lab, "before")
    assert caught.value.message == "snapshot 'before' of lab 'memory' has no web-01"
    assert provider.acts == []


def test_one_that_cannot_be_brought_back_stops_no_other(
    lab: context.Context, provider: Double
) -> None:
    snapshot.save(lab, "before")
    provider.acts.clear()
    provider.broken["restore ansible-01"] = errors.ProviderError("it does not fit")
    with pytest.raises(errors.ProviderError, match=r"^it does not fit$"):
        restore.restore(lab, "before")
    assert _verbs(provider) == ["restore"] * 2 + ["resume"] * 2
    assert lab.space.ledger.snapshots() == {"before": _Mark.RESTORING}
    snapshot.repair(lab)
    assert "going back to snapshot 'before' was cut short: do it again" in _said(lab)
    assert lab.space.ledger.snapshots() == {"before": _Mark.SAVED}


def test_a_machine_that_is_back_and_does_not_answer(lab: context.Context, session: Double) -> None:
    snapshot.save(lab, "before")
    session.down = ("web-01",)
    with pytest.raises(errors.UnreachableError, match=r"^the connection to web-01 broke: closed$"):
        restore.restore(lab, "before")
    assert session.still_open == 0


# --- what a killed run leaves --------------------------------------------------------------------


@pytest.mark.parametrize("mark", [_Mark.SAVING, _Mark.REMOVING])
@pytest.mark.parametrize("verb", ["repair", "up", "start", "verify", "save", "restore", "reset"])
def test_the_next_run_mends(lab: context.Context, provider: Double, mark: _Mark, verb: str) -> None:
    up.up(lab, lab.lab.machines)
    snapshot.save(lab, "good")
    provider.saved["web-01"]["half"] = base.Snapshot(1.0, running=True)
    lab.space.ledger.set_snapshot("half", mark)
    provider.held = {"ansible-01"}
    provider.acts.clear()
    {
        "repair": lambda: snapshot.repair(lab),
        "up": lambda: up.up(lab, lab.lab.machines),
        "start": lambda: start.start(lab, lab.lab.machines),
        "verify": lambda: verify.verify(lab, lab.lab.machines),
        "save": lambda: snapshot.save(lab, "half"),
        "restore": lambda: restore.restore(lab, "good"),
        "reset": lambda: reset.reset(lab),
    }[verb]()
    assert _verbs(provider)[:4] == ["resume", "resume", "discard", "discard"]
    assert "removing what a killed run left of snapshot 'half'" in _said(lab)
    assert provider.held == set()
    assert set(lab.space.ledger.snapshots().values()) == {_Mark.SAVED}
    assert ("half" in provider.saved["web-01"]) is (verb == "save")


def test_a_ledger_without_broken_marks_costs_nothing(
    lab: context.Context, provider: Double
) -> None:
    snapshot.save(lab, "before")
    provider.acts.clear()
    snapshot.repair(lab)
    assert provider.acts == []


# --- the verified state --------------------------------------------------------------------------


def _verified(lab: context.Context) -> str:
    return snapshot.look(lab)[groups.VERIFIED].tag


@pytest.mark.parametrize("verb", [up.up, verify.verify])
def test_a_good_verify_of_all_keeps_the_state(
    lab: context.Context,
    provider: Double,
    verb: Any,  # noqa: ANN401
) -> None:
    verb(lab, lab.lab.machines)
    assert _verified(lab) == "verified~1"
    assert _verbs(provider) == ["pause"] * 2 + ["save"] * 2 + ["resume"] * 2


def test_the_old_state_goes_when_the_new_one_is_whole(
    lab: context.Context, provider: Double
) -> None:
    verify.verify(lab, lab.lab.machines)
    provider.acts.clear()
    verify.verify(lab, lab.lab.machines)
    assert _verbs(provider)[4:] == ["resume"] * 2 + ["discard"] * 2
    assert _verified(lab) == "verified~2"
    assert lab.space.ledger.snapshots() == {"verified~2": _Mark.SAVED}


def test_the_old_state_stays_when_the_new_one_fails(lab: context.Context, provider: Double) -> None:
    verify.verify(lab, lab.lab.machines)
    provider.broken["save web-01"] = errors.ProviderError("web-01: the disk is full")
    assert verify.verify(lab, lab.lab.machines).ok
    assert _verified(lab) == "verified~1"
    assert "reset' will not come back here: web-01: the disk is full" in _said(lab)


def test_only_some_or_not_good_keeps_nothing(
    lab: context.Context, provider: Double, fine: Double
) -> None:
    verify.verify(lab, lab.lab.machines[:1])
    up.up(lab, lab.lab.machines[:1])
    fine.ok = False
    verify.verify(lab, lab.lab.machines)
    up.up(lab, lab.lab.machines)
    assert provider.acts == []


def test_a_second_up_keeps_nothing(lab: context.Context, provider: Double) -> None:
    up.up(lab, lab.lab.machines)
    provider.acts.clear()
    up.up(lab, lab.lab.machines)
    assert provider.acts == []


# --- reset ---------------------------------------------------------------------------------------


def test_reset(lab: context.Context, provider: Double, session: Double) -> None:
    up.up(lab, lab.lab.machines)
    lab.space.ledger.set("web-01", workspace.Mark.MADE)
    provider.states["web-01"] = base.State.STOPPED
    report = reset.reset(lab)
    assert report.ok
    assert report.skipped == ("slow",)
    assert set(provider.states.values()) == {base.State.RUNNING}
    assert set(lab.space.ledger.machines().values()) == {workspace.Mark.VERIFIED}
    assert session.still_open == 0


def test_reset_sets_the_clock_and_looks_in_one_round_trip(
    lab: context.Context, session: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    up.up(lab, lab.lab.machines)
    sent: list[str] = []
    answer = session.run

    def run(opened: Double, script: str, **options: object) -> object:
        sent.append(script)
        return answer(opened, script, **options)

    monkeypatch.setattr(session, "run", run)
    assert reset.reset(lab).ok
    assert len(sent) == len(_NAMES)
    for script in sent:
        assert re.match(r"date -s @\d+\.\d\d 2>/dev/null \|\| date -s @\d+\n", script)


def test_reset_looks(lab: context.Context, fine: Double, session: Double) -> None:
    up.up(lab, lab.lab.machines)
    fine.ok = False
    session.down = ("web-01",)
    report = reset.reset(lab)
    assert [(each.machine, each.check, each.ok) for each in report.results] == [
        ("ansible-01", "fine", False),
        ("web-01", "answer", False),
    ]
    assert set(lab.space.ledger.machines().values()) == {workspace.Mark.MADE}


def test_reset_of_what_was_never_verified(lab: context.Context, provider: Double) -> None:
    snapshot.save(lab, "before")
    provider.acts.clear()
    with pytest.raises(errors.LabError) as caught:
        reset.reset(lab)
    assert caught.value.message == "lab 'memory' has no verified state to go back to"
    assert caught.value.hint == "'lab.verify' keeps one when all of the lab is as it should be"
    assert provider.acts == []


# --- start ---------------------------------------------------------------------------------------


def test_start_boots_no_more_at_once_than_the_provider_can_take(
    lab: context.Context, provider: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.states = dict.fromkeys(_NAMES, base.State.STOPPED)
    provider.at_once = lambda: 1
    booting: list[str] = []
    most: list[int] = []
    plain = up.wait_for_boot

    def begin(machine: Any) -> base.Endpoint:  # noqa: ANN401
        booting.append(machine.name)
        most.append(len(booting))
        provider.states[machine.name] = base.State.RUNNING
        return provider.endpoint(machine)

    def waited(lab: Any, machine: Any, *rest: Any) -> None:  # noqa: ANN401
        plain(lab, machine, *rest)
        booting.remove(machine.name)

    monkeypatch.setattr(provider, "start", begin)
    monkeypatch.setattr(up, "wait_for_boot", waited)
    start.start(lab, lab.lab.machines)
    assert most == [1, 1]
    assert "web-01: waiting until another machine has come up" in _said(lab)
