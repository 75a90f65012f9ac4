from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from labkit.providers import base
from labkit.providers.libvirt import snapshot, storage

if TYPE_CHECKING:
    import pathlib


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("lab-web-01.img", True),
        ("lab-web-01.seed", True),
        ("lab-web-01.log", True),
        ("lab-web-01.log.0", True),
        ("lab-web-01.extra-1", True),
        ("lab-web-01.extra-x", False),
        ("lab-web-01", False),
        ("lab-web-01.img.bak", False),
        ("lab-web-011.img", False),
        ("my-lab-web-01.img", False),
    ],
)
def test_which_volumes_are_a_machine_s(name: str, ours: bool) -> None:
    assert storage.is_of("lab-web-01", name) is ours


def test_a_seed_becomes_a_disk_that_can_have_snapshots(tmp_path: pathlib.Path) -> None:
    if not shutil.which("qemu-img"):
        pytest.skip("qemu-img is not installed; './lab test' installs it")
    raw, packed = tmp_path / "seed", tmp_path / "seed.qcow2"
    raw.write_bytes(b"x" * 10240)
    storage.compact(raw, packed)
    assert storage.shape(packed) == ("qcow2", 10240)
    assert storage.shape(raw) == ("raw", 0)


def test_reads_snapshots() -> None:
    text = """
<domainsnapshot><name>labkit-before</name><state>running</state>
<creationTime>1795737065</creationTime></domainsnapshot>

<domainsnapshot><name>labkit-off</name><state>shutoff</state>
<creationTime>1795737066</creationTime></domainsnapshot>

"""
    assert snapshot.read(text) == {
        "before": base.Snapshot(taken=1795737065.0, running=True),
        "off": base.Snapshot(taken=1795737066.0, running=False),
    }
