"""What is known of the labs of a class, and what is not believed."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from labkit import secret
from labkit.board import roll
from labkit.events import log, model
from tests.board import desks

if TYPE_CHECKING:
    import pathlib


def _rows(labs: roll.Roll) -> dict[str, tuple[str, str]]:
    return {row.desk.student: (row.standing.state, row.alarm) for row in labs.look()}


def test_labs_on_this_host(tmp_path: pathlib.Path) -> None:
    students = [desks.desk(tmp_path, name) for name in ("ann", "bob", "cid")]
    desks.up(desks.space(tmp_path, "ann"))
    desks.up(desks.space(tmp_path, "bob"), "/etc/motd", "/etc/hosts")
    labs = roll.Roll(students, tmp_path / "store")
    assert _rows(labs) == {"ann": ("verified", ""), "bob": ("broken", ""), "cid": ("absent", "")}
    bob = labs.look()[1].standing
    assert (bob.first, bob.failed, bob.total) == ("web-01 file: /etc/motd", 2, 11)
    desks.up(desks.space(tmp_path, "bob"))
    assert _rows(labs)["bob"] == ("verified", "")
    # A board that is started anew knows what the first one knew.
    again = roll.Roll(students, tmp_path / "store")
    assert _rows(again)["bob"] == ("verified", "")


def test_what_is_taken_away_is_missed(tmp_path: pathlib.Path) -> None:
    ann, space = desks.desk(tmp_path, "ann"), desks.space(tmp_path, "ann")
    desks.up(space, "/etc/motd")
    labs = roll.Roll([ann], tmp_path / "store")
    assert _rows(labs)["ann"] == ("broken", "")
    kept = desks.lines(space)
    path = space.path / log.NAME
    path.write_bytes(b"".join(kept[:1]))
    assert _rows(labs)["ann"][1] == "events 2 to 3 were taken away"
    path.write_bytes(b"".join(kept))
    assert _rows(labs)["ann"] == ("broken", "")
    # One in the middle goes, and somebody else signs the rest.
    desks.up(space)
    later = desks.lines(space)
    path.write_bytes(b"".join([*later[:3], *later[4:]]))
    assert _rows(labs)["ann"] == ("broken", "event 5 after 3: some are missing between")
    forged = model.write(desks.event(later[3]), log.private(secret.Secret("bob's")))
    path.write_bytes(b"".join([*later[:3], forged]))
    assert _rows(labs)["ann"] == ("broken", "the signature is not the student's")
    path.write_bytes(b"".join(later))
    assert _rows(labs)["ann"] == ("verified", "")


def test_a_lab_that_is_destroyed_and_made_anew(tmp_path: pathlib.Path) -> None:
    ann, space = desks.desk(tmp_path, "ann"), desks.space(tmp_path, "ann")
    desks.up(space)
    labs = roll.Roll([ann], tmp_path / "store")
    assert _rows(labs)["ann"] == ("verified", "")
    old = b"".join(desks.lines(space))
    shutil.rmtree(space.path)
    assert _rows(labs)["ann"] == ("absent", "")
    space.make()
    (space.path / log.NAME).write_bytes(old)
    assert _rows(labs)["ann"] == ("absent", "an event of a lab that was made anew since")
    (space.path / log.NAME).unlink()
    desks.up(space, "/etc/motd")
    assert _rows(labs)["ann"] == ("broken", "")


def test_a_message(tmp_path: pathlib.Path) -> None:
    far = desks.desk(tmp_path, "far", local=False)
    space = desks.space(tmp_path, "far")
    desks.up(space, "/etc/motd")
    labs = roll.Roll([far], tmp_path / "store")
    body = b"".join(desks.lines(space))
    assert labs.take(body) == roll.Taken("k8s--far", 3, 3)
    assert _rows(labs)["far"] == ("broken", "")
    again = labs.take(body)
    assert (again.accepted, again.seq) == (0, 3)
    assert again.refused == "event 1 came before, 3 was the last one"
    desks.up(space)
    new = desks.lines(space)[3:]
    forged = model.write(desks.event(new[1]), log.private(secret.Secret("else")))
    taken = labs.take(new[0] + forged)
    assert taken == roll.Taken("k8s--far", 1, 4, "the signature is not the student's")
    assert labs.take(new[1] + new[2]).seq == 6
    assert _rows(roll.Roll([far], tmp_path / "store"))["far"] == ("verified", "")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "a message has 1 to 64 events"),
        (b"\n" * 65, "a message has 1 to 64 events"),
        (b"x" * 70_000, "a message has 1 to 64 events"),
        (b"x\n", "a line that is no event"),
    ],
)
def test_what_is_no_message(tmp_path: pathlib.Path, body: bytes, said: str) -> None:
    labs = roll.Roll([desks.desk(tmp_path, "ann")], tmp_path / "store")
    with pytest.raises(model.RefusedError) as caught:
        labs.take(body)
    assert caught.value.message == said


def test_a_message_of_a_stranger(tmp_path: pathlib.Path) -> None:
    ann, space = desks.desk(tmp_path, "ann"), desks.space(tmp_path, "bob")
    desks.desk(tmp_path, "bob")
    desks.up(space)
    labs = roll.Roll([ann], tmp_path / "store")
    with pytest.raises(model.RefusedError) as caught:
        labs.take(b"".join(desks.lines(space)))
    assert caught.value.message == "a message is of one lab of this class"
    (tmp_path / "ann" / ".lab" / "k8s--ann" / log.NAME).write_bytes(desks.lines(space)[0])
    assert _rows(labs)["ann"] == ("absent", "the file holds events of another lab")
