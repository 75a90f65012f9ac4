"""`lab.explain` as it is typed; Invoke's parser, which learns of arguments left out."""

from __future__ import annotations

import json
import pathlib
from typing import TYPE_CHECKING, Any

import pytest
from invoke.exceptions import ParseError
from invoke.parser import argument, context, parser

from labkit.tasks import optional

if TYPE_CHECKING:
    from collections.abc import Callable


def test_all_machines_or_one(labkit: Callable[..., Any], here: pathlib.Path) -> None:
    everything = labkit("explain")
    assert (everything.code, everything.err) == (0, "")
    assert "hostnamectl set-hostname ansible-01" in everything.out
    for words in (["k8s-minion-01"], ["--format", "text", "k8s-minion-01"],
                  ["k8s-minion-01", "--lang", "en"], ["--machine", "k8s-minion-01"]):  # fmt: skip
        done = labkit("explain", *words)
        assert (done.code, done.err) == (0, "")
        assert done.out.count("hostnamectl") == 1
        assert "hostnamectl set-hostname k8s-minion-01\n" in done.out
    assert [file.name for file in here.iterdir()] == ["lab.yml"]


@pytest.mark.usefixtures("here")
def test_formats(labkit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert labkit("explain", "ansible-01", "--format", "sh").out.startswith("#!/bin/sh\n")
    assert labkit("explain", "--format", "markdown", "--lang", "ja").out.startswith("# ラボ ")
    assert json.loads(labkit("explain", "--format", "json").out)["version"] == 1
    monkeypatch.setenv("LAB_FORMAT", "json")
    assert json.loads(labkit("explain").out)["version"] == 1
    monkeypatch.setenv("LAB_FORMAT", "table")
    assert "# === What every machine is" in labkit("explain").out
    monkeypatch.setenv("LAB_LANG", "ja")
    monkeypatch.setenv("LAB_ONLY", "ansible-01")
    done = labkit("explain", "--format", "sh")
    assert "# ラボ " in done.out
    assert done.code == 0


def test_what_is_refused(labkit: Callable[..., Any], here: pathlib.Path, name: str) -> None:
    assert here.is_dir()

    def said(*words: str) -> str:
        done = labkit("explain", *words)
        assert (done.code, done.out) == (2, "")
        return str(done.err)

    assert said("--format", "html") == (
        "error: there is no format 'html'\nhint: formats are text, markdown, json and sh\n"
    )
    assert said("--lang", "de") == (
        "error: there is no language 'de'\nhint: languages are en and ja\n"
    )
    assert said("--format", "sh") == (
        f"error: a script is for one machine, and lab '{name}' has 4\n"
        "hint: name it: 'labkit explain MACHINE --format sh'\n"
    )
    assert said("k8s-minion-1") == (
        f"error: lab '{name}' has no machine 'k8s-minion-1'\nhint: did you mean 'k8s-minion-01'?\n"
    )


def _parse(*words: str) -> Any:  # noqa: ANN401 - Invoke's own
    optional.teach()
    needed = argument.Argument(name="needed", positional=True)
    spare = optional.Spare(name="spare", positional=True)
    task = context.ParserContext(name="task", args=[needed, spare])
    other = context.ParserContext(name="other")
    found: Any = parser.Parser(contexts=[task, other]).parse_argv(list(words))[0]
    return found.args["needed"].value, found.args["spare"].value


def test_an_argument_that_may_be_left_out() -> None:
    assert _parse("task", "a", "b") == ("a", "b")
    assert _parse("task", "a") == ("a", "")
    assert _parse("task", "a", "--spare", "b") == ("a", "b")


@pytest.mark.usefixtures("here")
def test_help_is_no_machine(labkit: Callable[..., Any]) -> None:
    done = labkit("explain", "--help")
    assert done.code == 0
    assert "Show what a person would type to get there" in done.out
    assert "No idea what '--formt' is!" in labkit("explain", "--formt", "sh").err


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("task", ["exec", "class.exec", "class.init", "init"])
def test_an_option_is_no_argument(task: str, labkit: Callable[..., Any]) -> None:
    before = sorted(pathlib.Path().iterdir())
    for words in (("--help",), ("-h",), ("--file", "lab.yml", "--help")):
        done = labkit(task, *(words if "init" not in task else words[-1:]))
        assert (done.code, done.err) == (0, "")
        assert f" {task} [--options]" in done.out
    assert "No idea what '--jobbs' is!" in labkit(task, "--jobbs", "3").err
    assert sorted(pathlib.Path().iterdir()) == before


def test_one_that_may_not_is_still_asked_for() -> None:
    with pytest.raises(ParseError, match="did not receive required positional arguments: 'needed'"):
        _parse("task")
