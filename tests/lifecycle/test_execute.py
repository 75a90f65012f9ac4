"""A command on all machines, heard while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from labkit.lifecycle import execute

if TYPE_CHECKING:
    from typing import TypeAlias

    from labkit.lifecycle import context
    from labkit.ssh import session as sessions

    # A class of conftest.py, which tests do not import.
    Double: TypeAlias = Any


def test_execute(lab: context.Context, session: Double) -> None:
    session.down = ("web-01",)
    found: dict[str, Any] = dict(execute.execute(lab, lab.lab.machines, "uptime", timeout=5))
    done: sessions.Result = found["ansible-01"]
    assert (done.output, done.status) == ("ansible-01 ran it\n", 0)
    assert str(found["web-01"]) == "the connection to web-01 broke: closed"


def test_what_is_heard_comes_before_the_end(lab: context.Context, session: Double) -> None:
    heard: list[tuple[str, str]] = []

    def run(self: Any, script: str, **options: Any) -> str:  # noqa: ANN401
        assert (script, options["label"], options["timeout"]) == ("uptime", "exec", 5)
        options["on_output"](b"one\ntw")
        options["on_output"](b"o")
        assert (self.endpoint.machine, "one") in heard
        return "done"

    session.run = run

    def hear(machine: str, line: str) -> None:
        heard.append((machine, line))

    execute.execute(lab, [lab.lab.machine("web-01")], "uptime", timeout=5, heard=hear)
    assert heard == [("web-01", "one"), ("web-01", "two")]


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        ([], []),
        ([b"a\nb\n"], ["a", "b"]),
        ([b"a", b"b\r", b"\nc"], ["ab", "c"]),
        ([b"\n\n"], ["", ""]),
        (["ü".encode()[:1], "ü".encode()[1:], b"\n"], ["ü"]),
        ([b"\xff\n", b"\xc3"], ["\ufffd", "\ufffd"]),
    ],
)
def test_pieces_become_lines(pieces: list[bytes], lines: list[str]) -> None:
    found: list[str] = []
    cutter = execute.Lines(found.append)
    for piece in pieces:
        cutter.feed(piece)
    cutter.close()
    cutter.close()
    assert found == lines
