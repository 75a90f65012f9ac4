"""The identity of a machine, as fw_cfg tar and as NoCloud disc."""

from __future__ import annotations

import dataclasses
import io
import stat
import tarfile
from typing import TYPE_CHECKING, Any

import pycdlib
import pytest
import yaml

from labkit.images import seed

if TYPE_CHECKING:
    import pathlib

PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----"
PUBLIC = "ssh-ed25519 AAAAC3 host"
KEYS = ("ssh-ed25519 AAAAC4 me", 'from="10.0.2.2" ssh-ed25519 AAAAC5 "quoted" #: key')
SEED = seed.Seed("k8s-master-01", "lab", KEYS, PRIVATE, PUBLIC)


def unpack(content: bytes) -> dict[str, tuple[int, int, int, str]]:
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        found: dict[str, tuple[int, int, int, str]] = {}
        for info in tar:
            file = tar.extractfile(info)
            assert file is not None, "only files, so that no folder's mode changes"
            found[info.name] = (info.mode, info.uid, info.gid, file.read().decode())
        return found


def read_disc(path: pathlib.Path) -> dict[str, str]:
    iso: Any = pycdlib.PyCdlib()  # the library has no types
    iso.open(str(path))
    assert iso.pvd.volume_identifier.rstrip() == b"CIDATA"
    found: dict[str, str] = {}
    for _folder, _folders, names in iso.walk(rr_path="/"):
        for name in names:
            out = io.BytesIO()
            iso.get_file_from_iso_fp(out, rr_path=f"/{name}")
            found[name] = out.getvalue().decode()
    iso.close()
    return found


def test_the_tar_holds_exactly_the_identity() -> None:
    keys = f"{KEYS[0]}\n{KEYS[1]}\n"
    assert unpack(seed.fw_cfg(SEED)) == {
        "etc/hostname": (0o644, 0, 0, "k8s-master-01\n"),
        "etc/hosts": (0o644, 0, 0, "127.0.0.1 localhost\n127.0.1.1 k8s-master-01\n"),
        "etc/ssh/ssh_host_ed25519_key": (0o600, 0, 0, f"{PRIVATE}\n"),
        "etc/ssh/ssh_host_ed25519_key.pub": (0o644, 0, 0, f"{PUBLIC}\n"),
        "root/.ssh/authorized_keys": (0o600, 0, 0, keys),
        "home/lab/.ssh/authorized_keys": (0o600, 1000, 1000, keys),
    }


def test_the_tar_is_the_same_every_time() -> None:
    assert seed.fw_cfg(SEED) == seed.fw_cfg(dataclasses.replace(SEED))


def test_a_full_name_keeps_its_short_one() -> None:
    content = seed.fw_cfg(dataclasses.replace(SEED, hostname="a.lab.internal"))
    assert unpack(content)["etc/hosts"][3].splitlines()[1] == "127.0.1.1 a.lab.internal a"


@pytest.mark.parametrize("name", ["", "-a", "a_b", "a\n", "../etc", "A", "a..b", "a" * 64])
def test_what_is_no_host_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"^not a host name: "):
        dataclasses.replace(SEED, hostname=name)


@pytest.mark.parametrize("user", ["", "../root", "a/b", "a\n", "Lab"])
def test_what_is_no_user_is_refused(user: str) -> None:
    with pytest.raises(ValueError, match=r"^not a user name: "):
        dataclasses.replace(SEED, user=user)


@pytest.mark.parametrize("key", ["", "a\nb", "a\rb", "a\0b"])
def test_a_key_is_one_line(key: str) -> None:
    with pytest.raises(ValueError, match=r"^not one line of an SSH key: "):
        dataclasses.replace(SEED, authorized_keys=(key,))


def test_the_private_key_is_in_no_representation() -> None:
    assert repr(SEED) == "Seed(hostname='k8s-master-01', user='lab')"


def test_the_disc_says_what_cloud_init_reads(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "seed.iso"
    seed.nocloud(SEED, path)
    files = read_disc(path)
    assert sorted(files) == ["meta-data", "user-data"]
    assert files["user-data"].startswith("#cloud-config\n")
    assert yaml.safe_load(files["user-data"]) == {
        "hostname": "k8s-master-01",
        "manage_etc_hosts": "localhost",
        "ssh_pwauth": False,
        "disable_root": False,
        "ssh_deletekeys": True,
        "ssh_keys": {"ed25519_private": f"{PRIVATE}\n", "ed25519_public": f"{PUBLIC}\n"},
        "ssh_authorized_keys": list(KEYS),
    }
    meta: dict[str, Any] = yaml.safe_load(files["meta-data"])
    assert meta["local-hostname"] == "k8s-master-01"
    assert meta["instance-id"].startswith("labkit-")


def test_another_key_is_another_instance(tmp_path: pathlib.Path) -> None:
    seen: set[str] = set()
    for number, keys in enumerate((KEYS, KEYS[:1], KEYS)):
        path = tmp_path / f"{number}.iso"
        seed.nocloud(dataclasses.replace(SEED, authorized_keys=keys), path)
        seen.add(read_disc(path)["meta-data"])
    assert len(seen) == 2


def test_the_disc_is_nobody_elses_to_read(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "seed.iso"
    path.touch(mode=0o644)
    seed.nocloud(SEED, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_network_configuration_travels_as_it_is(tmp_path: pathlib.Path) -> None:
    network = {"version": 2, "ethernets": {"nat": {"match": {"macaddress": "02:00:00:00:00:01"}}}}
    path = tmp_path / "seed.iso"
    seed.nocloud(SEED, path, network)
    assert yaml.safe_load(read_disc(path)["network-config"]) == network
