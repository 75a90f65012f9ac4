"""What a person sees while labkit works."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING

import pytest
import rich.console

from labkit import console, log

if TYPE_CHECKING:
    import pathlib


def _plain() -> tuple[console.Progress, io.StringIO]:
    text = io.StringIO()
    made = rich.console.Console(file=text, width=60, highlight=False, emoji=False)
    return console.Progress(made), text


def test_lines_without_a_terminal() -> None:
    progress, text = _plain()
    with progress.watch():
        progress.say("making the image")
        progress.tell("web-01", "waiting for SSH: [Errno 111] :smile: [bold]no[/]\x1b[2J")
    assert re.fullmatch(
        r" +\d\.\d s making the image\n"
        r" +\d\.\d s web-01: waiting for SSH: \[Errno 111\] :smile: \[bold\]no\[/\]\\x1b\[2J\n",
        text.getvalue(),
    )


def test_a_long_line_is_not_broken() -> None:
    progress, text = _plain()
    progress.say("x" * 200)
    assert text.getvalue().count("\n") == 1


def test_the_table_of_a_terminal_shows_each_machines_last_word() -> None:
    text = io.StringIO()
    made = rich.console.Console(file=text, width=70, force_terminal=True, color_system=None)
    progress = console.Progress(made)
    with progress.watch():
        progress.tell("web-02", "booting")
        progress.tell("web-01", "booting")
        progress.tell("web-01", "[red]\x1b[2J")
        rows = io.StringIO()
        rich.console.Console(file=rows, width=70).print(progress._table())
    assert re.fullmatch(
        r"machine\s+for\s+now\s*\n"
        r"web-01\s+0 s\s+\[red\]\\x1b\[2J\s*\n"
        r"web-02\s+0 s\s+booting\s*\n",
        rows.getvalue(),
    )


def test_phases_are_timed_also_when_they_fail() -> None:
    progress, _ = _plain()
    with progress.phase("prepare"):
        pass
    with pytest.raises(ValueError, match="no"), progress.phase("verify"):
        raise ValueError("no")
    assert list(progress.phases) == ["prepare", "verify"]
    assert all(0 <= seconds < 5 for seconds in progress.phases.values())


def test_everything_told_is_in_the_log(tmp_path: pathlib.Path) -> None:
    log.asked("up", {})
    log.begin(tmp_path)
    progress, _ = _plain()
    progress.say("one")
    progress.tell("web-01", "two\nlines")
    log.end(0)
    (path,) = log.logs(tmp_path)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    told = [(line.get("machine"), line["text"]) for line in lines if line["kind"] == "told"]
    assert told == [(None, "one"), ("web-01", "two\\nlines")]


@pytest.mark.parametrize(
    ("answer", "yes"),
    [("y\n", True), ("YES \n", True), ("n\n", False), ("\n", False), ("", False), ("yep\n", False)],
)
def test_anything_but_yes_is_no(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, yes: bool
) -> None:
    monkeypatch.setattr(console.sys, "stdin", io.StringIO(answer))
    assert console.ask("remove [it]?") is yes
    captured = capsys.readouterr()
    assert captured.out == ""


def test_nobody_can_be_asked_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console.sys, "stdin", io.StringIO())
    assert console.has_terminal() is False
