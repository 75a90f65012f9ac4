"""The log of one run."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

import labkit
from labkit import errors, log, secret

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Generator

    Read = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def read(tmp_path: pathlib.Path) -> Generator[Read]:
    """Begin a log, and return what reads it."""
    log.asked("up", {"only": ["web-01"]})
    log.begin(tmp_path / "logs")

    def lines() -> list[dict[str, Any]]:
        (path,) = log.logs(tmp_path / "logs")
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    yield lines
    log.end(0)


def _of(line: dict[str, Any]) -> dict[str, Any]:
    """A line without what differs from run to run."""
    return {key: value for key, value in line.items() if key not in {"time", "seconds"}}


def test_the_first_line_says_what_runs_where(
    read: Read, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.setenv("LAB_TOKEN", "planted-secret")
    log.begin(tmp_path / "other")
    (path,) = log.logs(tmp_path / "other")
    first = json.loads(path.read_text())
    assert "planted-secret" not in path.read_text()
    assert "LAB_TOKEN" in first["host"]["variables"]
    first = read()[0]
    assert (first["kind"], first["version"], first["task"]) == ("begin", labkit.__version__, "up")
    assert first["options"] == {"only": ["web-01"]}
    assert set(first["host"]) == {
        "python", "system", "processor", "processors", "memory_mib", "root", "variables",
    }  # fmt: skip
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d", first["time"])


def test_the_file_is_its_owners_and_named_after_the_run(read: Read, tmp_path: pathlib.Path) -> None:
    assert read()
    (path,) = (tmp_path / "logs").iterdir()
    assert re.fullmatch(rf"\d{{8}}-\d{{6}}-up-{os.getpid()}\.jsonl", path.name)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_was_told(read: Read) -> None:
    log.told("", "making the image")
    log.told("web-01", "booting")
    assert [_of(line) for line in read()[1:]] == [
        {"kind": "told", "text": "making the image"},
        {"kind": "told", "machine": "web-01", "text": "booting"},
    ]


def test_commands(read: Read) -> None:
    with log.command(["qemu-img", "create", secret.Secret("hunter2")]) as record:  # type: ignore[list-item] # pyright: ignore[reportArgumentType]
        record.status = 0
        record.said = "a warning"
    with log.command("probe", machine="web-01", sent=17) as record:
        record.status, record.received = 3, 5
        record.said = "x" * 3000 + "\nno space left"
    first, second = read()[1:]
    assert _of(first) == {
        "kind": "command", "argv": ["qemu-img", "create", "Secret(***)"], "status": 0,
    }  # fmt: skip
    assert _of(second) == {
        "kind": "command", "label": "probe", "machine": "web-01", "sent": 17, "received": 5,
        "status": 3, "said": ("x" * 3000 + "\nno space left")[-log.TAIL:],
    }  # fmt: skip
    assert 0 <= first["seconds"] < 5


def test_a_command_that_raises(read: Read) -> None:
    with pytest.raises(errors.UnreachableError), log.command("probe"):
        raise errors.UnreachableError("web-01 is silent\x1b")
    with pytest.raises(ValueError, match="hunter2"), log.command("probe"):
        raise ValueError("hunter2 is in the message")
    first, second = read()[1:]
    assert first["error"] == "web-01 is silent\\x1b"
    assert (second["error"], second["status"]) == ("ValueError", None)
    assert second["way"][-1].startswith(__file__)
    assert "hunter2" not in json.dumps(second)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (None, {"kind": "end", "code": 1}),
        (errors.LabError("no"), {"kind": "end", "code": 1, "error": "no"}),
    ],
)
def test_the_last_line(read: Read, error: Exception | None, said: dict[str, Any]) -> None:
    log.end(1, error)
    log.told("", "after the end")
    assert [_of(line) for line in read()[1:]] == [said]


def test_the_newest_logs_are_kept(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for number in range(30):
        (folder / f"20200101-0000{number:02}-up-1.jsonl").touch()
    log.begin(folder)
    log.end(0)
    found = log.logs(folder)
    assert len(found) == log.KEPT == 20
    assert found[-1].name == "20200101-000011-up-1.jsonl"
    assert json.loads(found[0].read_text().splitlines()[0])["kind"] == "begin"


def test_nothing_is_logged_where_no_log_has_begun(tmp_path: pathlib.Path) -> None:
    log.asked("up", {})
    log.told("", "x")
    with log.command(["true"]):
        pass
    log.end(0)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_removed_stays_so(read: Read, tmp_path: pathlib.Path) -> None:
    assert read()
    shutil.rmtree(tmp_path / "logs")
    log.told("", "x")
    log.end(0)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: pathlib.Path) -> None:
    (tmp_path / "logs").touch()
    log.asked("up", {})
    log.begin(tmp_path / "logs")
    log.told("", "x")
    assert (tmp_path / "logs").read_bytes() == b""


def test_lines_of_threads_and_processes_stay_whole(read: Read, tmp_path: pathlib.Path) -> None:
    """Other processes append to the very same file here, which real runs do not even do."""
    (path,) = log.logs(tmp_path / "logs")
    code = (
        "import pathlib, sys\n"
        "from labkit import log\n"
        "log._Run.path = pathlib.Path(sys.argv[1])\n"
        "for number in range(200): log.told('other', 'y' * 5000)\n"
    )
    others = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(2)]

    def write() -> None:
        for _ in range(100):
            log.told("web-01", "x" * 5000)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.wait(60) for other in others] == [0, 0]
    texts = [line["text"] for line in read()[1:]]
    assert sorted(set(texts)) == ["x" * 5000, "y" * 5000]
    assert (texts.count("x" * 5000), texts.count("y" * 5000)) == (400, 400)
