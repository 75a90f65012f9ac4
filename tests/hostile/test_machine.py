"""What a hostile machine learns and sends: nothing of the host, and text only."""

from __future__ import annotations

import pathlib
import re
from typing import TYPE_CHECKING

import pytest

from labkit.ssh import session

if TYPE_CHECKING:
    import types

ROOT = pathlib.Path(__file__).parents[2]
PAGES = (ROOT / "SECURITY.md", ROOT / "docs" / "explanation" / "security.md")


def test_no_agent_and_no_variable_reaches_a_machine(
    server: types.SimpleNamespace, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    monkeypatch.setenv("PLANTED_TOKEN", "planted")
    monkeypatch.setenv("LC_PLANTED", "planted")  # what sshd_config of distributions accepts
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(f"[127.0.0.1]:{server.port} {' '.join(server.host_key.split()[:2])}\n")
    with session.Session(server.endpoint(known_hosts)) as opened:
        shown = opened.run("env; echo agent=${SSH_AUTH_SOCK:-none}", timeout=60, root=False).output
    assert "agent=none\n" in shown
    assert "planted" not in shown
    assert "SSH_CONNECTION=127.0.0.1" in shown, "it was the machine's environment"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_test_that_a_page_names_is_there(page: pathlib.Path) -> None:
    text = page.read_text(encoding="utf-8")
    for file, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text):
        content = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^def {name}\(", content, re.MULTILINE), f"{file}::{name}"


def test_each_claim_has_a_test() -> None:
    text = PAGES[0].read_text(encoding="utf-8")
    start, end = text.index("## What is defended"), text.index("## What is not defended")
    claims = re.split(r"(?m)^- ", text[start:end])[1:]
    assert len(claims) > 10
    assert [claim for claim in claims if "`tests/" not in claim] == []
