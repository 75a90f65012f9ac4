"""What `up` says at its end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from labkit import errors
from labkit.lifecycle import context, up
from labkit.report import model, summary

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterable

    import rich.console

    Shown = Callable[[Iterable[rich.console.RenderableType]], str]

_GOOD = model.Report("k8s-manual", (model.Result("ansible-01", "names", "x", ok=True),), 1.5)
_FAILURE = up.Failure(
    "k8s-minion-02",
    errors.UnreachableError("no answer: [Errno 111]\x1b[2J", hint="look at [its] console"),
    "[  OK  ] Reached target\nKernel panic \x1b[31m",
)


@pytest.fixture
def lab(
    folder: pathlib.Path, opened: context.Context, monkeypatch: pytest.MonkeyPatch
) -> context.Context:
    monkeypatch.chdir(folder)
    opened.progress.phases.update({"prepare": 1.0, "verify": 2.25})
    return opened


def test_all_well(shown: Shown, lab: context.Context) -> None:
    result = up.Result(_GOOD, (), 0, ("ansible-01",))
    out = shown(summary.render(lab, result))
    rows = [line for line in out.splitlines() if "ssh -F" in line]
    assert [row.split("│")[3].strip() for row in rows] == [
        f"ssh -F .lab/k8s-manual/ssh_config {machine.name}" for machine in lab.lab.machines
    ]
    assert out.endswith(
        "time: prepare 1.0 s, verify 2.2 s; in all 3.2 s\n"
        "changes inside the machines: 0\n"
        f"logs: {lab.space.logs}\n"
    )


def test_a_failed_machine_shows_why_and_the_end_of_its_console(
    shown: Shown, lab: context.Context
) -> None:
    out = shown(summary.render(lab, up.Result(_GOOD, (_FAILURE,), 3, ())))
    assert (
        "failed k8s-minion-02: no answer: [Errno 111]\\x1b[2J\n"
        "  hint: look at [its] console\n"
        "  the end of its console:\n"
        "  | [  OK  ] Reached target\n"
        "  | Kernel panic \\x1b[31m\n"
    ) in out
    assert "ssh_config k8s-minion-02" not in out
    assert "changes inside the machines: 3\n" in out
    assert "\x1b" not in out


def test_odd_folders_are_quoted(
    shown: Shown, lab: context.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = lab.folder / "[red]a b"
    odd.mkdir()
    monkeypatch.chdir(lab.folder)
    moved = context.Context(odd, lab.lab, type(lab.space)(odd, lab.lab.name), lab.progress)
    out = shown(summary.render(moved, up.Result(_GOOD, (), 0, ())))
    assert "ssh -F '[red]a b/.lab/k8s-manual/ssh_config' ansible-01" in out


def test_document(lab: context.Context) -> None:
    result = up.Result(_GOOD, (_FAILURE,), 3, ("ansible-01",))
    document = json.loads(summary.document(lab, result))
    report = document.pop("report")
    assert document == {
        "version": 2,
        "ok": False,
        "changes": 3,
        "started": ["ansible-01"],
        "seconds": {"prepare": 1.0, "verify": 2.25},
        "failures": [
            {
                "machine": "k8s-minion-02",
                "message": "no answer: [Errno 111]\x1b[2J",
                "hint": "look at [its] console",
                "console": "[  OK  ] Reached target\nKernel panic \x1b[31m",
            }
        ],
    }
    assert (report["version"], report["ok"], len(report["results"])) == (2, True, 1)


def test_document_when_nothing_came_up(lab: context.Context) -> None:
    document = json.loads(summary.document(lab, up.Result(None, (_FAILURE,), 0, ())))
    assert (document["ok"], document["report"]) == (False, None)


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (up.Result(_GOOD, (), 0, ()), 0),
        (up.Result(model.Report("x", (), 0), (), 0, ()), 1),
        (up.Result(None, (), 0, ()), 1),
        (up.Result(_GOOD, (_FAILURE,), 0, ()), 4),
    ],
)
def test_exit_codes(result: up.Result, code: int) -> None:
    assert result.exit_code == code
