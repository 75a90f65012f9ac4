"""What a machine of a box is told at its first log-in."""

from __future__ import annotations

import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from labkit import errors, secret, shell
from labkit.images import carried
from labkit.providers.virtualbox import adopt
from labkit.ssh import keys, patience
from labkit.vagrant import output

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterator

HOST = keys.KeyPair(secret.Secret("PRIVATE ${HOME}'s\nKEY\n"), "ssh-ed25519 AAAA it's")


def test_a_shell_reads_the_script() -> None:
    text = adopt.script("vagrant", "ssh-ed25519 BBBB $(touch hole)", HOST)
    assert "'PRIVATE ${HOME}'\"'\"'s\nKEY'" in text
    assert "'ssh-ed25519 BBBB $(touch hole)'" in text
    subprocess.run(["sh", "-n", "-c", text], check=True)


def test_files_that_it_is_born_with(tmp_path: pathlib.Path) -> None:
    where = tmp_path / "it's" / "here"
    file = carried.File(str(where), "a $(touch hole)\nb\n", 0o600)
    text = adopt.script("vagrant", "k", HOST, [file])
    subprocess.run(["sh", "-n", "-c", text], check=True)
    own = text[text.index(f"mkdir -p {shell.quote(where.parent)}") :].partition(
        "! command -v nmcli"
    )[0]
    subprocess.run(["sh", "-euc", own], cwd=tmp_path, check=True)
    assert where.read_text() == file.text
    assert where.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in where.parent.iterdir()) == ["here"]
    assert text.endswith("systemctl restart sshd\n")
    assert "nmcli" not in adopt.script("vagrant", "k", HOST)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def adopted(tmp_path: pathlib.Path, told: list[str]) -> Iterator[Callable[..., None]]:
    """Return what gives keys to a machine whose port is taken and nobody listens at."""
    key = tmp_path / "key"
    key.touch()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        ssh = output.Ssh("127.0.0.1", taken.getsockname()[1], "vagrant", (key,))

        def adopt_it(patience: float, alive: Callable[[], None]) -> None:
            adopt.adopt(
                "web-01",
                ssh,
                user="vagrant",
                login="k",
                host=HOST,
                files=(),
                scratch=tmp_path / "s",
                patience=patience,
                narrate=told.append,
                alive=alive,
            )

        yield adopt_it


def test_nobody_listens(adopted: Callable[..., None], told: list[str]) -> None:
    with pytest.raises(errors.UnreachableError, match="web-01 does not answer on"):
        adopted(0.0, lambda: None)
    assert told == []


def test_a_machine_that_is_still_booting_is_waited_for(
    adopted: Callable[..., None], told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_PAUSE", 0.0)
    looks = 0

    def alive() -> None:
        nonlocal looks
        looks += 1
        if looks == 4:
            raise errors.ProviderError("web-01 has gone off in VirtualBox")

    with pytest.raises(errors.ProviderError, match="has gone off"):
        adopted(600.0, alive)
    (said,) = told  # three times the same answer
    assert said.startswith("waiting for SSH: web-01 does not answer on 127.0.0.1:")
