"""The checks that lab.yml adds, asked of a real shell and of servers on the loopback card."""

from __future__ import annotations

import contextlib
import dataclasses
import http.server
import socket
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from labkit.checks import own
from labkit.converge import script

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Generator

    from labkit.checks import base
    from labkit.plan import model

    Ask = Callable[[str], list[base.Seen]]

_LAB = """
lab: small
machines:
  ansible-01: {{roles: [ansible], nat: 10.0.2.51, hostonly: 192.168.56.51}}
  web-01: {{roles: [minion], nat: 10.0.2.61, hostonly: 192.168.56.61}}
checks:
  it: {what}
"""
_HERE = "127.0.0.1"


def _here(check: model.OwnCheck) -> model.OwnCheck:
    """Turn a port of a machine into one of this host."""
    machine = {"machine": _HERE} if check.kind == "port" else {}
    return dataclasses.replace(check, wanted={**check.wanted, **machine})


@pytest.fixture
def ask(plan_of: Callable[[str], model.Lab]) -> Ask:
    def run(what: str) -> list[base.Seen]:
        lab = plan_of(_LAB.format(what=what))
        lab = dataclasses.replace(lab, checks=tuple(map(_here, lab.checks)))
        (check,) = own.of(lab).values()
        probe = check.probe(lab, lab.machines[0])
        assert probe is not None
        batch = script.batch([probe])
        done = subprocess.run(
            ["sh", "-c", batch.text],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        (answer,) = batch.answers(done.stdout)
        return list(check.read(lab, lab.machines[0], answer))

    return run


def _said(seen: list[base.Seen]) -> list[tuple[str, bool, str, str]]:
    return [(each.subject, each.ok, each.expected, each.actual) for each in seen]


def test_a_command_that_prints_what_it_should(ask: Ask) -> None:
    what = (
        """{command: {run: 'printf "it''s; \\$HOME\\n"', output: it's; $HOME, contains: "; $"}}"""
    )
    run = 'printf "it\'s; \\$HOME\\n"'
    assert _said(ask(what)) == [
        (f"status of '{run}'", True, "0", "0"),
        (f"output of '{run}'", True, "it's; $HOME", "it's; $HOME"),
        (f"text in output of '{run}'", True, "; $", "; $"),
    ]


def test_a_command_that_does_not(ask: Ask) -> None:
    what = "{command: {run: echo left; exit 3, status: 2, output: right, contains: i}}"
    assert _said(ask(what)) == [
        ("status of 'echo left; exit 3'", False, "2", "3: left"),
        ("output of 'echo left; exit 3'", False, "right", "left"),
        ("text in output of 'echo left; exit 3'", False, "i", "left"),
    ]
    assert ask("{command: {run: exit 7, status: 7, output: ''}}")[1].ok


def test_a_command_that_is_no_shell_text_is_an_answer(ask: Ask) -> None:
    (seen,) = ask("""{command: {run: "echo 'begun"}}""")
    assert not seen.ok
    assert seen.actual.startswith("2: ")


def test_a_command_has_half_a_minute(plan_of: Callable[[str], model.Lab]) -> None:
    lab = plan_of(_LAB.format(what="{command: {run: sleep 999}}"))
    probe = own.of(lab)["checks.it"].probe(lab, lab.machines[0])
    assert probe == "timeout --kill-after=5 30 sh -c 'sleep 999'"


def test_a_file_that_is_as_it_should_be(ask: Ask, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "it's here"
    file.write_text("-e one\ntwo\n")
    file.chmod(0o640)
    what = f"""{{file: {{path: "{file}", mode: "0640", contains: "-e one"}}}}"""
    assert _said(ask(what)) == [
        (str(file), True, "there", "there"),
        (f"mode of {file}", True, "0640", "0640"),
        (f"text in {file}", True, "-e one", "-e one"),
    ]
    file.chmod(0o007)
    seen = ask(f"""{{file: {{path: "{file}", mode: "0600", contains: "three"}}}}""")
    assert _said(seen)[1:] == [
        (f"mode of {file}", False, "0600", "0007"),
        (f"text in {file}", False, "three", "not there"),
    ]
    seen = ask(f"""{{file: {{path: "{file}", exists: false}}}}""")
    assert _said(seen) == [(str(file), False, "not there", "there")]


def test_of_a_file_that_is_not_there_nothing_more_is_asked(
    ask: Ask, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "none"
    seen = ask(f"""{{file: {{path: "{file}", mode: "0640", contains: x}}}}""")
    assert _said(seen) == [(str(file), False, "there", "not there")]
    assert ask(f"""{{file: {{path: "{file}", exists: false}}}}""")[0].ok


def test_a_port_is_open_or_closed(ask: Ask) -> None:
    with socket.create_server((_HERE, 0)) as server:
        port = server.getsockname()[1]
        is_open = ask(f"{{port: {{machine: web-01, port: {port}}}}}")
        but_should_not = ask(f"{{port: {{machine: web-01, port: {port}, open: false}}}}")
    is_closed = ask(f"{{port: {{machine: web-01, port: {port}, open: false}}}}")
    but_should_be = ask(f"{{port: {{machine: web-01, port: {port}}}}}")
    subject = f"port {port} of {_HERE}"
    assert _said(is_open) == [(subject, True, "open", "open")]
    assert _said(but_should_not) == [(subject, False, "closed", "open")]
    assert _said(is_closed) == [(subject, True, "closed", "closed")]
    refused = "closed: [Errno 111] Connection refused"
    assert _said(but_should_be) == [(subject, False, "open", refused)]


def test_a_port_without_a_machine_is_the_asked_ones_own(
    plan_of: Callable[[str], model.Lab],
) -> None:
    lab = plan_of(_LAB.format(what="{port: {port: 80}}"))
    probe = own.of(lab)["checks.it"].probe(lab, lab.machine("web-01"))
    assert probe is not None
    assert probe.endswith(" 5 192.168.56.61 80")


class _Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()
        self.wfile.write(b"all is well\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        del format, args


@contextlib.contextmanager
def _web() -> Generator[str]:
    with http.server.HTTPServer((_HERE, 0), _Web) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://{_HERE}:{server.server_port}"
        server.shutdown()
        thread.join()


def test_what_a_web_server_answers(ask: Ask) -> None:
    with _web() as url:
        assert _said(ask(f"{{http: {{url: '{url}/health', contains: is well}}}}")) == [
            (f"status of {url}/health", True, "200", "200"),
            (f"text in {url}/health", True, "is well", "is well"),
        ]
        assert _said(ask(f"{{http: {{url: '{url}/health', contains: bad}}}}"))[1:] == [
            (f"text in {url}/health", False, "bad", "all is well")
        ]
        assert ask(f"{{http: {{url: '{url}/none', status: 404, contains: well}}}}")[1].ok
        # The text of another answer than the expected one means nothing.
        assert _said(ask(f"{{http: {{url: '{url}/none', contains: well}}}}")) == [
            (f"status of {url}/none", False, "200", "404")
        ]
    (seen,) = ask(f"{{http: {{url: '{url}/health'}}}}")
    assert (seen.ok, seen.actual) == (False, "<urlopen error [Errno 111] Connection refused>")


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("", ("ansible-01", "web-01")),
        ("machines: [web-01], ", ("web-01",)),
        ("machines: [ansible], ", ("ansible-01",)),
        ("machines: [worker, ansible-01], ", ("ansible-01", "web-01")),
    ],
)
def test_who_is_asked(
    plan_of: Callable[[str], model.Lab], said: str, asked: tuple[str, ...]
) -> None:
    lab = plan_of(_LAB.format(what=f"{{{said}file: {{path: /etc/motd}}}}"))
    (check,) = own.of(lab).values()
    names = tuple(each.name for each in lab.machines if check.probe(lab, each) is not None)
    assert names == lab.checks[0].machines == asked
