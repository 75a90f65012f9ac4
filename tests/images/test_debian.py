"""Building a Debian image: what is decided, and, marked e2e, a real build."""

from __future__ import annotations

import io
import os
import pathlib
import platform
import pwd
import re
import subprocess
import tarfile

import pytest

from labkit import errors, system
from labkit.images import catalog, debian, store

LISTED = """\
deb http://mirror.test/debian/ bookworm main
deb http://mirror.test/debian/ bookworm main
deb http://mirror.test/debian/ bookworm-updates main
deb http://mirror.test/debian-security/ bookworm-security main
deb http://mirror.test/debian/ trixie main
"""


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> catalog.DebianRecipe:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    found = catalog.get("debian-12")
    assert isinstance(found, catalog.DebianRecipe)
    return found


def argv(recipe: catalog.DebianRecipe, *, root: bool = True) -> list[str]:
    return debian.mmdebstrap_argv(
        recipe, pathlib.Path("/c a/guest.tar"), pathlib.Path("/c a/root.tar"), root=root
    )


def test_the_command_that_installs(recipe: catalog.DebianRecipe) -> None:
    command = argv(recipe)
    assert command[:3] == ["mmdebstrap", "--variant=minbase", "--mode=root"]
    assert command[-3:] == ["bookworm", "/c a/root.tar", "-"]
    assert "--essential-hook=tar-in '/c a/guest.tar' /" in command
    included = next(word for word in command if word.startswith("--include="))
    assert included.split("=")[1].split(",") == [*recipe.packages, "linux-image-cloud-amd64"]


def test_an_ordinary_user_builds_in_a_namespace(recipe: catalog.DebianRecipe) -> None:
    assert argv(recipe, root=False)[2] == "--mode=unshare"


def test_the_hook_is_one_quoted_script(recipe: catalog.DebianRecipe) -> None:
    hook = next(word for word in argv(recipe) if word.startswith("--customize-hook="))
    shown = subprocess.run(
        ["sh", "-c", f'chroot() {{ printf "%s|" "$@"; }}; {hook.partition("=")[2]}', "sh", "/t r"],
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    ).stdout
    script = (debian.GUEST / "customize.sh").read_text(encoding="utf-8")
    assert shown == f"/t r|sh|-c|{script}|"


def test_the_kernel_is_the_processors(
    recipe: catalog.DebianRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert any(word.endswith(",linux-image-cloud-arm64") for word in argv(recipe))
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(errors.LabError) as caught:
        argv(recipe)
    assert caught.value.message == "this image cannot be built for riscv64"
    assert caught.value.hint == "it names kernels for: amd64, arm64"


def test_the_hosts_own_sources_of_this_release() -> None:
    assert debian.own_sources(LISTED, "bookworm") == (
        "deb http://mirror.test/debian-security/ bookworm-security main",
        "deb http://mirror.test/debian/ bookworm main",
        "deb http://mirror.test/debian/ bookworm-updates main",
    )


@pytest.mark.parametrize(
    "listed",
    ["", "\n", "nonsense\n", LISTED.replace(" bookworm main", " sid main")],
)
def test_another_release_offers_none(listed: str) -> None:
    assert debian.own_sources(listed, "bookworm") == ()


def test_lab_mirror_goes_before_all(
    recipe: catalog.DebianRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_MIRROR", "http://mirror.test/")
    assert debian.find_sources(recipe) == (
        "deb http://mirror.test/debian bookworm main",
        "deb http://mirror.test/debian bookworm-updates main",
        "deb http://mirror.test/debian-security bookworm-security main",
    )


def test_a_host_without_apt_uses_the_tools_default(
    recipe: catalog.DebianRecipe, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LAB_MIRROR", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert debian.find_sources(recipe) == ()
    guest, tar = tmp_path / "guest", tmp_path / "tar"
    asked = debian.mmdebstrap_argv(recipe, guest, tar, root=True, sources=False)
    assert asked[-2:] == ["bookworm", str(tar)]
    assert debian.mmdebstrap_argv(recipe, guest, tar, root=True) == [*asked, "-"]


@pytest.mark.parametrize(
    "mirror", ["mirror.test", "ftp://m.test", "http://m.test\ndeb x", "http://a b"]
)
def test_a_mirror_is_an_address(mirror: str) -> None:
    with pytest.raises(errors.LabError) as caught:
        debian.from_mirror(("debian bookworm main",), mirror)
    assert caught.value.message == f"LAB_MIRROR is not a mirror's address: {mirror!r}"


def test_subordinate_ids_are_looked_for_by_name_and_number(tmp_path: pathlib.Path) -> None:
    user = pwd.getpwuid(os.geteuid())
    (tmp_path / "subuid").write_text(f"other:1:1\n{user.pw_name}:100000:65536\n")
    (tmp_path / "subgid").write_text(f"{user.pw_uid}:100000:65536\n")
    debian.check_subordinate_ids(tmp_path)


def test_no_subordinate_ids_come_with_the_command(tmp_path: pathlib.Path) -> None:
    name = pwd.getpwuid(os.geteuid()).pw_name
    (tmp_path / "subuid").write_text(f"x{name}:100000:65536\n")
    with pytest.raises(errors.LabError) as caught:
        debian.check_subordinate_ids(tmp_path)
    assert caught.value.message == (
        f"user {name} has no line in {tmp_path}/subuid, so it cannot build an image"
    )
    assert caught.value.hint == (
        f"sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {name}"
    )


def test_every_guest_file_is_packed_with_its_mode() -> None:
    with tarfile.open(fileobj=io.BytesIO(debian.guest_tar())) as tar:
        modes = {info.name: info.mode for info in tar}
        assert all((info.uid, info.gid, info.mtime) == (0, 0, 0) for info in tar)
    assert set(debian.MODES) <= set(modes)
    assert modes["etc/sudoers.d/labkit"] == 0o440
    assert modes["usr/lib/labkit/seed"] == 0o755
    assert modes["etc/fstab"] == 0o644


def debugfs(disk: pathlib.Path, command: str) -> str:
    """Ask debugfs one thing about a file system."""
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    return subprocess.run(
        ["debugfs", "-R", command, str(disk)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "PATH": path},
    ).stdout


@pytest.mark.e2e
def test_a_real_image(tmp_path: pathlib.Path) -> None:
    system.require("qemu-img", "debugfs")
    image = store.ensure("debian-12", narrate=print)
    raw = tmp_path / "raw"
    subprocess.run(
        ["qemu-img", "convert", "-O", "raw", str(image.disk), str(raw)], check=True, timeout=120
    )
    labels = {
        "/etc/shadow": "shadow_t",
        "/usr/sbin/sshd": "sshd_exec_t",
        "/etc/ssh/ssh_host_ed25519_key": "sshd_key_t",
        "/home/lab/.ssh/authorized_keys": "ssh_home_t",
        "/root/.ssh": "ssh_home_t",
        "/var/log": "var_log_t",
    }
    for path, label in labels.items():
        found = debugfs(raw, f"ea_get {path} security.selinux")
        assert re.search(rf'"\w+:object_r:{label}:s0\\000"', found), (path, found)
    modes = {
        "/etc/sudoers.d/labkit": ("0440", 0),
        "/etc/ssh/ssh_host_ed25519_key": ("0600", 0),
        "/home/lab/.ssh": ("0700", 1000),
        "/home/lab/.ssh/authorized_keys": ("0600", 1000),
        "/etc/NetworkManager/system-connections/labkit-first-boot.nmconnection": ("0600", 0),
        "/usr/bin/sudo": ("04755", 0),
        "/var/tmp": ("01777", 0),  # noqa: S108 - inside the image
    }
    for path, (mode, uid) in modes.items():
        found = debugfs(raw, f"stat {path}")
        assert re.search(rf"Mode:\s+{mode}\b", found), (path, found)
        assert re.search(rf"User:\s+{uid}\b", found), (path, found)
    for empty in ("/etc/machine-id", "/etc/ssh/ssh_host_ed25519_key"):
        assert re.search(r"\bSize: 0\b", debugfs(raw, f"stat {empty}")), empty
    assert "security.capability" in debugfs(raw, "ea_list /usr/bin/ping")
    assert image.kernel is not None
    assert image.initrd is not None
    assert image.initrd.stat().st_size < 12 << 20
