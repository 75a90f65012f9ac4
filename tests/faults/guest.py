"""A guest that answers SSH in seconds even when it is emulated: kernel, busybox, dropbear.

It is a real machine to the real provider: own process, own disk, own pinned host key, own address.
What is not in it is a distribution. It stands in labkit's cache as an image of the name `tiny`.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
from typing import TYPE_CHECKING

from labkit import system
from labkit.images import catalog, store

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS = ("busybox", "dropbear", "dropbearconvert", "qemu-img", "qemu-system-x86_64")
_BESIDE = ("dropbear", "dropbearconvert", "install")
"""What busybox has not."""

RECIPE = f"""\
# Nothing is fetched: the test has put the image into the cache.
kind: cloud
user: root
files:
  x86_64: {{url: "file:///nowhere", sha256: "{hashlib.sha256(b"tiny").hexdigest()}"}}
"""

# The disc with the seed is read as text: its files are stored whole, one after the other. The
# initrd beside is the one of the Debian image, for the kernel's modules.
_INIT = """\
#!/bin/busybox sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH
for each in /usr/bin/* /usr/sbin/*; do
    case $each in */busybox | */dropbear* | */install) ;; *) busybox rm -f "$each" ;; esac
done
/bin/busybox --install -s /usr/bin
mkdir -p /proc /sys /dev /etc/dropbear /root/.ssh /tmp /var/run /run
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
mkdir -p /dev/pts; mount -t devpts pts /dev/pts
for module in virtio_pci virtio_blk virtio_net; do modprobe $module; done
while [ ! -b /dev/vdb ] || [ ! -d /sys/class/net/eth0 ]; do usleep 20000; done
tr -d '\\000' < /dev/vdb > /tmp/seed
sed -n '/BEGIN OPENSSH/,/END OPENSSH/p' /tmp/seed | sed 's/^.*-----BEGIN/-----BEGIN/; s/^ *//' |
    grep . > /tmp/key
dropbearconvert openssh dropbear /tmp/key /etc/dropbear/key 2> /dev/null
grep '^- ssh-' /tmp/seed | sed 's/^- //' > /root/.ssh/authorized_keys
sed -n 's/^local-hostname: //p' /tmp/seed | head -n 1 > /etc/hostname
hostname -F /etc/hostname
echo root:x:0:0:root:/root:/bin/sh > /etc/passwd; echo root:x:0: > /etc/group
echo /bin/sh > /etc/shells
chmod 700 /root /root/.ssh; chmod 600 /root/.ssh/authorized_keys
printf '#!/bin/sh\\n[ -z "$ip" ] || ifconfig "$interface" "$ip" netmask "$subnet"\\n' > /tmp/lease
chmod +x /tmp/lease
ifconfig lo up; ifconfig eth0 up
udhcpc -i eth0 -n -q -t 20 -T 1 -s /tmp/lease > /dev/null
echo "tiny: $(hostname) listens" > /dev/console
exec dropbear -F -E -s -r /etc/dropbear/key -p 22 2> /dev/console
"""


def make(cache: pathlib.Path, folder: pathlib.Path, base: store.Image) -> None:
    """Put the image `tiny` into a cache and a lab folder, with another image's kernel."""
    home = cache / "images" / store.digest_of(_recipe(folder))
    if store.load(home):
        return
    work = cache / "images" / f"new-{os.getpid()}"
    work.mkdir(parents=True)
    assert base.kernel
    assert base.initrd
    shutil.copyfile(base.kernel, work / "vmlinuz")
    # An initrd may be several archives, the compressed one last.
    (work / "initrd").write_bytes(_archive(_files()) + base.initrd.read_bytes())
    subprocess.run(
        ["qemu-img", "create", "-q", "-f", "qcow2", work / "disk.qcow2", "16M"], check=True
    )
    files = {path.name: path.stat().st_size for path in work.iterdir()}
    about = {
        "name": "debian-12",
        "user": "root",
        "kernel_args": "console=ttyS0 quiet panic=-1 rdinit=/tiny",
        "seed": "nocloud",
        "files": files,
    }
    (work / "image.json").write_text(json.dumps(about))
    work.rename(home)


def _recipe(folder: pathlib.Path) -> catalog.Recipe:
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "images" / "debian-12.yml").write_text(RECIPE)
    return catalog.get("debian-12", folder=folder)


def _files() -> Iterator[tuple[str, bytes, int]]:
    """Name, content and mode of everything in the archive, folders first."""
    sources = {"usr/bin/busybox": _program("busybox")}
    for program in (_program(name) for name in _BESIDE):
        sources[str(program.resolve())[1:]] = program
        listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True)
        for library in (pathlib.Path(word) for word in listed.stdout.split() if word[0] == "/"):
            # The name by which it is loaded, in a folder that is no link.
            sources[str(library.parent.resolve() / library.name)[1:]] = library
    folders = {parent for name in sources for parent in pathlib.PurePath(name).parents}
    for folder in sorted(str(each) for each in folders if each.name):
        yield folder, b"", 0o040755
    for name, source in sources.items():
        yield name, source.read_bytes(), 0o100755
    yield "tiny", _INIT.encode(), 0o100755


def _program(name: str) -> pathlib.Path:
    found = shutil.which(name, path=os.pathsep.join((os.environ["PATH"], *system.SBIN)))
    assert found
    return pathlib.Path(found)


def _archive(files: Iterator[tuple[str, bytes, int]]) -> bytes:
    """Pack a cpio archive of the format 'newc' (cpio(5))."""
    total = bytearray()
    for number, (name, content, mode) in enumerate([*files, ("TRAILER!!!", b"", 0)]):
        path = name.encode() + b"\0"
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path), 0)
        total += b"070701" + b"".join(b"%08x" % field for field in fields) + path
        total += b"\0" * (-len(total) % 4)
        total += content
        total += b"\0" * (-len(total) % 4)
    return bytes(total)
