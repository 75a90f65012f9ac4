"""What makes one machine of an image unique: its name, who may log in, and its SSH host key.

Two forms exist: a tar for images that labkit builds, whose own unit unpacks it at the first boot,
from QEMU's fw_cfg or from a disk, and a NoCloud disc for images with cloud-init.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import re
import tarfile
from typing import TYPE_CHECKING, Literal

import pycdlib
import yaml

from labkit.images import carried

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping

Kind = Literal["fw_cfg", "nocloud"]
UID = 1000
"""Of the account in an image that labkit builds, see guest/customize.sh."""
# RFC 1123 section 2.1, one label or several.
_HOSTNAME = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\Z"
)
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}\Z")
_PUBLIC_KEY = re.compile(r"[^\n\r\0]+\Z")


@dataclasses.dataclass(frozen=True, slots=True)
class Seed:
    """The identity of one machine."""

    hostname: str
    user: str
    """The image's account; the keys open it and root's."""
    authorized_keys: tuple[str, ...]
    """Lines of authorized_keys, see sshd(8)."""
    host_key: str
    """The ed25519 private key in OpenSSH's format."""
    host_key_public: str
    files: tuple[carried.File, ...] = ()
    """What the machine is born with besides; a file of the identity is replaced by one of these."""

    def __post_init__(self) -> None:
        """Refuse what would become another file or another line in the guest.

        Raises:
            ValueError: A name or key is none.
        """
        if not _HOSTNAME.match(self.hostname):
            raise ValueError(f"not a host name: {self.hostname!r}")
        if not _USER.match(self.user):
            raise ValueError(f"not a user name: {self.user!r}")
        for key in (*self.authorized_keys, self.host_key_public.strip()):
            if not _PUBLIC_KEY.match(key):
                raise ValueError(f"not one line of an SSH key: {key!r}")

    def __repr__(self) -> str:
        """Leave the private key out: representations end up in logs."""
        return f"Seed(hostname={self.hostname!r}, user={self.user!r})"


def identity(seed: Seed) -> tuple[carried.File, ...]:
    """Return root's files that make the machine unique."""
    short = seed.hostname.split(".")[0]
    names = " ".join(dict.fromkeys((seed.hostname, short)))
    return (
        carried.File("/etc/hostname", f"{seed.hostname}\n"),
        carried.File("/etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {names}\n"),
        carried.File("/etc/ssh/ssh_host_ed25519_key", _line(seed.host_key), 0o600),
        carried.File("/etc/ssh/ssh_host_ed25519_key.pub", _line(seed.host_key_public)),
        carried.File("/root/.ssh/authorized_keys", _keys(seed), 0o600),
    )


def fw_cfg(seed: Seed) -> bytes:
    """Return the tar for `-fw_cfg name=opt/labkit/seed,file=...`; it holds a private key."""
    files = {file.path: file for file in (*identity(seed), *seed.files)}
    buffer = io.BytesIO()
    # POSIX.1-2001: like ustar, and a path may be long or not ASCII.
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for file in files.values():
            _add(tar, file.path.lstrip("/"), file.text, file.mode)
        if seed.user != "root":
            _add(tar, f"home/{seed.user}/.ssh/authorized_keys", _keys(seed), 0o600, UID)
    return buffer.getvalue()


def _keys(seed: Seed) -> str:
    return "".join(f"{key}\n" for key in seed.authorized_keys)


def user_config(seed: Seed) -> dict[str, object]:
    """Return what cloud-init is told.

    The keys open the image's default account and, with `disable_root: false`, root's.
    """
    return {
        "hostname": seed.hostname.split(".")[0],
        **({"fqdn": seed.hostname} if "." in seed.hostname else {}),
        "manage_etc_hosts": "localhost",
        "ssh_pwauth": False,
        "disable_root": False,
        "ssh_deletekeys": True,
        "ssh_keys": {
            "ed25519_private": _line(seed.host_key),
            "ed25519_public": _line(seed.host_key_public),
        },
        "ssh_authorized_keys": list(seed.authorized_keys),
    }


def user_data(seed: Seed, more: Mapping[str, object] | None = None) -> str:
    """Return cloud-init's user data: a header line and YAML.

    Args:
        seed: The machine's identity.
        more: What it is told beyond that.
    """
    data = {**user_config(seed), **(more or {})}
    return "#cloud-config\n" + yaml.safe_dump(data, sort_keys=False, width=4096)


def nocloud(seed: Seed, path: pathlib.Path, network: Mapping[str, object] | None = None) -> None:
    """Write a NoCloud disc, see cloud-init's documentation of that data source.

    Args:
        seed: The machine's identity; the disc holds its private host key, so it is made 0600.
        path: The file to write.
        network: A network configuration of version 2; cloud-init's own default is DHCP.
    """
    user = user_data(seed)
    # cloud-init runs again when this id changes, so it follows from what there is to do.
    identity = f"labkit-{hashlib.sha256(user.encode()).hexdigest()[:16]}"
    meta = {"instance-id": identity, "local-hostname": seed.hostname}
    files = {"user-data": user, "meta-data": yaml.safe_dump(meta, sort_keys=False)}
    if network is not None:
        files["network-config"] = yaml.safe_dump(dict(network), sort_keys=False)
    iso = pycdlib.PyCdlib()
    iso.new(vol_ident="CIDATA", joliet=3, rock_ridge="1.09")
    for number, (name, text) in enumerate(sorted(files.items())):
        content = text.encode()
        iso.add_fp(
            io.BytesIO(content),
            len(content),
            f"/FILE{number}.;1",
            rr_name=name,
            joliet_path=f"/{name}",
        )
    path.touch(mode=0o600)
    path.chmod(0o600)
    with path.open("wb") as out:
        iso.write_fp(out)
    iso.close()


def write(seed: Seed, kind: Kind, path: pathlib.Path) -> None:
    """Write a machine's seed in the form that its image takes, readable by nobody else."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)  # it holds the machine's private host key
    if kind == "nocloud":
        nocloud(seed, path)
    else:
        path.write_bytes(fw_cfg(seed))


def _line(text: str) -> str:
    """End a text with exactly one line end; OpenSSH refuses a private key without."""
    return f"{text.strip()}\n"


def _add(tar: tarfile.TarFile, name: str, text: str, mode: int, uid: int = 0) -> None:
    """Add one file with fixed owner and time."""
    content = text.encode()
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.uid, info.gid = len(content), mode, uid, uid
    tar.addfile(info, io.BytesIO(content))
