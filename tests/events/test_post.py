"""A lab on a student's computer tells a board; the board here is the real one."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from labkit import errors
from labkit.board import roll, server
from labkit.events import post
from tests.board import desks

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Generator

    from labkit import workspace


@pytest.fixture
def labs(tmp_path: pathlib.Path) -> roll.Roll:
    return roll.Roll([desks.desk(tmp_path, "far", local=False)], tmp_path / "store")


@pytest.fixture
def space(tmp_path: pathlib.Path) -> workspace.Workspace:
    return desks.space(tmp_path, "far")


@contextlib.contextmanager
def serving(labs: roll.Roll, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    with server.Server(("127.0.0.1", 0), "k8s", labs, "word", lambda _: None) as board:
        thread = threading.Thread(target=board.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("LAB_BOARD", f"http://127.0.0.1:{board.server_port}")
        yield
        board.shutdown()
        thread.join()


def test_what_is_new_is_sent(
    labs: roll.Roll, space: workspace.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    with serving(labs, monkeypatch):
        for _ in range(30):  # more than one message
            desks.up(space, "/etc/motd")
        post.send(space, said.append)
        assert labs.look()[0].standing.state == "broken"
        desks.up(space)
        post.send(space, said.append)
        assert labs.look()[0].standing.state == "verified"
        (space.path / "events.sent").unlink()  # lost: the board says how far it is
        desks.up(space, "/etc/motd")
        post.send(space, said.append)
        assert labs.look()[0].standing.state == "broken"
    assert said == []


def test_a_board_that_does_not_answer_is_told_next_time(
    labs: roll.Roll, space: workspace.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("LAB_BOARD", f"http://127.0.0.1:{free.getsockname()[1]}")
    said: list[str] = []
    desks.up(space)
    post.send(space, said.append)
    assert said == [
        "the teacher's board was not told: [Errno 111] Connection refused; it is told next time"
    ]
    with serving(labs, monkeypatch):
        post.send(space, said.append)
        assert labs.look()[0].standing.state == "verified"


def test_a_board_that_refuses(
    tmp_path: pathlib.Path, space: workspace.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    desks.desk(tmp_path, "far")
    desks.up(space)
    said: list[str] = []
    with serving(roll.Roll([], tmp_path / "store"), monkeypatch):
        post.send(space, said.append)
    assert said == [
        (
            "the teacher's board was not told: it says 'a message is of one lab of this class'; "
            "it is told next time"
        )
    ]


def test_without_a_board(space: workspace.Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_BOARD", "http://127.0.0.1:9")
    post.send(space, pytest.fail)  # nothing was written yet


@pytest.mark.parametrize("address", ["https://x", "127.0.0.1:80", "http://", "file:///etc"])
def test_what_is_no_address(
    labs: roll.Roll, space: workspace.Workspace, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    del labs
    desks.up(space)
    monkeypatch.setenv("LAB_BOARD", address)
    with pytest.raises(errors.LabError) as caught:
        post.send(space, pytest.fail)
    assert caught.value.message == f"LAB_BOARD is no address of a board: '{address}'"
    assert caught.value.hint == "'class.board' prints it, for example http://192.0.2.10:8080"
