"""The user's own ssh_config: one line more, and nothing else ever."""

from __future__ import annotations

import pathlib
import shutil
import stat
import subprocess

import pytest

from labkit import errors
from labkit.lifecycle import ssh_include
from labkit.providers import base
from labkit.workspace import registry

_ENTRY = registry.Entry(pathlib.Path("/srv/it's my lab"), "demo")
_OTHER = registry.Entry(pathlib.Path("/srv/other"), "other")
_OWN = b"# mine \xff\r\nHost *\n\tForwardAgent yes\n  User me"


@pytest.fixture(autouse=True)
def ssh(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    home = tmp_path / "my home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    return home / ".ssh"


def _endpoints(port: int = 10022) -> list[base.Endpoint]:
    nowhere = pathlib.Path("/srv/none")
    return [base.Endpoint("web-01", "127.0.0.1", port, "lab", nowhere, nowhere)]


def _asked(config: pathlib.Path, host: str) -> dict[str, str]:
    if not shutil.which("ssh"):
        pytest.skip("ssh is not installed (package openssh-client)")
    done = subprocess.run(
        ["ssh", "-G", "-F", str(config), host], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


def test_ssh_finds_the_machine_by_its_long_name_only(ssh: pathlib.Path) -> None:
    ssh.mkdir()
    (ssh / "config").write_bytes(_OWN.replace(b"\xff", b""))
    ssh_include.install(_ENTRY, _endpoints())
    found = _asked(ssh / "config", "demo-web-01")
    assert (found["port"], found["user"], found["forwardagent"]) == ("10022", "lab", "no")
    other = _asked(ssh / "config", "web-01")
    assert (other["port"], other["user"]) == ("22", "me")


def test_nothing_but_the_line_changes(ssh: pathlib.Path) -> None:
    ssh.mkdir()
    config = ssh / "config"
    config.write_bytes(_OWN)
    config.chmod(0o640)
    ssh_include.install(_ENTRY, _endpoints())
    line = f'Include "{ssh}/labkit/*.conf"\n'.encode()
    assert config.read_bytes() == line + _OWN
    assert stat.S_IMODE(config.stat().st_mode) == 0o640
    ssh_include.install(_ENTRY, _endpoints())
    ssh_include.install(_OTHER, _endpoints())
    assert config.read_bytes() == line + _OWN
    assert ssh_include.remove(_ENTRY) == (ssh / "labkit" / "demo.conf",)
    assert config.read_bytes() == line + _OWN
    assert ssh_include.remove(_OTHER) == (ssh / "labkit" / "other.conf", config)
    assert config.read_bytes() == _OWN
    assert stat.S_IMODE(config.stat().st_mode) == 0o640
    assert [path.name for path in ssh.iterdir()] == ["config"]
    assert ssh_include.remove(_OTHER) == ()


def test_what_is_not_there_is_made_for_the_owner_only(ssh: pathlib.Path) -> None:
    path = ssh_include.install(_ENTRY, _endpoints())
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (ssh, ssh / "config", path)]
    assert modes == [0o700, 0o600, 0o600]


def test_a_link_is_followed(ssh: pathlib.Path, tmp_path: pathlib.Path) -> None:
    real = tmp_path / "dotfiles" / "ssh_config"
    real.parent.mkdir()
    real.write_bytes(_OWN)
    ssh.mkdir()
    (ssh / "config").symlink_to(real)
    ssh_include.install(_ENTRY, _endpoints())
    assert (ssh / "config").readlink() == real
    assert real.read_bytes().endswith(b'*.conf"\n' + _OWN)
    ssh_include.remove(_ENTRY)
    assert real.read_bytes() == _OWN


def test_a_file_that_cannot_be_written_stays_as_it_is(
    ssh: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh.mkdir()
    (ssh / "config").write_bytes(_OWN)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pathlib.Path, "chmod", refuse)
    with pytest.raises(errors.LabError) as caught:
        ssh_include._replace(b"new")  # pyright: ignore[reportPrivateUsage]
    assert caught.value.message == f"{ssh}/config cannot be written: No space left on device"
    assert caught.value.hint == (
        f'its content is as it was; add this line at its top by hand: Include "{ssh}/labkit/*.conf"'
    )
    assert (ssh / "config").read_bytes() == _OWN
    assert [path.name for path in ssh.iterdir()] == ["config"]


def test_only_an_installed_lab_is_refreshed(ssh: pathlib.Path) -> None:
    ssh_include.refresh(_ENTRY, _endpoints())
    assert not ssh.exists()
    ssh_include.install(_ENTRY, _endpoints())
    ssh_include.refresh(_ENTRY, _endpoints(10099))
    assert "Port 10099\n" in (ssh / "labkit" / "demo.conf").read_text()
    elsewhere = registry.Entry(pathlib.Path("/srv/elsewhere"), "demo")
    ssh_include.refresh(elsewhere, _endpoints(10100))
    assert "Port 10099\n" in (ssh / "labkit" / "demo.conf").read_text()


def test_files_that_are_not_ours_are_left_alone(ssh: pathlib.Path) -> None:
    (ssh / "labkit").mkdir(parents=True)
    for number, text in enumerate(["", "Host x\n", "# labkit: {}\n", "# labkit: []\n"]):
        (ssh / "labkit" / f"{number}.conf").write_text(text)
    assert ssh_include.installed() == []
    ssh_include.install(_ENTRY, _endpoints())
    assert [each.entry for each in ssh_include.installed()] == [_ENTRY]
    ssh_include.remove(_ENTRY)
    assert len(list((ssh / "labkit").iterdir())) == 4


def test_a_home_that_cannot_be_included(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/[a]")
    with pytest.raises(errors.LabError) as caught:
        ssh_include.line()
    assert caught.value.message == (
        "the path '/home/[a]/.ssh/labkit/*.conf' cannot be included into an ssh_config"
    )
    assert caught.value.hint == "use 'ssh -F' with the lab's own ssh_config instead"
