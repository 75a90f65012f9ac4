"""The keys of a lab."""

from __future__ import annotations

import shutil
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from labkit import workspace
from labkit.ssh import keyring, keys

if TYPE_CHECKING:
    import pathlib

    from labkit.plan import model


@pytest.fixture
def space(tmp_path: pathlib.Path) -> workspace.Workspace:
    made = workspace.Workspace(tmp_path, "k8s-manual")
    made.make()
    return made


def test_keys_are_made_once(default_lab: model.Lab, space: workspace.Workspace) -> None:
    first = keyring.ensure(default_lab, space)
    assert keyring.ensure(default_lab, space) == first
    publics = [each.public for each in (first.login, first.ansible, *first.hosts.values())]
    assert len(set(publics)) == 6
    assert first.login.public.endswith(" labkit@k8s-manual")


def test_every_machine_is_pinned(default_lab: model.Lab, space: workspace.Workspace) -> None:
    ring = keyring.ensure(default_lab, space)
    lines = space.known_hosts.read_text(encoding="utf-8").splitlines()
    for machine, line in zip(default_lab.machines, lines, strict=True):
        kind, key, comment = ring.hosts[machine.name].public.split()
        assert (kind, comment) == ("ssh-ed25519", machine.name)
        assert line == f"[127.0.0.1]:{machine.ssh_port} {kind} {key}"


def test_private_halves_are_for_the_owner_only(
    default_lab: model.Lab, space: workspace.Workspace
) -> None:
    ring = keyring.ensure(default_lab, space)
    assert "PRIVATE" not in repr(ring)
    folder = space.path / "keys"
    private = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pub"]
    assert len(private) == 6
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "hosts")} == {0o700}


@pytest.mark.parametrize("half", ["login", "login.pub"])
def test_half_a_pair_is_made_anew(
    default_lab: model.Lab, space: workspace.Workspace, half: str
) -> None:
    before = keyring.ensure(default_lab, space)
    (space.path / "keys" / half).unlink()
    after = keyring.ensure(default_lab, space)
    assert after.login != before.login
    assert after.ansible == before.ansible
    text = (space.path / "keys" / "login.pub").read_text(encoding="utf-8")
    assert text == f"{after.login.public}\n"


def test_openssh_reads_them(tmp_path: pathlib.Path) -> None:
    program = shutil.which("ssh-keygen")
    if program is None:
        pytest.skip("ssh-keygen is not installed (package openssh-client)")
    pair = keys.generate("someone@somewhere")
    path = tmp_path / "key"
    workspace.write(path, pair.private.reveal())
    done = subprocess.run(
        [program, "-y", "-f", str(path)], capture_output=True, text=True, check=True, timeout=20
    )
    assert done.stdout.split()[:2] == pair.public.split()[:2]


def test_keys_are_found_without_being_made(
    default_lab: model.Lab, space: workspace.Workspace
) -> None:
    assert keyring.existing(default_lab, space) is None
    made = keyring.ensure(default_lab, space)
    assert keyring.existing(default_lab, space) == made
    (space.path / "keys" / "hosts" / "k8s-minion-02").unlink()
    assert keyring.existing(default_lab, space) is None
    assert not (space.path / "keys" / "hosts" / "k8s-minion-02").exists()
