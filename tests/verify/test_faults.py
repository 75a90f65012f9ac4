"""Machines behind a real sshd that break off, print rubbish or are not there: a line each."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING

import pytest

from labkit import checks
from labkit.checks import base
from labkit.ssh import session as sessions
from labkit.verify import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from labkit.converge import script
    from labkit.plan import model
    from labkit.providers import base as providers

_LAB = """
lab: three
machines:
  healthy: {nat: 10.0.2.51, hostonly: 192.168.56.51}
  rubbish: {nat: 10.0.2.52, hostonly: 192.168.56.52}
  leaving: {nat: 10.0.2.53, hostonly: 192.168.56.53}
  silent: {nat: 10.0.2.54, hostonly: 192.168.56.54}
"""
# The shell's parent is the sshd of the connection, which is gone in the middle of the answer.
_SAYS = {
    "healthy": "echo 7",
    "rubbish": "head -c 3000000 /dev/zero | tr '\\0' x; printf '\\033[31m<b>\\377\\n'",
    "leaving": "echo 7; kill -9 $PPID; sleep 60",
    "silent": "echo 7",
}

pytestmark = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="verify runs its scripts as root"
)


class Seven(base.Compared[int]):
    """A machine says 7, and nobody says more."""

    def probe(self, lab: model.Lab, machine: model.Machine) -> str:
        del lab
        return _SAYS[machine.name]

    def read(
        self, lab: model.Lab, machine: model.Machine, answer: script.Answer
    ) -> Iterator[base.Seen]:
        del lab, machine
        yield base.equal("seven", "7", answer.output.strip())

    def fact(self, machine: model.Machine, answer: script.Answer) -> int:
        del machine
        return int(answer.output)

    def across(self, lab: model.Lab, facts: dict[str, int]) -> Iterator[tuple[str, base.Seen]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        del lab
        for name, fact in facts.items():
            yield name, base.Seen("most", ok=fact == max(facts.values()))


def _silent(_machine: str, _text: str) -> None:
    """Tell nobody."""


def test_each_is_a_line_and_hides_nobody(
    plan_of: Callable[[str], model.Lab],
    endpoint: Callable[..., providers.Endpoint],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checks, "every", lambda: {"seven": Seven()})
    lab = plan_of(_LAB)
    there = endpoint()
    places = {machine.name: there for machine in lab.machines}
    places["silent"] = dataclasses.replace(there, port=1)
    opened = [
        run.Subject(
            machine,
            (),
            sessions.Session(dataclasses.replace(places[machine.name], machine=machine.name)),
        )
        for machine in lab.machines
    ]
    try:
        report = run.verify(lab, opened, narrate=_silent)
    finally:
        for each in opened:
            each.session.close()
    said = {
        name: [(each.subject, each.ok) for each in report.results if each.machine == name]
        for name in places
    }
    assert said == {
        "healthy": [("seven", True), ("most", True)],
        "leaving": [("answers", False)],
        "rubbish": [("seven can be read", False)],
        "silent": [("answers", False)],
    }
    actual = {each.machine: each.actual for each in report.failures}
    assert actual["leaving"] == "the connection to leaving broke: it ended without an exit status"
    assert "silent does not answer on 127.0.0.1:1" in actual["silent"]
    assert len(actual["rubbish"]) <= 2000
