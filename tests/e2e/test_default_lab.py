"""The whole way of the default lab on four real machines, in the order of its life."""

from __future__ import annotations

import json
import signal
import socket
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.e2e import breakage
from tests.e2e.conftest import Folder, make_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.e2e

ADDRESSES = {
    "ansible-01": ("10.0.2.51", "192.168.56.51"),
    "k8s-master-01": ("10.0.2.61", "192.168.56.61"),
    "k8s-minion-01": ("10.0.2.62", "192.168.56.62"),
    "k8s-minion-02": ("10.0.2.63", "192.168.56.63"),
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    folder = make_folder(tmp_path_factory.mktemp("default") / "labkit-e2e")
    yield folder
    print(folder("destroy", "--yes"))


def wait_until(ready: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "gave up waiting"
        time.sleep(0.2)


def timed(folder: Folder, *words: str) -> tuple[float, str]:
    start = time.monotonic()
    run = folder(*words)
    print(f"{' '.join(words)}: {time.monotonic() - start:.1f} s")
    assert run.code == 0, run
    return time.monotonic() - start, run.out


def test_up_makes_configures_and_verifies(lab: Folder) -> None:
    _, out = timed(lab, "up", "--format", "json")
    document = json.loads(out)
    assert document["ok"]
    assert sorted(document["started"]) == sorted(ADDRESSES)
    assert document["failures"] == []
    assert document["changes"] > 0
    checks = {result["check"] for result in document["report"]["results"]}
    assert {"connection", "ipv6", "names", "reach", "ssh", "ansible", "mirror"} <= checks


def test_the_machines_are_what_the_notes_say(lab: Folder) -> None:
    seen = lab.each(
        ADDRESSES,
        "hostname",
        "ip -j -4 address",
        "ip -6 address",
        "ip route",
        "cat /etc/resolv.conf",
        "getenforce",
        "cat /etc/selinux/config",
        "sudo nmcli -g NAME,AUTOCONNECT connection show --active",
    )
    for name, (nat, hostonly) in ADDRESSES.items():
        hostname, addresses, ipv6, routes, resolver, mode, selinux, connections = seen[name]
        assert hostname == name
        found = {
            (info["local"], info["prefixlen"])
            for device in json.loads(addresses)
            for info in device["addr_info"]
        }
        assert found == {("127.0.0.1", 8), (nat, 24), (hostonly, 24)}
        assert ipv6 == ""
        assert "default via 10.0.2.2" in routes
        assert {"nameserver 10.0.2.3", "search lab.internal"} <= set(resolver.splitlines())
        assert mode == "Permissive"
        assert "SELINUX=permissive" in selinux.splitlines()
        assert {"nat:yes", "hostonly:yes"} <= set(connections.splitlines())


def test_the_ansible_machine_reaches_the_others_without_a_question(lab: Folder) -> None:
    ping = "cd /root/k8s-manual && ansible -o -m ping all"
    (*users, inventory, pings) = lab.each(
        ["ansible-01"],
        *(f"sudo ssh -o BatchMode=yes root@{each} id -u" for _, each in ADDRESSES.values()),
        "sudo cat /root/k8s-manual/ansible_hosts",
        f"sudo env LC_ALL=C.UTF-8 sh -c '{ping}'",
    )["ansible-01"]
    assert users == ["0"] * len(ADDRESSES)
    master, first, second = ADDRESSES["k8s-master-01"][1], "192.168.56.62", "192.168.56.63"
    groups = ["[k8s-master]", master, "[k8s-minion]", first, second]
    assert inventory.split()[-len(groups) :] == groups
    assert pings.count("SUCCESS") == 3


def test_machines_are_unprivileged_and_unique(lab: Folder) -> None:
    seen = lab.each(
        ADDRESSES,
        "cat /etc/ssh/ssh_host_ed25519_key.pub",
        "cat /etc/machine-id",
        "sudo cat /sys/class/dmi/id/product_uuid",
    )
    for values in zip(*seen.values(), strict=True):
        assert len(set(values)) == len(ADDRESSES), values
    for pid in lab.processes().values():
        assert psutil.Process(pid).uids().effective != 0


def boots(lab: Folder) -> dict[str, list[str]]:
    return lab.each(ADDRESSES, "cat /proc/sys/kernel/random/boot_id")


def test_a_second_up_changes_nothing(lab: Folder) -> None:
    before, booted = lab.processes(), boots(lab)
    _, out = timed(lab, "up", "--format", "json")
    document = json.loads(out)
    assert (document["ok"], document["changes"], document["started"]) == (True, 0, [])
    assert lab.processes() == before
    assert boots(lab) == booted


def test_status_exec_and_ssh(lab: Folder) -> None:
    assert set(lab("status", "--format", "json").document["machines"].values()) == {"running"}
    run = lab("exec", "uname -n", "--only", "k8s-minion-01", "--format", "json")
    assert run.document == {"k8s-minion-01": {"output": "k8s-minion-01\n", "status": 0}}
    assert lab("exec", "exit 7", "--only", "k8s-minion-01").code == 1
    run = lab("ssh", "k8s-minion-02", "--", "echo", "$(hostname)")
    assert (run.code, run.out.strip()) == (0, "k8s-minion-02")


def test_another_host_key_is_refused_before_any_command(lab: Folder) -> None:
    known = lab.ssh_config.with_name("known_hosts")
    keys = lab.ssh_config.parent / "keys" / "hosts"
    right = (keys / "k8s-minion-02.pub").read_text()
    (keys / "k8s-minion-02.pub").write_text((keys / "k8s-minion-01.pub").read_text())
    try:
        run = lab("exec", "touch /tmp/reached", "--only", "k8s-minion-02")
    finally:
        (keys / "k8s-minion-02.pub").write_text(right)
    assert run.code == 4
    assert "k8s-minion-02 showed another host key than the one pinned" in run.out + run.err
    assert lab("exec", "test -e /tmp/reached", "--only", "k8s-minion-02").code == 1
    assert known.exists()


def test_verify_names_what_is_broken_and_up_repairs_it(lab: Folder) -> None:
    break_it = (
        "sed -i 's/192.168.56.61/192.168.56.99/' /etc/hosts; sysctl -qw "
        "net.ipv6.conf.lo.disable_ipv6=0; timedatectl set-timezone Asia/Tokyo"
    )
    assert lab("exec", break_it, "--only", "k8s-minion-01").code == 0
    run = lab("verify", "--format", "json", "--only", "k8s-minion-01")
    assert run.code == 1, run
    results = run.document["results"]
    failed = {(each["machine"], each["check"]) for each in results if not each["ok"]}
    broken = ("hosts", "sysctl", "time_zone", "names", "ipv6")
    assert failed == {("k8s-minion-01", kind) for kind in broken}
    run = lab("up", "--format", "json", "--only", "k8s-minion-01")
    assert run.code == 0, run
    assert run.document["changes"] == 3


@pytest.mark.slow
def test_what_explain_prints_mends_a_broken_machine(lab: Folder) -> None:
    lab.as_root("ansible-01", breakage.SCRIPT)
    verify = ("verify", "--format", "json", "--only", "ansible-01")
    run = lab(*verify)
    assert run.code == 1, run
    failed = {each["check"] for each in run.document["results"] if not each["ok"]}
    assert failed >= breakage.CHECKS
    script = lab("explain", "ansible-01", "--format", "sh")
    assert script.code == 0, script
    assert "PRIVATE KEY" not in script.out
    lab.as_root("ansible-01", script.out)
    run = lab(*verify)
    assert [each for each in run.document["results"] if not each["ok"]] == []
    assert run.code == 0, run


def test_one_failing_machine_does_not_stop_the_others(lab: Folder) -> None:
    lab.edit(r"(    hostonly: 192.168.56.63)", r"\1\n    sysctl: {kernel.no_such_thing: '1'}")
    run = lab("up", "--format", "json")
    lab.edit(r"\n    sysctl: .*", "")
    assert run.code == 1, run
    (failure,) = run.document["failures"]
    assert failure["machine"] == "k8s-minion-02"
    assert "kernel.no_such_thing" in failure["message"]
    assert "provision/base.yml:" in failure["hint"]
    assert "k8s-minion-02 login:" in failure["console"]
    others = [each for each in run.document["report"]["results"] if each["check"] == "hosts"]
    assert {each["machine"] for each in others} == set(ADDRESSES) - {"k8s-minion-02"}
    assert all(each["ok"] for each in others)
    run = lab("up", "--format", "json", "--only", "k8s-minion-02")  # the file is mended
    assert (run.code, run.document["changes"]) == (0, 1), run


@pytest.mark.slow
def test_a_package_and_another_selinux_mode_are_brought_in_with_one_reboot(lab: Folder) -> None:
    more = r"\1\n    packages: [tree]\n    selinux: disabled"
    lab.edit(r"(    hostonly: 192.168.56.63)", more)
    before = boots(lab)
    up = ("up", "--only", "k8s-minion-02", "--format", "json")  # nothing changes in the others
    _, out = timed(lab, *up)
    assert json.loads(out)["ok"]
    after = boots(lab)
    assert {name for name in ADDRESSES if before[name] != after[name]} == {"k8s-minion-02"}
    assert lab.on("k8s-minion-02", "tree --version").startswith("tree v")
    assert lab.on("k8s-minion-02", "getenforce") == "Disabled"
    _, out = timed(lab, *up)
    assert json.loads(out)["changes"] == 0
    assert boots(lab) == after


def test_everything_holds_after_halt_and_start(lab: Folder) -> None:
    timed(lab, "halt")
    assert lab.processes() == {}
    run = lab("status", "--format", "json")
    assert (run.code, set(run.document["machines"].values())) == (1, {"stopped"})
    timed(lab, "start")
    _, out = timed(lab, "verify", "--format", "json")
    document = json.loads(out)
    assert document["ok"]
    assert document["skipped"] == []


def test_the_vagrantfile_is_there(lab: Folder) -> None:
    assert "Vagrant.configure('2')" in lab.ssh_config.with_name("Vagrantfile").read_text()


@pytest.mark.slow
def test_an_interrupted_up_holds_no_lock_and_can_go_on(lab: Folder) -> None:
    assert lab("destroy", "--yes").code == 0
    first = lab.begin("up")
    wait_until(lambda: len(lab.processes()) == len(ADDRESSES))
    start = time.monotonic()
    second = lab("up")
    assert time.monotonic() - start < 5
    assert second.code == 3
    assert f"'labkit up' of process {first.pid} on" in second.err
    first.send_signal(signal.SIGINT)
    _, err = first.communicate(timeout=30)
    assert first.returncode == 130, err
    assert "interrupted; 'labkit up' continues, 'labkit destroy' removes" in err
    before = lab.processes()
    _, out = timed(lab, "up", "--format", "json")
    assert json.loads(out)["ok"]
    assert lab.processes() == before


def test_destroy_leaves_nothing_and_touches_nothing_else(lab: Folder) -> None:
    plan = lab.plan
    foreign = lab.path / ".lab" / "someone-else"
    foreign.mkdir()
    timed(lab, "destroy", "--yes")
    assert lab.processes() == {}
    assert list((lab.path / ".lab").iterdir()) == [foreign]
    for machine in plan["machines"]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", machine["ssh_port"]))
    foreign.rmdir()
    run = lab("destroy", "--yes")
    assert (run.code, run.out) == (0, "there is nothing of lab 'labkit-e2e'\n")
    assert not (lab.path / ".lab").exists()
