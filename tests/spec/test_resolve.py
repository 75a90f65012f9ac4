from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labkit.spec import resolve

if TYPE_CHECKING:
    from collections.abc import Callable

    from labkit.spec import load

LAB = """\
lab: demo
defaults:
  cpus: 2
  packages: [vim, curl]
  profiles: [monitoring]
  sysctl: {vm.swappiness: 1, kernel.panic: 5}
roles:
  master: {cpus: 4, memory: 2 GiB, packages: [etcd-client, vim], sysctl: {kernel.panic: 10}}
  ansible: {memory: 1 GiB, selinux: enforcing, profiles: [ansible, tools]}
machines:
  plain: {nat: 10.0.2.51, hostonly: 192.168.56.51}
  both:
    roles: [control-plane, ansible]
    nat: 10.0.2.52
    hostonly: 192.168.56.52
    disk: 8 GiB
    packages: [jq, curl]
    sysctl: {vm.swappiness: 60}
  turned: {roles: [ansible, master], nat: 10.0.2.53, hostonly: 192.168.56.53}
"""


@pytest.fixture
def settings(parse: Callable[[str], load.Spec]) -> Callable[[str], resolve.Resolved]:
    # Two machines with the role ansible would be refused.
    def of(machine: str) -> resolve.Resolved:
        other = {"both": "turned", "turned": "both"}.get(machine, "both")
        lines = LAB.splitlines(keepends=True)
        text = "".join(line for line in lines if not line.startswith("  turned:"))
        if other == "both":
            start, end = LAB.index("  both:"), LAB.index("  turned:")
            text = LAB[:start] + LAB[end:]
        return resolve.settings(parse(text).lab, machine)

    return of


def test_built_in_and_defaults(settings: Callable[[str], resolve.Resolved]) -> None:
    assert settings("plain") == resolve.Resolved(
        image="debian-12",
        cpus=2,
        memory_mib=512,
        disk_gib=4,
        selinux="permissive",
        time_zone="Etc/UTC",
        packages=("vim", "curl"),
        sysctl={"vm.swappiness": "1", "kernel.panic": "5"},
        profiles=("base", "monitoring"),
    )


def test_roles_then_the_machine_itself(settings: Callable[[str], resolve.Resolved]) -> None:
    assert settings("both") == resolve.Resolved(
        image="debian-12",
        cpus=4,
        memory_mib=1024,
        disk_gib=8,
        selinux="enforcing",
        time_zone="Etc/UTC",
        packages=("vim", "curl", "etcd-client", "jq"),
        sysctl={"vm.swappiness": "60", "kernel.panic": "10"},
        profiles=("base", "ansible", "monitoring", "tools"),
    )


def test_the_order_of_the_roles_counts(settings: Callable[[str], resolve.Resolved]) -> None:
    assert settings("both").memory_mib == 1024
    assert settings("turned").memory_mib == 2048


def test_the_nearest_sudo_password_wins(parse: Callable[[str], load.Spec]) -> None:
    lab = parse(
        "lab: demo\n"
        "secrets: {one: {env: ONE}, two: {env: TWO}, three: {env: THREE}}\n"
        "defaults: {sudo_password: one}\n"
        "roles: {minion: {sudo_password: two}}\n"
        "machines:\n"
        "  a: {nat: 10.0.2.51, hostonly: 192.168.56.51}\n"
        "  b: {nat: 10.0.2.52, hostonly: 192.168.56.52, roles: [minion]}\n"
        "  c: {nat: 10.0.2.53, hostonly: 192.168.56.53, roles: [minion], sudo_password: three}\n"
    ).lab
    found = {name: resolve.settings(lab, name).sudo_password for name in lab.machines}
    assert found == {"a": "one", "b": "two", "c": "three"}


def test_no_such_machine(settings: Callable[[str], resolve.Resolved]) -> None:
    with pytest.raises(KeyError, match="nobody"):
        settings("nobody")


def test_sysctl_cannot_be_changed(settings: Callable[[str], resolve.Resolved]) -> None:
    with pytest.raises(TypeError):
        settings("plain").sysctl["a.b"] = "1"  # pyright: ignore[reportIndexIssue]
