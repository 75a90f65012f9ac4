"""Events: written one after the other, and read by somebody who believes nothing."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from labkit import errors, secret, workspace
from labkit.events import chain, log, model, standing
from labkit.report import model as reports

if TYPE_CHECKING:
    import pathlib

KEY = log.private(secret.Secret("a secret of ann's"))
FIRST = model.Event("k8s--ann", "0" * 16, 1, "", 1000, "begin", {"task": "lab.up"})


def event(before: model.Event, kind: str, at: int = 0, **said: str | int) -> model.Event:
    return dataclasses.replace(
        before, seq=before.seq + 1, previous=before.digest, at=at, kind=kind, said=dict(said)
    )


@pytest.fixture
def space(tmp_path: pathlib.Path) -> workspace.Workspace:
    made = workspace.Workspace(tmp_path, "k8s--ann")
    made.make()
    return made


def lines(space: workspace.Workspace) -> list[model.Event]:
    return [model.read(line)[0] for line in (space.path / log.NAME).read_bytes().splitlines()]


def test_a_line_is_read_back() -> None:
    line = model.write(FIRST, KEY)
    assert line.endswith(b"\n")
    found, signature = model.read(line)
    assert found == FIRST
    model.check(found, signature, KEY.public_key())
    other = log.private(secret.Secret("bob's")).public_key()
    for changed, key in ((dataclasses.replace(found, at=1), KEY.public_key()), (found, other)):
        with pytest.raises(model.RefusedError) as caught:
            model.check(changed, signature, key)
        assert caught.value.message == "the signature is not the student's"


def _changed(**fields: object) -> bytes:
    document = json.loads(model.write(FIRST, KEY))
    document["event"].update(fields)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"{}",
        b'{"event": 1, "signature": ""}',
        b"[" * 3000,
        _changed(seq=0),
        _changed(seq=True),
        _changed(seq="1"),
        _changed(seq=1.0),
        _changed(seq=1 << 70),
        _changed(at=-1),
        _changed(previous="0" * 64),
        _changed(seq=2),
        _changed(lab="../etc"),
        _changed(lab="k8s--ann\n"),
        _changed(chain="x"),
        _changed(kind="reboot"),
        _changed(kind=["begin"]),
        _changed(said={}),
        _changed(said=[]),
        _changed(said={"task": 1}),
        _changed(said={"task": "x" * 201}),
        _changed(said={"task": "x", "more": "y"}),
        _changed(more=1),
    ],
)
def test_what_is_no_event(line: bytes) -> None:
    with pytest.raises(model.RefusedError) as caught:
        model.read(line)
    assert caught.value.message == "a line that is no event"


def test_a_long_line_is_not_even_read() -> None:
    with pytest.raises(model.RefusedError) as caught:
        model.read(b" " * 4097)
    assert caught.value.message == "a line of more than 4096 bytes"


def test_the_order_is_by_number_whatever_the_clock_says() -> None:
    state = chain.follow(chain.State(), FIRST)
    second = event(FIRST, "end", at=5, task="lab.up", code=0)
    state = chain.follow(state, second)
    assert (state.seq, state.standing.state, state.standing.since) == (2, "up", 5)
    third = event(second, "begin", at=1 << 35, task="lab.verify")
    for wrong, said in (
        (second, "event 2 came before, 2 was the last one"),
        (FIRST, "event 1 came before, 2 was the last one"),
        (dataclasses.replace(third, seq=4), "event 4 after 2: some are missing between"),
        (
            dataclasses.replace(third, previous="0" * 64),
            "event 3 follows another one than event 2",
        ),
        (
            dataclasses.replace(third, chain="1" * 16),
            "event 3 of a lab whose first ones are missing",
        ),
    ):
        with pytest.raises(model.RefusedError) as caught:
            chain.follow(state, wrong)
        assert caught.value.message == said
    anew = chain.follow(chain.follow(state, third), dataclasses.replace(FIRST, chain="1" * 16))
    assert (anew.chain, anew.seq) == ("1" * 16, 1)
    with pytest.raises(model.RefusedError) as caught:
        chain.follow(anew, event(third, "end", task="lab.verify", code=0))
    assert caught.value.message == "an event of a lab that was made anew since"
    with pytest.raises(model.RefusedError):
        chain.follow(anew, FIRST)


def test_how_a_lab_stands() -> None:
    seen: list[tuple[str, int, str, str]] = []
    last, now = FIRST, standing.after(standing.NOTHING, FIRST)

    def then(kind: str, at: int, **said: str | int) -> None:
        nonlocal last, now
        last = event(last, kind, at, **said)
        now = standing.after(now, last)
        seen.append((now.state, now.since, now.task, now.first))

    bad = {"ok": False, "total": 9, "failed": 2, "machine": "web-01", "check": "ipv6"}
    good = {"ok": True, "total": 9, "failed": 0, "machine": "", "check": "", "subject": ""}
    then("report", 10, **bad, subject="no IPv6 address")
    then("end", 11, task="lab.up", code=0)
    then("begin", 20, task="lab.snapshot")
    then("end", 21, task="lab.snapshot", code=0)
    then("begin", 30, task="lab.verify")
    then("report", 31, **good)
    then("end", 32, task="lab.verify", code=0)
    then("begin", 40, task="lab.halt")
    then("end", 41, task="lab.halt", code=0)
    then("begin", 50, task="lab.up")
    then("end", 51, task="lab.up", code=4)
    broken = "web-01 ipv6: no IPv6 address"
    assert seen == [
        ("broken", 10, "lab.up", broken),
        ("broken", 10, "", broken),
        ("working", 20, "lab.snapshot", broken),
        ("broken", 21, "", broken),
        ("working", 30, "lab.verify", broken),
        ("verified", 31, "lab.verify", ""),
        ("verified", 31, "", ""),
        ("working", 40, "lab.halt", ""),
        ("stopped", 41, "", ""),
        ("working", 50, "lab.up", ""),
        ("broken", 51, "", "lab.up ended with exit code 4"),
    ]


def test_a_task_writes_how_it_begins_and_ends(space: workspace.Workspace) -> None:
    said: list[str] = []
    with log.task(space, "lab.up", said.append):
        wrong = reports.Result("web-01", "file", "x" * 500, ok=False)
        log.report(space, reports.Report("k8s--ann", (wrong,), 1.0))
    with pytest.raises(errors.UnreachableError), log.task(space, "lab.verify", said.append):
        raise errors.UnreachableError("gone")
    with pytest.raises(KeyboardInterrupt), log.task(space, "lab.halt", said.append):
        raise KeyboardInterrupt
    found = lines(space)
    assert [(each.kind, each.said.get("code")) for each in found] == [
        ("begin", None), ("report", None), ("end", 0), ("begin", None), ("end", 4),
        ("begin", None), ("end", 130),
    ]  # fmt: skip
    assert found[1].said["subject"] == "x" * 200
    assert said == []
    state = chain.State()
    for each in found:
        state = chain.follow(state, each)
    assert state.seq == 7
    assert (space.path / log.NAME).stat().st_mode & 0o777 == 0o600
    assert (space.path / "keys" / "events").stat().st_mode & 0o777 == 0o600


def test_the_key_that_the_class_gave_goes_before(space: workspace.Workspace) -> None:
    (space.folder / log.KEY).write_text("a secret of ann's\n")
    log.append(space, "begin", {"task": "lab.up"})
    found, signature = model.read((space.path / log.NAME).read_bytes().splitlines()[0])
    model.check(found, signature, KEY.public_key())
    assert not (space.path / "keys").exists()


def test_a_line_that_a_crash_cut_off(space: workspace.Workspace) -> None:
    log.append(space, "begin", {"task": "lab.up"})
    path = space.path / log.NAME
    path.write_bytes(path.read_bytes() + b'{"event": {"lab"')
    log.append(space, "end", {"task": "lab.up", "code": 0})
    first, broken, last = path.read_bytes().splitlines()
    assert broken == b'{"event": {"lab"'
    assert model.read(last)[0].previous == model.read(first)[0].digest


def test_a_lab_without_a_folder_has_no_events(tmp_path: pathlib.Path) -> None:
    space = workspace.Workspace(tmp_path, "none")
    log.append(space, "begin", {"task": "lab.destroy"})
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_said_and_stops_nothing(space: workspace.Workspace) -> None:
    (space.path / log.NAME).mkdir()
    said: list[str] = []
    with log.task(space, "lab.up", said.append):
        pass
    assert len(said) == 2
    assert said[0].startswith("the teacher's board will not hear of this: ")
