"""What the log says of a conversation with a machine: its size, and never its text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from labkit import errors, log

if TYPE_CHECKING:
    import pathlib

    from labkit.ssh import session


def test_a_script_is_logged_by_its_label(opened: session.Session, tmp_path: pathlib.Path) -> None:
    log.asked("up", {})
    log.begin(tmp_path / "logs")
    opened.run("echo geheim; exit 3", timeout=30, root=False, label="probe")
    with pytest.raises(errors.UnreachableError):
        opened.run("sleep 30 # geheim", timeout=0.2, root=False)
    log.end(0)
    (path,) = log.logs(tmp_path / "logs")
    assert "geheim" not in path.read_text()
    _, first, second, _ = [json.loads(line) for line in path.read_text().splitlines()]
    assert (first["label"], first["machine"], first["status"]) == ("probe", "web-01", 3)
    assert (first["received"], first["sent"] > len("echo geheim; exit 3")) == (7, True)
    assert (second["label"], second["status"]) == ("script", None)
    assert second["error"] == "web-01 did not finish within 0 s"
    assert 0.1 < second["seconds"] < 20
