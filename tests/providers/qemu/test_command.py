"""The command line of one machine."""

from __future__ import annotations

import itertools
import pathlib
from typing import TYPE_CHECKING

import pytest

from labkit.providers.qemu import command

if TYPE_CHECKING:
    from collections.abc import Callable

    from labkit.images import store
    from labkit.plan import model

_GOLDEN = pathlib.Path(__file__).parents[2] / "cases" / "providers" / "qemu.txt"


@pytest.fixture
def build(
    default_lab: model.Lab, machine: model.Machine, image: Callable[..., store.Image]
) -> Callable[..., list[str]]:
    def make(
        *,
        folder: str = "/lab",
        run_as: str | None = None,
        accelerator: command.Accelerator = "tcg",
        loader: bool = False,
    ) -> list[str]:
        root = pathlib.Path(folder)
        return command.build(
            machine,
            network=default_lab.network("nat"),
            segment="dgram,remote.type=unix,remote.path=/hub,local.type=unix",
            accelerator=accelerator,
            boot=command.boot(machine, image(loader=loader), root / "seed"),
            paths=command.Paths(
                root / "disk.qcow2", root / "console.log", "monitor", root / "pid", "port"
            ),
            run_as=run_as,
        )

    return make


def _value(words: list[str], option: str, beginning: str = "") -> str:
    (found,) = [
        value
        for name, value in itertools.pairwise(words)
        if name == option and value.startswith(beginning)
    ]
    return found


def test_the_default_machine(build: Callable[..., list[str]]) -> None:
    assert "\n".join(build()) + "\n" == _GOLDEN.read_text(encoding="utf-8")


def test_the_ssh_of_the_machine_is_on_the_loopback_address_only(
    build: Callable[..., list[str]],
) -> None:
    assert _value(build(), "-netdev", "user").endswith("hostfwd=tcp:127.0.0.1:30777-10.0.2.51:22")
    # The host-only segment is on no address at all.
    assert _value(build(), "-netdev", "dgram") == (
        "dgram,remote.type=unix,remote.path=/hub,local.type=unix,local.path=port,id=hostonly"
    )


def test_a_comma_in_a_path_is_written_twice(build: Callable[..., list[str]]) -> None:
    words = build(folder="/a,b")
    assert "file.filename=/a,,b/disk.qcow2," in _value(words, "-blockdev")
    assert _value(words, "-chardev", "file") == ("file,id=console,path=/a,,b/console.log,append=on")
    assert _value(words, "-fw_cfg") == "name=opt/labkit/seed,file=/a,,b/seed"
    # These take a path and nothing else.
    assert _value(words, "-pidfile") == "/a,b/pid"
    seed = _value(build(folder="/a,b", loader=True), "-blockdev", "driver=raw")
    assert seed.endswith("file.filename=/a,,b/seed")


def test_root_gives_its_rights_up(build: Callable[..., list[str]]) -> None:
    words = build(run_as="nobody")
    assert words[-2:] == ["-runas", "nobody"]
    assert "elevateprivileges=allow" in _value(words, "-sandbox")
    others = build()
    assert "-runas" not in others
    assert "elevateprivileges=deny" in _value(others, "-sandbox")


def test_kvm_takes_the_hosts_processor(build: Callable[..., list[str]]) -> None:
    words = build(accelerator="kvm")
    assert (_value(words, "-accel"), _value(words, "-cpu")) == ("kvm", "host")


def test_an_image_with_a_loader_of_its_own(build: Callable[..., list[str]]) -> None:
    words = build(loader=True)
    assert not {"-kernel", "-initrd", "-append", "-fw_cfg"} & set(words)
    assert _value(words, "-blockdev", "driver=raw") == (
        "driver=raw,node-name=seed,read-only=on,file.driver=file,file.filename=/lab/seed"
    )
    assert "virtio-blk-pci,drive=seed" in words


def test_a_machine_that_is_held_is_the_same_one(build: Callable[..., list[str]]) -> None:
    words = build()
    assert command.held(words) == [*words, "-S"]


def test_a_long_name_fits_the_process_list(
    build: Callable[..., list[str]], machine: model.Machine
) -> None:
    assert _value(build(), "-name") == f"{machine.name},process={machine.name[:15]}"
