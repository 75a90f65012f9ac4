"""The lab of the notes, to the letter; only the DNS servers, which are somebody's, are replaced."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import REPOSITORY, Folder, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

MACHINES = ("cent70-01", "k8s-master-01", "k8s-minion-01", "k8s-minion-02")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    folder = make_folder(tmp_path_factory.mktemp("notes") / "labkit-notes")
    text = (REPOSITORY / "examples" / "notes" / "lab.yml").read_text()
    assert "10.194.5.11" in text
    text, count = re.subn(r"(?m)^(\s+servers:).*$", r"\1 []", text)
    assert count == 1
    text = re.sub(r"(?m)^lab: .*$", "lab: labkit-notes", text)
    (folder.path / "lab.yml").write_text(text)
    yield folder
    print(folder("destroy", "--yes"))


def test_the_notes_come_true(lab: Folder) -> None:
    run = lab("up", "--format", "json")
    assert run.code == 0, run
    assert run.document["report"]["ok"]
    search = lab.plan["search"]
    for name in MACHINES:
        assert lab.on(name, "getenforce") == "Disabled"
        assert lab.on(name, "nproc") == "1"
        assert int(lab.on(name, "grep MemTotal /proc/meminfo").split()[1]) > 1.8 * 2**20
        assert int(lab.on(name, "df --output=size / | tail -n 1")) > 30 * 2**20
        resolver = lab.on(name, "cat /etc/resolv.conf").splitlines()
        assert f"search {' '.join(search)}" in resolver
        assert "nameserver 10.0.2.3" in resolver
    run = lab("destroy", "--yes")
    assert run.code == 0, run
    assert lab.processes() == {}
