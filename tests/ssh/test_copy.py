"""Copying through a real sshd(8), by the system's ssh and tar."""

from __future__ import annotations

import getpass
import os
import pathlib
import re
import shutil
import stat
from typing import TYPE_CHECKING, Any

import pytest

from labkit import errors
from labkit.lifecycle import context, copy
from labkit.render import ssh_config

if TYPE_CHECKING:
    from collections.abc import Callable

    from labkit.providers import base

_LAB = """\
lab: copies
machines:
  web-01: {nat: 10.0.2.61, hostonly: 192.168.56.61}
  web-02: {nat: 10.0.2.62, hostonly: 192.168.56.62}
"""


class _Provider:
    """All that copying asks of a provider."""

    def __init__(self, endpoint: base.Endpoint) -> None:
        self._endpoint = endpoint

    def endpoint(self, _: object) -> base.Endpoint:
        return self._endpoint


@pytest.fixture
def lab(tmp_path: pathlib.Path, endpoint: Callable[..., base.Endpoint]) -> context.Context:
    """A lab whose machine is this host."""
    if not shutil.which("ssh"):
        pytest.skip("ssh is not installed (package openssh-client)")
    if getpass.getuser() != "root" and not os.environ.get("CI"):
        pytest.skip("needs root, or sudo without a password")
    folder = tmp_path / "lab"
    folder.mkdir()
    (folder / "lab.yml").write_text(_LAB)
    opened = context.open_lab(folder / "lab.yml")
    opened.space.make()
    opened.space.ssh_config.write_text(ssh_config.render("copies", [endpoint()]))
    opened.__dict__["provider"] = _Provider(endpoint())
    return opened


@pytest.fixture
def there(tmp_path: pathlib.Path) -> pathlib.Path:
    made = tmp_path / "the machine's"
    made.mkdir()
    return made


@pytest.fixture
def here(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    made = tmp_path / "here"
    made.mkdir()
    monkeypatch.chdir(made)
    return made


def _copy(lab: context.Context, source: str, target: str) -> int:
    job = copy.parse(lab, source, target)
    return copy.copy(lab, job, lab.lab.machine("web-01"))


def _tree(folder: pathlib.Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


_NAMES = ["notes.txt", "two words", "-rf", 'it\'s "$HOME" `id`', "ü\nnewline", "*", "a:b", "~"]


@pytest.mark.parametrize("name", _NAMES)
def test_a_file_goes_there_and_comes_back(
    lab: context.Context, here: pathlib.Path, there: pathlib.Path, name: str
) -> None:
    (here / name).write_bytes(b"\0\xff" * 40_000)
    (here / name).chmod(0o750)
    assert _copy(lab, f"./{name}", f"web-01:{there}") == 0
    assert (there / name).read_bytes() == b"\0\xff" * 40_000
    assert stat.S_IMODE((there / name).stat().st_mode) == 0o750
    (here / name).unlink()
    assert _copy(lab, f"web-01:{there}/{name}", ".") == 0
    assert (here / name).read_bytes() == b"\0\xff" * 40_000
    assert [path.name for path in there.iterdir()] == [name]
    assert [path.name for path in here.iterdir()] == [name]


def test_a_folder_goes_there_and_comes_back(
    lab: context.Context, here: pathlib.Path, there: pathlib.Path
) -> None:
    (here / "notes" / "deep" / "er").mkdir(parents=True)
    (here / "notes" / "deep" / "er" / "x").write_text("1")
    (here / "notes" / "link").symlink_to("deep")
    _copy(lab, "notes", f"web-01:{there}/")
    assert _tree(there) == {"notes/deep/er/x": b"1"}
    assert (there / "notes" / "link").readlink() == pathlib.Path("deep")
    (here / "notes" / "deep" / "er" / "x").write_text("2")
    (there / "notes" / "kept").write_text("3")
    _copy(lab, "notes/", f"web-01:{there}")
    assert _tree(there) == {"notes/deep/er/x": b"2", "notes/kept": b"3"}
    assert _copy(lab, f"web-01:{there}/notes", "new name") == 0
    assert _tree(here / "new name") == {"deep/er/x": b"2", "kept": b"3"}
    _copy(lab, f"web-01:{there}/notes/", ".")
    assert _tree(here / "notes") == {"deep/er/x": b"2", "kept": b"3"}
    assert sorted(path.name for path in here.iterdir()) == ["new name", "notes"]


def test_another_name(lab: context.Context, here: pathlib.Path, there: pathlib.Path) -> None:
    (here / "a").write_text("new")
    (there / "b").write_text("old")
    _copy(lab, "a", f"web-01:{there}/b")
    assert _tree(there) == {"b": b"new"}
    _copy(lab, f"web-01:{there}/b", "c")
    assert _tree(here) == {"a": b"new", "c": b"new"}


def test_from_all_each_into_its_own_folder(
    lab: context.Context, here: pathlib.Path, there: pathlib.Path
) -> None:
    (there / "a").write_text("1")
    _copy(lab, f"all:{there}/a", "results")
    assert _tree(here) == {"results/web-01/a": b"1"}


def test_what_leads_elsewhere_is_left_out(
    lab: context.Context, here: pathlib.Path, there: pathlib.Path
) -> None:
    (there / "d").mkdir()
    (there / "d" / "absolute").symlink_to("/etc/passwd")
    (there / "d" / "up").symlink_to("../../../etc/passwd")
    os.mkfifo(there / "d" / "pipe")
    (there / "d" / "good").write_text("1")
    assert _copy(lab, f"web-01:{there}/d", ".") == 3
    assert _tree(here) == {"d/good": b"1"}


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("a", "web-01:{there}/no/where", "web-01: there is no folder {there}/no"),
        ("a", "web-01:{there}/no/", "web-01: there is no folder {there}/no/"),
        ("web-01:{there}/no", ".", "web-01: there is no {there}/no"),
        ("web-01:{there}", "no/where", "there is no folder no"),
        ("web-01:{there}", "no/", "there is no folder no"),
        ("no", "web-01:{there}", "there is no no"),
        ("a", "b", "neither 'a' nor 'b' is on a machine"),
        ("web-1:a", "b", "neither 'web-1:a' nor 'b' is on a machine"),
        ("web-01:a", "web-02:b", "labkit does not copy from machine to machine"),
    ],
)
@pytest.mark.usefixtures("here")
def test_refusals(
    lab: context.Context, there: pathlib.Path, *, source: str, target: str, message: str
) -> None:
    here = pathlib.Path.cwd()
    (here / "a").touch()
    with pytest.raises(errors.LabError) as caught:
        _copy(lab, source.format(there=there), target.format(there=there))
    assert caught.value.message == message.format(there=there)
    assert list(there.iterdir()) == []
    assert [path.name for path in here.iterdir()] == ["a"]


def test_a_hint_names_the_machines(lab: context.Context) -> None:
    with pytest.raises(errors.LabError) as caught:
        copy.parse(lab, "a", "b")
    assert caught.value.hint == (
        "write MACHINE:PATH; machines are web-01, web-02, and all for every one"
    )


def test_what_breaks_off_leaves_nothing(
    lab: context.Context, here: pathlib.Path, there: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive that ends early between two files is whole to tar, but not to us."""
    (here / "d").mkdir()
    for number in range(3):
        (here / "d" / str(number)).write_bytes(b"x" * 100_000)

    def broken(*_: Any) -> None:  # noqa: ANN401
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(copy.tarfile.TarFile, "addfile", broken)
    with pytest.raises(errors.LabError, match=r"^web-01: \[Errno 5\] Input/output error$"):
        _copy(lab, "d", f"web-01:{there}")
    monkeypatch.undo()
    monkeypatch.chdir(here)
    monkeypatch.setattr(copy.tarfile, "TarInfo", _other)
    with pytest.raises(errors.LabError, match=r"^web-01: no word$"):
        _copy(lab, "d", f"web-01:{there}")
    assert list(there.iterdir()) == []


def _other(name: str) -> Any:  # noqa: ANN401
    """The member that ends the archive, under a name that ends nothing."""
    return copy.tarfile.TarFile.tarinfo(f"no-{name}")


def test_a_machine_that_is_not_there(lab: context.Context, there: pathlib.Path) -> None:
    config = lab.space.ssh_config
    config.write_text(re.sub(r"Port \d+", "Port 1", config.read_text()))
    with pytest.raises(errors.UnreachableError) as caught:
        _copy(lab, f"web-01:{there}", str(there.parent / "x"))
    assert caught.value.message.startswith("the connection to web-01 broke: ssh: connect to host ")
    assert not (there.parent / "x").exists()
