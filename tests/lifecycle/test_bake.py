"""Baking images with machines that exist in memory only; tests/e2e bakes a real one."""

from __future__ import annotations

import dataclasses
import io
import pathlib
from typing import TYPE_CHECKING

import pytest
import rich.console

from labkit import console, errors, workspace
from labkit.converge import engine
from labkit.images import baked, store
from labkit.lifecycle import bake, birth, context
from labkit.providers import base
from labkit.providers import keeper as keepers
from labkit.providers.qemu import baked as qemu_baked
from tests.lifecycle.conftest import LAB, Provider, Session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labkit.plan import model

BASE = store.Image(
    "debian-12", "b" * 64, pathlib.Path("/cache/disk.qcow2"), None, None, "ro", "lab", "fw_cfg", 1
)


@pytest.fixture(autouse=True)
def cache(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class _Baking(Provider):
    def __init__(self, lab: model.Lab, keeper: keepers.Keeper | None) -> None:
        super().__init__(lab)
        self._keeper = keeper

    @property
    def keeper(self) -> keepers.Keeper | None:
        return self._keeper


@pytest.fixture
def made(session: type[Session], monkeypatch: pytest.MonkeyPatch) -> list[Provider]:
    """Let each lab be on machines in memory; return their providers."""
    del session
    found: list[Provider] = []

    def create(
        lab: model.Lab, space: workspace.Workspace, _: object, narrate: Callable[[str], None]
    ) -> Provider:
        found.append(_Baking(lab, qemu_baked.Keeper(space, narrate)))
        return found[-1]

    def flatten(disk: pathlib.Path, _base: store.Image, work: pathlib.Path, run: object) -> None:
        del run
        (work / "disk.qcow2").write_text(disk.parent.name)

    def ensure(*_: object, **__: object) -> store.Image:
        return BASE

    def converge(_: engine.Machine) -> engine.Outcome:
        return engine.Outcome()

    monkeypatch.setattr(engine.Machine, "converge", converge)
    monkeypatch.setattr(context.providers, "create", create)
    monkeypatch.setattr(baked, "flatten", flatten)
    monkeypatch.setattr(store, "ensure", ensure)
    return found


@pytest.fixture
def opened(tmp_path: pathlib.Path, made: list[Provider]) -> context.Context:
    del made
    file = tmp_path / "lab.yml"
    file.write_text(LAB)
    lab = context.open_lab(file)
    quiet = rich.console.Console(file=io.StringIO(), width=200)
    return context.Context(lab.folder, lab.lab, lab.space, console.Progress(quiet))


def test_each_image_is_made_once(
    opened: context.Context, made: list[Provider], cache: pathlib.Path
) -> None:
    found = bake.bake(opened, opened.lab.machines, opened.folder / "lab.yml")
    assert [(each.machines, each.kept.about.baked) for each in found] == [
        (("ansible-01",), ("base", "ansible")),
        (("web-01",), ("base",)),
    ]
    assert [each.kept.about.name for each in found] == [
        "debian-12 with base + ansible",
        "debian-12 with base",
    ]
    digest = found[1].kept.about.digest
    image = store.of_digest(digest)
    assert image is not None
    assert image.disk.read_text() == f"bake-{digest[:8]}"
    _own, scratch = made
    assert set(scratch.states.values()) == {base.State.ABSENT}
    for verb in ("start", "stop", "destroy"):
        assert sum(asked.startswith(verb) for asked in scratch.asked) >= 2
    assert not (opened.folder / ".lab").exists()
    assert sorted(path.name for path in (cache / "images").iterdir()) == sorted(
        each.kept.about.digest for each in found
    )
    again = bake.bake(opened, opened.lab.machines, opened.folder / "lab.yml")
    assert [each.kept for each in again] == [each.kept for each in found]
    assert len(made) == 2, "nothing was booted for it"


def test_a_machine_begins_with_it(opened: context.Context, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = opened.lab.machine("web-01")
    assert birth.of(opened, machine).kept is None
    found = bake.bake(opened, [machine], opened.folder / "lab.yml")
    born = birth.of(opened, machine)
    assert born.kept == found[0].kept
    paths = {file.path for file in born.files(machine, {"/etc/hosts": ""})}
    assert {"/etc/hosts", "/root/.ssh/authorized_keys"} <= paths
    other = dataclasses.replace(machine, time_zone="Asia/Tokyo")
    lab = dataclasses.replace(opened.lab, machines=(opened.lab.machines[0], other))
    changed = dataclasses.replace(opened, lab=lab)
    assert birth.of(changed, other).kept is None, "it holds something else than is wanted"
    monkeypatch.setenv("LAB_BAKED", "no")
    assert birth.of(opened, machine).kept is None


def test_a_failure_leaves_nothing(
    opened: context.Context,
    made: list[Provider],
    cache: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> int:
        raise errors.ConvergeError("web does not install", hint="that is provision/web.yml:3: Web")

    monkeypatch.setattr(engine.Machine, "converge", fail)
    with pytest.raises(errors.ConvergeError) as caught:
        bake.bake(opened, opened.lab.machines, opened.folder / "lab.yml")
    assert caught.value.message == "web does not install"
    assert caught.value.hint == (
        "that is provision/web.yml:3: Web; a step that needs what is a machine's own cannot be "
        "baked: 'tags: [per-machine]' leaves it to each machine"
    )
    assert set(made[1].states.values()) == {base.State.ABSENT}
    assert not (opened.folder / ".lab").exists()
    assert list(cache.rglob("*.qcow2")) == []


def test_what_cannot_be_baked(opened: context.Context, monkeypatch: pytest.MonkeyPatch) -> None:
    alma = dataclasses.replace(opened.lab.machine("web-01"), image="almalinux-9")
    with pytest.raises(errors.LabError) as caught:
        bake.bake(opened, [alma], opened.folder / "lab.yml")
    assert caught.value.message == ("web-01 has the image 'almalinux-9', which is a vendor's file")
    assert caught.value.hint == (
        "only images that labkit builds itself can be baked; '--only' chooses machines"
    )
    assert birth.of(opened, alma).kept is None
    monkeypatch.setattr(opened.provider, "_keeper", None)
    with pytest.raises(errors.LabError) as caught:
        bake.bake(opened, opened.lab.machines, opened.folder / "lab.yml")
    assert caught.value.message == "machines of the provider qemu cannot be baked"
    assert caught.value.hint == ("'--provider' names another one: qemu, virtualbox or vsphere")
    assert birth.of(opened, opened.lab.machine("web-01")).kept is None


def test_what_is_cleaned_up_is_quoted() -> None:
    assert "for home in /root /home/lab; do" in baked.clean("lab")
    assert "for home in /root ; do" in baked.clean("root")
    assert "\nssh-keygen -A\nsync\n" in baked.clean("root", "ssh-keygen -A")


def test_flatten(tmp_path: pathlib.Path) -> None:
    ran: list[list[str]] = []
    kernel, initrd = tmp_path / "vmlinuz", tmp_path / "initrd"
    kernel.write_text("kernel")
    initrd.write_text("initrd")
    (tmp_path / "work").mkdir()
    image = dataclasses.replace(BASE, kernel=kernel, initrd=initrd)

    def run(argv: Sequence[str], **_: object) -> None:
        ran.append(list(argv))

    baked.flatten(tmp_path / "disk", image, tmp_path / "work", run)
    assert ran == [
        ["qemu-img", "convert", "-O", "qcow2", str(tmp_path / "disk"),
         str(tmp_path / "work" / "disk.qcow2")]
    ]  # fmt: skip
    assert {path.name: path.read_text() for path in (tmp_path / "work").iterdir()} == {
        "vmlinuz": "kernel",
        "initrd": "initrd",
    }
