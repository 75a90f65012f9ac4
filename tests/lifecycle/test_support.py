"""A bundle for a bug report, with names and secrets planted in all that it is made of."""

from __future__ import annotations

import getpass
import json
import socket
import stat
import tarfile
from typing import TYPE_CHECKING

import pytest

from labkit import errors, log
from labkit.lifecycle import context, doctor, support
from labkit.providers import base

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping

_LAB = """\
lab: planted
# made by tanaka on lecturer-pc; password: geheim-1
dns: {servers: [10.194.5.11]}
machines:
  web-01: {nat: 10.0.2.61, hostonly: 192.168.56.61}
"""
_SECRETS = ("geheim-1", "geheim-2", "geheim-3", "geheim-4")
_PEOPLE = ("tanaka", "lecturer-pc", "10.194.5.11", "198.51.100.7")


@pytest.fixture
def home(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    home = tmp_path / "tanaka"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LAB_CACHE", str(home / "cache"))
    monkeypatch.setenv("COURSE_TOKEN", "geheim-4")
    monkeypatch.setattr(getpass, "getuser", lambda: "tanaka")
    monkeypatch.setattr(socket, "gethostname", lambda: "lecturer-pc.example")
    (home / "lab").mkdir(parents=True)
    (home / "lab" / "lab.yml").write_text(_LAB)
    log_of_image = home / "cache" / "log" / "image-debian-12.log"
    log_of_image.parent.mkdir(parents=True)
    log_of_image.write_text("old\n" * 500 + "https://tanaka:geheim-3@mirror.example/\n")
    return home


@pytest.fixture
def lab(home: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> context.Context:
    """A lab that has run."""
    opened = context.open_lab(home / "lab" / "lab.yml")
    finding = base.Finding("port 1", ok=False, detail=f"in use by {home}/x of tanaka")
    monkeypatch.setattr(doctor, "doctor", lambda _: [finding])  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    assert opened.keys.hosts
    log.asked("up", {"file": str(home / "lab" / "lab.yml")})
    log.begin(opened.space.logs)
    log.told("web-01", f"waiting for 198.51.100.7 {opened.keys.login.private.reveal()}")
    with log.command(["x", "--password", "geheim-2"]):
        pass
    log.end(0)
    console = opened.space.machine("web-01") / "console.log"
    console.parent.mkdir(parents=True)
    key = (opened.space.path / "keys" / "ansible").read_text().splitlines()[1]
    console.write_text(f"\x1b[31mlogin: token=geheim-2\n{key}\n")
    (console.parent / "seed").write_text("geheim-1")
    return opened


def _read(path: pathlib.Path) -> Mapping[str, str]:
    with tarfile.open(path) as tar:
        files = {member.name: tar.extractfile(member) for member in tar.getmembers()}
        return {name.split("/", 1)[1]: file.read().decode() for name, file in files.items() if file}


def test_a_bundle(lab: context.Context, tmp_path: pathlib.Path, home: pathlib.Path) -> None:
    bundle = support.support(lab.folder / "lab.yml", tmp_path)
    assert stat.S_IMODE(bundle.path.stat().st_mode) == 0o600
    texts = _read(bundle.path)
    (run,) = [name for name in texts if name.startswith("planted/logs/")]
    assert set(texts) == {
        "README.txt", "versions.txt", "lab.yml", "plan.json", "doctor.txt", run,
        "planted/consoles/web-01.txt", "images/image-debian-12.log",
    }  # fmt: skip
    assert bundle.names == tuple(sorted(texts))
    everything = "\n".join(texts.values())
    for word in (*_SECRETS, *_PEOPLE, str(home), "PRIVATE KEY"):
        assert word not in everything, word
    keys = [path for path in (lab.space.path / "keys").rglob("*") if path.is_file()]
    lines = {line for path in keys for line in path.read_text().split() if len(line) > 20}
    assert len(lines) >= 6
    assert [line for line in lines if line in everything] == []


def test_what_says_how_the_lab_is_stays(lab: context.Context, tmp_path: pathlib.Path) -> None:
    texts = _read(support.support(lab.folder / "lab.yml", tmp_path).path)
    assert "# made by USER on HOST; password: ***\n" in texts["lab.yml"]
    assert "hostonly: 192.168.56.61" in texts["lab.yml"]
    assert json.loads(texts["plan.json"])["name"] == "planted"
    assert texts["doctor.txt"] == "failed port 1: in use by HOME/x of USER\n"
    assert texts["planted/consoles/web-01.txt"] == "login: token=***\n***\n"
    assert texts["images/image-debian-12.log"].count("\n") == 200
    assert texts["images/image-debian-12.log"].endswith("https://***@mirror.example/\n")
    assert "labkit: " in texts["versions.txt"]
    assert (
        "ssh: OpenSSH" in texts["versions.txt"]
        or "ssh: ssh cannot be run" in (texts["versions.txt"])
    )


def test_the_bundle_says_what_was_replaced(lab: context.Context, tmp_path: pathlib.Path) -> None:
    bundle = support.support(lab.folder / "lab.yml", tmp_path)
    assert set(bundle.replaced) == {
        "addresses", "folders", "host names", "keys", "secrets", "user names",
    }  # fmt: skip
    readme = _read(bundle.path)["README.txt"]
    for kind, count in bundle.replaced.items():
        assert f"  {kind}: {count}\n" in readme
    assert all(f"  {name}\n" in readme for name in bundle.names if name != "README.txt")


def test_a_lab_file_that_is_broken(lab: context.Context, tmp_path: pathlib.Path) -> None:
    (lab.folder / "lab.yml").write_text("lab: planted\nmachines: [\n# by tanaka\n")
    texts = _read(support.support(lab.folder / "lab.yml", tmp_path).path)
    assert texts["fault.txt"].startswith("LAB-FOLDER/lab.yml:")
    assert "plan.json" not in texts
    assert "planted/consoles/web-01.txt" in texts
    assert "tanaka" not in "".join(texts.values())


def test_no_lab_at_all(home: pathlib.Path, tmp_path: pathlib.Path) -> None:
    texts = _read(support.support(home / "nothing.yml", tmp_path).path)
    assert set(texts) == {"README.txt", "versions.txt", "fault.txt", "images/image-debian-12.log"}


def test_a_folder_that_cannot_be_written(home: pathlib.Path, tmp_path: pathlib.Path) -> None:
    with pytest.raises(errors.LabError) as caught:
        support.support(home / "lab" / "lab.yml", tmp_path / "not there")
    assert caught.value.message.startswith(f"{tmp_path}/not there/labkit-support-")
    assert caught.value.message.endswith(" cannot be written: No such file or directory")
    assert caught.value.hint == "name another folder with --to"
