"""`snapshot` and `reset` as they are typed."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest

from labkit.lifecycle import groups, reset, snapshot
from labkit.providers import base
from labkit.report import model as reports
from labkit.tasks.lab import snapshot as task

if TYPE_CHECKING:
    from collections.abc import Callable

# pyright: reportPrivateUsage=false

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Write down what is asked for in the place of doing it."""
    asked: list[tuple[str, str]] = []

    def doing(action: str) -> Callable[[object, str], None]:
        return lambda _, name: asked.append((action, name))

    for action, (_, said) in dict(task._DO).items():
        monkeypatch.setitem(task._DO, action, (doing(action), said))
    return asked


@pytest.mark.parametrize(
    ("action", "said"),
    [("save", "saved"), ("restore", "went back to"), ("delete", "removed")],
)
def test_actions(
    labkit: Callable[..., Any], done: list[tuple[str, str]], name: str, action: str, said: str
) -> None:
    ran = labkit("snapshot", action, "before-exam")
    assert (ran.code, ran.out, ran.err) == (
        0,
        f"{said} snapshot 'before-exam' of lab '{name}'\n",
        "",
    )
    ran = labkit("snapshot", action, "list", "--format", "json")  # a name like any other
    assert json.loads(ran.out) == {"version": 1, "lab": name, action: "list"}
    assert done == [(action, "before-exam"), (action, "list")]


@pytest.mark.parametrize("words", [(), ("save",), ("restore",), ("list", "x")])
def test_too_few_words_or_too_many(
    labkit: Callable[..., Any], done: list[tuple[str, str]], words: tuple[str, ...]
) -> None:
    assert labkit("snapshot", *words).code != 0
    assert done == []


def test_an_unknown_action(labkit: Callable[..., Any]) -> None:
    ran = labkit("snapshot", "sav", "x")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "error: a snapshot cannot be told to 'sav'\nhint: did you mean 'save'?\n"


def test_a_name_that_is_none(labkit: Callable[..., Any]) -> None:
    ran = labkit("snapshot", "save", "verified")
    assert ran.code == 2
    assert ran.err == (
        "error: 'verified' is the snapshot that labkit keeps by itself\n"
        "hint: 'labkit reset' goes back to it; choose another name for one of your own\n"
    )


def test_save_of_a_lab_that_was_not_made(labkit: Callable[..., Any]) -> None:
    ran = labkit("snapshot", "save", "x")
    assert ran.code == 2
    assert ran.err == (
        "error: ansible-01, k8s-master-01, k8s-minion-01 and k8s-minion-02 have not been made yet\n"
        "hint: 'labkit up' makes what is missing\n"
    )


def test_list_of_none(labkit: Callable[..., Any], name: str) -> None:
    ran = labkit("snapshot", "list")
    assert (ran.code, ran.out, ran.err) == (0, f"lab '{name}' has no snapshots\n", "")


def test_list(labkit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    on, off = base.Snapshot(86400.7, running=True), base.Snapshot(86401.2, running=False)
    group = groups.Group("verified", "verified~3", {"a": on, "b": off})

    def look(_: object) -> dict[str, groups.Group]:
        return {"verified": group}

    monkeypatch.setattr(snapshot, "look", look)
    document = json.loads(labkit("snapshot", "list", "--format", "json").out)
    (listed,) = document.pop("snapshots")
    assert document == {"version": 1, "lab": name}
    saved = dt.datetime.fromisoformat(listed.pop("saved"))
    assert saved.timestamp() == 86401
    assert listed == {"name": "verified", "machines": {"a": "running", "b": "stopped"}}
    shown = labkit("snapshot", "list").out
    assert "verified" in shown
    assert f"{saved:%Y-%m-%d %H:%M:%S}" in shown
    assert "2, 1 of them running" in shown


@pytest.mark.parametrize(("ok", "code"), [(True, 0), (False, 1)])
def test_reset(
    labkit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, ok: bool, code: int
) -> None:
    report = reports.Report("demo", (reports.Result("m", "reach", "x", ok=ok),), 0.5)

    def do(_: object) -> reports.Report:
        return report

    monkeypatch.setattr(reset, "reset", do)
    ran = labkit("reset")
    assert ran.code == code
    assert "1 looked at in 0.5 s" in ran.out
    ran = labkit("reset", "--format", "json")
    assert (ran.code, json.loads(ran.out)["ok"]) == (code, ok)


def test_reset_of_a_lab_that_was_not_made(labkit: Callable[..., Any], name: str) -> None:
    ran = labkit("reset")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        f"error: lab '{name}' has no verified state to go back to\n"
        "hint: 'labkit verify' keeps one when all of the lab is as it should be\n"
    )
