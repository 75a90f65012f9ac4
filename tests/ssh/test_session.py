"""One connection to a real server: log-in, scripts, deadlines, and everything that breaks."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, cast

import paramiko
import pytest
from paramiko import common

from labkit import errors, shell
from labkit.providers import base
from labkit.ssh import keys, pipelining, session

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Generator


@contextlib.contextmanager
def _listener(answer: Callable[[socket.socket], None]) -> Generator[int]:
    """Accept connections on 127.0.0.1 and do with each what the test says."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        done = threading.Event()
        held: list[socket.socket] = []

        def serve() -> None:
            while not done.is_set():
                with contextlib.suppress(TimeoutError):
                    plug, _ = server.accept()
                    held.append(plug)
                    answer(plug)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            done.set()
            thread.join()
            for plug in held:
                plug.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_output_and_status(opened: session.Session) -> None:
    assert opened.run("echo hello; exit 3", timeout=60) == session.Result("hello\n", 3)
    # The same connection serves again.
    assert opened.run("", timeout=60) == session.Result("", 0)


def test_both_streams_keep_their_order(opened: session.Session) -> None:
    script = "for n in 1 2 3; do echo out $n; echo err $n >&2; done"
    said = opened.run(script, timeout=60).output.split("\n")
    assert said == ["out 1", "err 1", "out 2", "err 2", "out 3", "err 3", ""]


def test_more_than_a_window_of_output_does_not_deadlock(opened: session.Session) -> None:
    script = "head -c 5000000 /dev/zero | tr '\\0' x; echo; echo complaint >&2; exit 1"
    result = opened.run(script, timeout=60)
    assert (len(result.output), result.output[-11:], result.status) == (
        5_000_011,
        "\ncomplaint\n",
        1,
    )


def test_a_script_of_any_size(opened: session.Session) -> None:
    script = f": '{'x' * 300_000}'\necho done"
    assert opened.run(script, timeout=60) == session.Result("done\n", 0)


def test_programs_do_not_eat_the_script(opened: session.Session) -> None:
    assert opened.run("cat\nread line\necho after", timeout=60).output == "after\n"


def test_bytes_that_are_not_utf_8(opened: session.Session) -> None:
    assert opened.run("printf '\\377\\000\\n'", timeout=60).output == "\ufffd\0\n"


def test_the_script_does_not_show_in_the_process_list(opened: session.Session) -> None:
    script = "secret=hidden-word; tr '\\0' ' ' < /proc/$$/cmdline"
    assert opened.run(script, timeout=60).output == "sh -s "


def test_the_deadline(opened: session.Session, tmp_path: pathlib.Path) -> None:
    slow = shell.line("echo $$ > {}; echo begun; exec sleep 90", tmp_path / "pid")
    start = time.monotonic()
    with pytest.raises(session.DeadlineError) as caught:
        opened.run(slow, timeout=2)
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    assert time.monotonic() - start < 30
    assert caught.value.message == "web-01 did not finish within 2 s"
    assert caught.value.hint == (
        "look at its console and at its load; a slow host needs a longer time limit"
    )
    assert caught.value.output == "begun\n"
    assert caught.value.exit_code == errors.ExitCode.UNREACHABLE
    # The connection is still good.
    assert opened.run("echo again", timeout=60).output == "again\n"


def test_the_deadline_holds_for_a_shell_that_closed_its_output(
    opened: session.Session, tmp_path: pathlib.Path
) -> None:
    slow = shell.line("echo $$ > {}; echo begun; exec sleep 90 >&- 2>&-", tmp_path / "pid")
    start = time.monotonic()
    with pytest.raises(session.DeadlineError) as caught:
        opened.run(slow, timeout=2)
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    assert time.monotonic() - start < 30
    assert caught.value.output == "begun\n"


def test_endless_output_ends(opened: session.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_LIMIT", 1 << 20)
    with pytest.raises(errors.UnreachableError, match=r"^web-01 printed more than 1 MiB$"):
        opened.run("yes", timeout=60)


def test_a_connection_that_is_cut_in_mid_run(opened: session.Session) -> None:
    # The shell's parent is the server's process for this connection.
    with pytest.raises(errors.UnreachableError) as caught:
        opened.run("echo begun; kill -9 $PPID; sleep 1; echo never", timeout=60)
    assert caught.value.message == (
        "the connection to web-01 broke: it ended without an exit status"
    )


def test_a_shell_that_is_killed(opened: session.Session) -> None:
    with pytest.raises(errors.UnreachableError) as caught:
        opened.run("kill -9 $$", timeout=60)
    assert caught.value.message == (
        "the connection to web-01 broke: it ended without an exit status"
    )


def test_close_twice_and_open_again(opened: session.Session) -> None:
    opened.close()
    opened.close()
    assert opened.run("echo back", timeout=60).output == "back\n"


def test_another_host_key_is_refused_before_anything_is_sent(
    endpoint: Callable[..., base.Endpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        pytest.fail("something was sent to a machine that is not ours")

    monkeypatch.setattr("paramiko.transport.Transport.auth_publickey", never)
    monkeypatch.setattr("paramiko.transport.Transport.open_session", never)
    wrong = endpoint(pinned=keys.generate("another").public)
    with session.Session(wrong) as made, pytest.raises(errors.UnreachableError) as caught:
        made.run("echo never", timeout=60)
    assert caught.value.message == (
        "web-01 showed another host key than the one pinned when it was made"
    )
    assert caught.value.hint == (
        f"something else answers on 127.0.0.1:{wrong.port}; nothing was sent to it. If the machine "
        "was replaced on purpose, destroy the lab and bring it up again"
    )


def test_an_unknown_host_is_refused(endpoint: Callable[..., base.Endpoint]) -> None:
    unknown = endpoint(pinned="")
    with session.Session(unknown) as made, pytest.raises(errors.UnreachableError) as caught:
        made.open(60)
    assert caught.value.message == (
        f"web-01 does not answer on 127.0.0.1:{unknown.port}: "
        f"Server '[127.0.0.1]:{unknown.port}' not found in known_hosts"
    )


def test_another_login_key_is_refused(endpoint: Callable[..., base.Endpoint]) -> None:
    place = endpoint()
    other = place.known_hosts.with_name("other")
    other.touch(mode=0o600)
    other.write_text(keys.generate("other").private.reveal())
    stranger = base.Endpoint("web-01", place.host, place.port, place.user, other, place.known_hosts)
    with session.Session(stranger) as made, pytest.raises(errors.UnreachableError) as caught:
        made.open(60)
    assert caught.value.message == (
        f"web-01 does not answer on 127.0.0.1:{place.port}: Authentication failed."
    )


def test_nobody_listens(endpoint: Callable[..., base.Endpoint]) -> None:
    place = endpoint(port=_free_port())
    with pytest.raises(errors.UnreachableError) as caught:
        session.Session(place).open(60)
    assert caught.value.message == (
        f"web-01 does not answer on 127.0.0.1:{place.port}: [Errno 111] Connection refused"
    )


def test_a_listener_that_says_nothing_is_given_up_soon(
    endpoint: Callable[..., base.Endpoint],
) -> None:
    with _listener(lambda _: None) as port:
        start = time.monotonic()
        with pytest.raises(errors.UnreachableError) as caught:
            session.Session(endpoint(port=port)).open(60, banner=0.3)
        assert time.monotonic() - start < 30
    assert caught.value.message == f"web-01 does not answer on 127.0.0.1:{port}: timed out"


def _hang_up(plug: socket.socket) -> None:
    """Close one's own side, and take what the other says: else that may be told of a reset."""
    plug.settimeout(10)
    plug.shutdown(socket.SHUT_WR)
    with contextlib.suppress(OSError):
        while plug.recv(4096):
            pass


@pytest.mark.parametrize(
    ("banner", "said"), [(60.0, "closed at once"), (None, "Error reading SSH protocol banner")]
)
def test_a_listener_that_hangs_up(
    endpoint: Callable[..., base.Endpoint], banner: float | None, said: str
) -> None:
    with (
        _listener(_hang_up) as port,
        pytest.raises(errors.UnreachableError) as caught,
    ):
        session.Session(endpoint(port=port)).open(60, banner=banner)
    assert caught.value.message == f"web-01 does not answer on 127.0.0.1:{port}: {said}"


def test_a_listener_that_speaks_something_else(endpoint: Callable[..., base.Endpoint]) -> None:
    with (
        _listener(lambda plug: plug.sendall(b"HTTP/1.1 400 Bad Request\r\n" * 200)) as port,
        pytest.raises(errors.UnreachableError) as caught,
    ):
        session.Session(endpoint(port=port)).open(2)
    assert caught.value.message.startswith(f"web-01 does not answer on 127.0.0.1:{port}: ")
    assert "HTTP/1.1 400 Bad Request" in caught.value.message


def test_nothing_of_the_library_shows_on_the_terminal() -> None:
    # Without any handler, Python prints a library's errors with their tracebacks on stderr.
    assert logging.getLogger("paramiko").handlers


def test_wait_narrates_each_new_answer_once(endpoint: Callable[..., base.Endpoint]) -> None:
    place = endpoint()
    told: list[str] = []
    made = session.Session(place)
    answers = iter(["is booting", "is booting", "is nearly there"])

    def open_later(timeout: float = 60.0, *, banner: float | None = None) -> None:
        for answer in answers:
            raise errors.UnreachableError(f"web-01 {answer}")
        session.Session.open(made, timeout, banner=banner)

    made.open = open_later
    with made:
        session.wait(made, timeout=60, narrate=told.append)
        assert made.run("echo up", timeout=60).output == "up\n"
    assert told == ["waiting for SSH: web-01 is booting", "waiting for SSH: web-01 is nearly there"]


def test_wait_gives_up_with_the_last_answer(endpoint: Callable[..., base.Endpoint]) -> None:
    place = endpoint(port=_free_port())
    told: list[str] = []
    with pytest.raises(errors.UnreachableError) as caught:
        session.wait(session.Session(place), timeout=0.7, narrate=told.append)
    last = f"web-01 does not answer on 127.0.0.1:{place.port}: [Errno 111] Connection refused"
    assert caught.value.message == last
    assert told == [f"waiting for SSH: {last}"]


def test_wait_does_not_wait_for_another_host_key(endpoint: Callable[..., base.Endpoint]) -> None:
    wrong = session.Session(endpoint(pinned=keys.generate("another").public))
    told: list[str] = []
    start = time.monotonic()
    with pytest.raises(errors.UnreachableError, match="another host key"):
        session.wait(wrong, timeout=60, narrate=told.append)
    assert time.monotonic() - start < 30
    assert told == []


def test_wait_ends_when_the_machine_has_died(endpoint: Callable[..., base.Endpoint]) -> None:
    def dead() -> None:
        raise errors.ProviderError("the QEMU process of web-01 has ended")

    made = session.Session(endpoint(port=_free_port()))
    with pytest.raises(errors.ProviderError, match=r"^the QEMU process of web-01 has ended$"):
        session.wait(made, timeout=60, narrate=lambda _: None, alive=dead)


def test_an_answer_that_comes_before_anybody_waits_for_it(
    endpoint: Callable[..., base.Endpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = cast("Any", paramiko.Transport)

    def slowly(transport: pipelining.Transport, message: paramiko.Message) -> None:
        plain._send_message(transport, message)
        deadline = time.monotonic() + 60
        asked = message.asbytes().startswith(common.cMSG_USERAUTH_REQUEST)
        while asked and not cast("Any", transport).auth_handler.authenticated:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    monkeypatch.setattr(pipelining.Transport, "_send_message", slowly)
    start = time.monotonic()
    with session.Session(endpoint()) as made:
        made.open(600)
        assert made.run("echo hello", timeout=60).output == "hello\n"
    assert time.monotonic() - start < 120


def test_the_session_is_there_with_the_log_in(opened: session.Session) -> None:
    transport = cast("Any", opened)._connection.transport
    assert transport.asked is not None
    assert opened.run("echo first", timeout=60).output == "first\n"
    assert transport.asked is None
    assert opened.run("echo second", timeout=60).output == "second\n"


def test_begin_logs_in_or_leaves_it_to_whoever_needs_it(
    endpoint: Callable[..., base.Endpoint],
) -> None:
    with session.Session(endpoint()) as made:
        made.begin()
        assert cast("Any", made)._connection.is_connected
        assert made.run("echo hello", timeout=60).output == "hello\n"
    with session.Session(endpoint(port=_free_port())) as made:
        made.begin()
        with pytest.raises(errors.UnreachableError, match="Connection refused"):
            made.run("echo never", timeout=60)
