"""An image is baked with a real machine, and a further machine has nothing left to change."""

from __future__ import annotations

import json
import re
import shutil
import uuid
from typing import TYPE_CHECKING

import pytest

from labkit.images import store
from tests.e2e.conftest import Folder, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.e2e

NAMES = ("k8s-minion-01", "k8s-minion-02")
PROFILE = """
operations:
  - why: Students read it
    file: {path: /etc/motd, content: "Welcome\\n"}
  - why: Each machine says who it is
    file: {path: /etc/lab-machine, content: "{{ machine.name }} of {{ lab.name }}\\n"}
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    folder = make_folder(tmp_path_factory.mktemp("bake") / "labkit-bake")
    text = (folder.path / "lab.yml").read_text()
    two = re.sub(r"(?ms)^machines:\n.*?(?=^  k8s-minion-01:)", "machines:\n", text)
    # A step with a name of its own, so that the cache never has the image from an earlier run.
    two = two.replace("memory: 512 MiB", "memory: 384 MiB\n  profiles: [base, hello]")
    (folder.path / "lab.yml").write_text(two)
    stamp = f"  - why: New in each run\n    directory: {{path: /srv/{uuid.uuid4().hex}}}\n"
    (folder.path / "provision" / "hello.yml").write_text(PROFILE + stamp)
    yield folder
    print(folder("destroy", "--yes"))


@pytest.fixture(scope="module")
def image(lab: Folder) -> Iterator[str]:
    run = lab("image.bake", "--format", "json")
    assert run.code == 0, run
    (found,) = run.document
    assert found["machines"] == list(NAMES)
    assert found["changes"] > 0
    assert not (lab.path / ".lab").exists(), "the machine that was booted for it is gone"
    yield found["digest"]
    shutil.rmtree(store.root() / "images" / found["digest"])


def test_a_further_machine_needs_no_change_and_one_round_trip(lab: Folder, image: str) -> None:
    assert image
    run = lab("up", "--format", "json")
    assert run.code == 0, run
    assert run.document["changes"] == 0, run
    for name in NAMES:
        assert f"{name}: making it from the image baked with base + hello" in run.err
        assert f"{name}: as wanted already" in run.err
        assert f"{name}: changing" not in run.err
    (log,) = [
        text
        for path in (lab.path / ".lab" / lab.name / "logs").iterdir()
        if "making it from the image" in (text := path.read_text())
    ]
    sent = [(line.get("machine"), line.get("label")) for line in map(json.loads, log.splitlines())]
    for name in NAMES:
        assert sent.count((name, "look")) == 1, log
        assert (name, "change") not in sent, log


def test_each_machine_is_its_own(lab: Folder, image: str) -> None:
    assert image
    ask = (
        "cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub; hostname; cat /etc/lab-machine;"
        " nmcli -g connection.uuid connection show hostonly; cat /sys/class/net/*/address"
    )
    one, two = (lab.on(name, ask).splitlines() for name in NAMES)
    assert len(one) == len(two)
    same = set(one) & set(two)
    assert same == {"00:00:00:00:00:00"}, "the loopback card"
    uuids = {machine["name"]: machine["uuid"] for machine in lab.plan["machines"]}
    assert [one[0], two[0]] == [uuids[name].replace("-", "") for name in NAMES]
    assert one[3] == f"{NAMES[0]} of {lab.name}"
    # Nothing of the machine that was booted for the image is left in it.
    left = "sudo grep -rIl bake- /etc /root /home /var/log /var/lib/NetworkManager 2>/dev/null || :"
    assert lab.on(NAMES[0], left) == ""
    keys = lab.on(NAMES[0], "sudo cat /root/.ssh/authorized_keys /home/lab/.ssh/authorized_keys")
    assert {line.split()[-1] for line in keys.splitlines()} == {
        f"labkit@{lab.name}",
        f"ansible@{lab.name}",
    }
