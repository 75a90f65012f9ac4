from __future__ import annotations

import ipaddress
import pathlib
from typing import TYPE_CHECKING

import pytest

from labkit import errors
from labkit.spec import host, load, model, place, rules
from labkit.spec.rules import unknown_time_zone

if TYPE_CHECKING:
    from collections.abc import Callable

DEMO = """\
lab: demo
roles:
  worker:
    cpus: 2
machines:
  node-01:
    roles: [worker, control-plane]
    nat: 10.0.2.51
    hostonly: 192.168.56.51
    sysctl: {net.ipv4.ip_forward: 1, kernel.core_pattern: "|/bin/false"}
"""


def test_default_lab(root: pathlib.Path) -> None:
    spec = load.load(root / "lab.yml", host.Host(memory_mib=2048, cpus=2))
    assert spec.lab.lab == "k8s-manual"
    assert sorted(spec.lab.machines) == [
        "ansible-01",
        "k8s-master-01",
        "k8s-minion-01",
        "k8s-minion-02",
    ]
    assert spec.lab.machines["ansible-01"].nat == ipaddress.IPv4Address("10.0.2.51")


def test_defaults_are_those_of_the_default_lab(
    root: pathlib.Path, parse: Callable[[str], load.Spec]
) -> None:
    full = load.load(root / "lab.yml")
    text = (root / "lab.yml").read_text(encoding="utf-8")
    machines = text[text.index("machines:") : text.index("providers:")]
    assert parse(f"lab: k8s-manual\n{machines}").lab == full.lab


def test_the_default_lab_writes_each_default_out(root: pathlib.Path) -> None:
    text = (root / "lab.yml").read_text(encoding="utf-8")
    for key in set(model.LabFile.model_fields) - {"roles", "secrets", "checks", "ssh_address"}:
        assert f"\n{key}:" in text


def test_notes(root: pathlib.Path) -> None:
    lab = load.load(root / "examples" / "notes" / "lab.yml").lab
    assert {n: (e.roles, str(e.nat), str(e.hostonly)) for n, e in lab.machines.items()} == {
        "cent70-01": (("ansible",), "10.0.2.51", "192.168.56.51"),
        "k8s-master-01": (("master",), "10.0.2.61", "192.168.56.61"),
        "k8s-minion-01": (("minion",), "10.0.2.62", "192.168.56.62"),
        "k8s-minion-02": (("minion",), "10.0.2.63", "192.168.56.63"),
    }
    assert [str(server) for server in lab.dns.servers] == ["10.194.5.11", "10.194.5.12"]
    assert lab.dns.search == ("intra.ctc-g.co.jp",)
    defaults = lab.defaults
    assert (defaults.cpus, defaults.memory, defaults.disk) == (1, 2048, 32)
    assert (defaults.selinux, defaults.image) == ("disabled", "debian-12")


def test_notes_need_8_gib(root: pathlib.Path) -> None:
    path = root / "examples" / "notes" / "lab.yml"
    load.load(path, host.Host(memory_mib=8192, cpus=2))
    with pytest.raises(errors.FileError) as caught:
        load.load(path, host.Host(memory_mib=8191, cpus=2))
    assert caught.value.problems[0].message == (
        "the 4 machines together need 8 GiB of memory, and this host has 8191 MiB"
    )


def test_without_a_host_memory_is_not_judged(root: pathlib.Path) -> None:
    path = root / "examples" / "notes" / "lab.yml"
    assert load.load(path, None).lab.lab == "k8s-manual"


def test_aliases_are_canonical(parse: Callable[[str], load.Spec]) -> None:
    lab = parse(DEMO).lab
    assert lab.machines["node-01"].roles == ("minion", "master")
    assert list(lab.roles) == ["minion"]


def test_sysctl_values_are_text(parse: Callable[[str], load.Spec]) -> None:
    sysctl = parse(DEMO).lab.machines["node-01"].sysctl
    assert sysctl == {"net.ipv4.ip_forward": "1", "kernel.core_pattern": "|/bin/false"}


def test_locate(parse: Callable[[str], load.Spec]) -> None:
    spec = parse(DEMO)
    assert spec.locate(("lab",)) == place.Position(1, 6)
    assert spec.locate(("roles", "minion")) == place.Position(3, 3)
    assert spec.locate(("roles", "worker", "cpus")) == place.Position(4, 11)
    assert spec.locate(("roles", "minion", "cpus")) == place.Position(4, 11)
    assert spec.locate(("machines", "node-01")) == place.Position(6, 3)
    assert spec.locate(("machines", "node-01", "roles")) == place.Position(7, 5)
    assert spec.locate(("machines", "node-01", "roles", 1)) == place.Position(7, 21)
    assert spec.locate(("machines", "node-01", "memory")) == place.Position(6, 3)
    assert spec.locate(("dns", "search")) == place.Position(1, 1)


def test_problem(parse: Callable[[str], load.Spec]) -> None:
    problem = parse(DEMO).problem(("machines", "node-01", "nat"), "it is wrong", "right it")
    assert problem == errors.Problem("lab.yml", 8, 10, "it is wrong", "right it")


def test_an_anchor_is_shared(parse: Callable[[str], load.Spec]) -> None:
    text = DEMO + "    packages: &tools [vim, g++]\ndefaults:\n  packages: *tools\n"
    lab = parse(text).lab
    assert lab.defaults.packages == lab.machines["node-01"].packages == ("vim", "g++")


def test_a_lab_folder_can_add_images(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "lab.yml"
    path.write_text(DEMO + "    image: my-own\n", encoding="utf-8")
    with pytest.raises(errors.FileError, match="unknown image 'my-own'"):
        load.load(path)
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "my-own.yml").touch()
    assert load.load(path).lab.machines["node-01"].image == "my-own"


def test_a_spec_does_not_change(parse: Callable[[str], load.Spec]) -> None:
    lab = parse(DEMO).lab
    with pytest.raises(ValueError, match="frozen"):
        lab.lab = "other"  # pyright: ignore[reportAttributeAccessIssue]


def test_no_time_zone_is_refused_without_the_database(
    parse: Callable[[str], load.Spec], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unknown_time_zone, "_zones", frozenset)
    assert parse(DEMO + "    time_zone: Qqqq/Zzzz\n").lab.lab == "demo"


@pytest.mark.parametrize("shape", ["x", "{nat: 10.0.2.5, hostonly: 192.168.56.5, cpus: many}"])
def test_a_hundred_problems_are_enough(shape: str, parse: Callable[[str], load.Spec]) -> None:
    text = "lab: demo\nmachines:\n" + "".join(f"  m{n}: {shape}\n" for n in range(300))
    with pytest.raises(errors.FileError) as caught:
        parse(text)
    *told, last = caught.value.problems
    assert [each.line for each in told] == list(range(3, 103))
    assert last == errors.Problem(
        "lab.yml",
        102,
        told[-1].column,
        "there are more problems than these 100",
        "mend these, and look again",
    )


def test_exactly_a_hundred_problems_are_all(parse: Callable[[str], load.Spec]) -> None:
    text = "lab: demo\nmachines:\n" + "".join(f"  m{n}: x\n" for n in range(100))
    with pytest.raises(errors.FileError) as caught:
        parse(text)
    assert len(caught.value.problems) == 100


def test_this_host() -> None:
    here = host.here()
    assert here.memory_mib > 100
    assert here.cpus >= 1


def test_rules_are_found_by_being_there() -> None:
    folder = pathlib.Path(rules.__file__).parent
    assert rules.names() == tuple(sorted(file.stem for file in folder.glob("[!_]*.py")))
    assert len(rules.names()) >= 15
