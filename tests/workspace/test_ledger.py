"""The ledger: what was written comes back, and nothing else is believed."""

from __future__ import annotations

import hashlib
import json
import re
import stat
import threading

import pytest

from labkit import errors, workspace


def test_marks(space: workspace.Workspace) -> None:
    ledger = space.ledger
    assert ledger.machines() == {}
    ledger.set("b", workspace.Mark.MAKING)
    ledger.set("a", workspace.Mark.VERIFIED)
    ledger.set("b", workspace.Mark.MADE)
    assert ledger.machines() == {"a": workspace.Mark.VERIFIED, "b": workspace.Mark.MADE}
    ledger.set("b", None)
    ledger.set("never-there", None)
    assert workspace.Workspace(space.folder, "demo").ledger.machines() == {
        "a": workspace.Mark.VERIFIED
    }
    assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o600


def test_threads_lose_no_marks(space: workspace.Workspace) -> None:
    names = [f"m{number}" for number in range(12)]
    threads = [
        threading.Thread(target=space.ledger.set, args=(name, workspace.Mark.MADE))
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(space.ledger.machines()) == set(names)


def test_snapshots_and_machines_do_not_touch_each_other(space: workspace.Workspace) -> None:
    ledger = space.ledger
    assert ledger.snapshots() == {}
    ledger.set("a", workspace.Mark.VERIFIED)
    ledger.set_snapshot("before the exam", workspace.SnapshotMark.SAVING)
    ledger.set_snapshot("b", workspace.SnapshotMark.REMOVING)
    ledger.set("a", workspace.Mark.MADE)
    ledger.set_snapshot("before the exam", workspace.SnapshotMark.SAVED)
    ledger.set_snapshot("b", None)
    ledger.set_snapshot("never there", None)
    assert ledger.snapshots() == {"before the exam": workspace.SnapshotMark.SAVED}
    assert ledger.machines() == {"a": workspace.Mark.MADE}


def test_every_mark_comes_back(space: workspace.Workspace) -> None:
    written = workspace.Entries(
        {mark.value: mark for mark in workspace.Mark},
        {mark.value: mark for mark in workspace.SnapshotMark},
    )
    space.ledger.write(written)
    assert space.ledger.read() == written


def _old(version: object, machines: object) -> str:
    digest = hashlib.sha256(json.dumps(machines, sort_keys=True).encode()).hexdigest()
    return json.dumps({"version": version, "sha256": digest, "machines": machines})


def _new(machines: object, snapshots: object) -> str:
    said = {"machines": machines, "snapshots": snapshots}
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    return json.dumps({"version": 2, "sha256": digest, **said})


def test_the_first_version_is_read_and_written_anew(space: workspace.Workspace) -> None:
    space.ledger.path.write_text(_old(1, {"a": "made"}))
    assert space.ledger.machines() == {"a": workspace.Mark.MADE}
    assert space.ledger.snapshots() == {}
    space.ledger.set_snapshot("s", workspace.SnapshotMark.SAVED)
    assert json.loads(space.ledger.path.read_bytes())["version"] == 2
    assert space.ledger.machines() == {"a": workspace.Mark.MADE}


_BROKEN = {
    "empty": b"",
    "cut": _new({"a": "made"}, {}).encode()[:-3],
    "by hand": _new({"a": "made"}, {}).replace("made", "verified").encode(),
    "old and by hand": _old(1, {"a": "made"}).replace("made", "verified").encode(),
    "the old sum of a new one": _old(2, {"a": "made"}).encode(),
    "version zero": _old(0, {"a": "made"}).encode(),
    "version as text": _old("3", {"a": "made"}).encode(),
    "unknown mark": _new({"a": "sold"}, {}).encode(),
    "unknown snapshot mark": _new({}, {"a": "made"}).encode(),
    "a list": b"[1, 2]",
    "machines as a list": _new(["a"], {}).encode(),
    "snapshots as a number": _new({}, 5).encode(),
    "no checksum": b'{"version": 2, "machines": {}, "snapshots": {}}',
    "no snapshots": _old(2, {}).encode(),
    "not text": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("content", _BROKEN.values(), ids=_BROKEN)
def test_a_ledger_that_labkit_did_not_write_is_refused_and_kept_aside(
    space: workspace.Workspace, content: bytes
) -> None:
    ledger = space.ledger
    ledger.path.write_bytes(content)
    touches = (
        ledger.machines,
        ledger.snapshots,
        lambda: ledger.set("a", workspace.Mark.MADE),
        lambda: ledger.set_snapshot("a", None),
    )
    for touch in touches:
        with pytest.raises(workspace.DamagedError) as caught:
            touch()
        assert caught.value.message == f"the ledger {ledger.path} is not what labkit wrote"
        assert caught.value.hint == (
            "'lab.up' keeps it aside and writes a new one from what exists"
        )
    assert ledger.path.read_bytes() == content
    aside = ledger.mend()
    assert aside
    assert re.fullmatch(r"ledger\.json\.bad-\d{8}-\d{6}", aside.name)
    assert aside.read_bytes() == content
    assert ledger.machines() == {}


def test_a_newer_labkits_ledger_is_never_touched(space: workspace.Workspace) -> None:
    ledger = space.ledger
    content = b'{"version": 3, "all": "else", "is": "unknown"}'
    ledger.path.write_bytes(content)
    for touch in (
        ledger.machines,
        ledger.mend,
        lambda: ledger.set("a", workspace.Mark.MADE),
        lambda: ledger.set_snapshot("a", workspace.SnapshotMark.SAVING),
    ):
        with pytest.raises(errors.LabError) as caught:
            touch()
        assert not isinstance(caught.value, workspace.DamagedError)
        assert caught.value.message == (
            f"the ledger {ledger.path} is of version 3, and this labkit knows 2"
        )
        assert caught.value.hint == "a newer labkit made this lab; use that one"
    assert ledger.path.read_bytes() == content
    assert list(space.path.iterdir()) == [ledger.path]


def test_a_good_ledger_is_not_set_aside(space: workspace.Workspace) -> None:
    assert space.ledger.mend() is None
    assert not space.ledger.path.exists()
    space.ledger.set("a", workspace.Mark.MADE)
    before = space.ledger.path.read_bytes()
    assert space.ledger.mend() is None
    assert space.ledger.path.read_bytes() == before
