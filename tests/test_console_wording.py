"""Hints name tasks as the person at the keyboard types them."""

from __future__ import annotations

import sys

import pytest

from labkit import console, wording


@pytest.mark.parametrize(
    ("program", "script", "typed"),
    [
        ("/usr/bin/labkit", "", "'labkit up' and 'labkit verify --only x'"),
        ("/some/where/labkit/__main__.py", "", "'labkit up' and 'labkit verify --only x'"),
        ("/usr/bin/invoke", "", "'invoke lab.up' and 'invoke lab.verify --only x'"),
        ("/x/invoke/__main__.py", "yes", "'./lab up' and './lab verify --only x'"),
    ],
)
def test_wording(program: str, script: str, typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [program])
    monkeypatch.setenv("LAB_SCRIPT", script)
    assert console.wording("'lab.up' and 'lab.verify --only x'") == typed
    assert console.wording("lab.yml says, and 'lab.yml' too") == "lab.yml says, and 'lab.yml' too"


def test_a_task_alone_stands_without_its_quotes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/labkit"])
    monkeypatch.delenv("LAB_SCRIPT", raising=False)
    assert wording.command("'lab.apply --only web-01'") == "labkit apply --only web-01"
    assert wording.command("'lab.up' or 'lab.reset'") == "'labkit up' or 'labkit reset'"
    assert wording.command("'it is'") == "'it is'"
    assert wording.command("cat /etc/hosts") == "cat /etc/hosts"
