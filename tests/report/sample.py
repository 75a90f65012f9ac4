"""Reports as real runs give them, without a machine.

Each step of the default lab's profiles and each reading of its checks is in it. What is broken is
broken as the end-to-end tests do it.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from labkit import checks, shell
from labkit.checks import base
from labkit.converge import script
from labkit.profiles import load as profiles
from labkit.profiles import shelf
from labkit.report import about, model

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

    from labkit.plan import model as plans
    from labkit.ssh import keyring

ABOUT = about.About(
    task="verify",
    finished="2026-01-31T09:30:00Z",
    labkit="0.1.0",
    python="3.11.2",
    system="Linux x86_64",
    provider="qemu",
    phases={"verify": 3.75},
)

_HOSTS = """\
127.0.0.1 localhost
192.168.56.51 ansible-01 ansible-01.lab.internal
192.168.56.61 k8s-master-01 k8s-master-01.lab.internal
192.168.56.62 k8s-minion-01 k8s-minion-01.lab.internal
192.168.56.63 k8s-minion-02 k8s-minion-02.lab.internal
"""
_FIRST, _SECOND = "k8s-minion-01", "k8s-minion-02"


def healthy(lab: plans.Lab, keys: keyring.Keyring, folder: pathlib.Path) -> model.Report:
    """Return the report of a lab in which everything is as it should be."""
    results = [each for machine in lab.machines for each in _results(lab, machine, keys, folder)]
    settings = [
        model.Setting(machine.name, subject, wanted, wanted, wanted)
        for machine in lab.machines
        for subject, wanted in (
            ("SELinux", machine.selinux),
            ("IPv6 on all cards", "off"),
            ("vm.overcommit_memory", "1"),
        )
    ]
    return model.Report(lab.name, tuple(results), 3.75, (), tuple(settings))


def _results(
    lab: plans.Lab, machine: plans.Machine, keys: keyring.Keyring, folder: pathlib.Path
) -> Iterator[model.Result]:
    for step in profiles.steps(lab, machine, keys, shelf.Shelf(folder)):
        yield model.Result(machine.name, step.kind, step.why, ok=True)
    for name, check in checks.every().items():
        if check.probe(lab, machine) is None:
            continue
        answer = script.Answer(_PRINTS.get(name, ""), 0)
        for seen in check.read(lab, machine, answer):
            good = dataclasses.replace(seen, ok=True, actual=seen.expected)
            yield model.Result(machine.name, name, **dataclasses.asdict(good))


def broken(whole: model.Report) -> model.Report:
    """Break a file, a time zone, a setting, a firewall and a log-in of a healthy report."""
    wrong = _HOSTS.replace("192.168.56.61", "192.168.56.99")
    more = (
        _changed(
            _FIRST, "hosts", "/etc/hosts", _HOSTS, wrong, "cat /etc/hosts",
            shell.argv("printf", "%s", _HOSTS) + " > /etc/hosts",
        ),
        _changed(
            _FIRST, "time_zone", "time zone", "Etc/UTC", "Asia/Tokyo",
            "ls -l /etc/localtime; cat /etc/timezone", "timedatectl set-timezone Etc/UTC",
        ),
        _changed(
            _SECOND, "selinux", "SELinux in force", "permissive", "enforcing",
            "getenforce; cat /etc/selinux/config /proc/cmdline", "setenforce 0",
        ),
    )  # fmt: skip
    gone = {(each.machine, each.check) for each in more}
    kept = [_broken(each) for each in whole.results if (each.machine, each.check) not in gone]
    settings = [
        dataclasses.replace(each, runtime="enforcing")
        if (each.machine, each.subject) == (_SECOND, "SELinux")
        else each
        for each in whole.settings
    ]
    return dataclasses.replace(whole, results=(*kept, *more), settings=tuple(settings))


def _changed(  # noqa: PLR0917 - as a result shows them
    machine: str, kind: str, subject: str, expected: str, actual: str, see: str, command: str
) -> model.Result:
    repair = base.apply(machine, kind)
    return model.Result(
        machine, kind, subject, False, expected, actual, see, repair, "", (command,), True
    )


_PRINTS = {
    **dict.fromkeys(("addresses", "ipv6", "mtu", "routes"), "[]"),
    "resources": "0\nMemTotal: 1 kB\nMemAvailable: 1 kB\n1 1 1 1 1\n",
}
"""What can be read at all, for the checks that cannot read nothing."""

_SILENT = {
    (_FIRST, "reach", "ping"): "no answer",
    (_FIRST, "reach", "full"): "no answer",
    (_FIRST, "reach", "TCP"): "no answer",
    ("ansible-01", "reach", "TCP"): "no answer",
    ("ansible-01", "ssh", "log"): "root@192.168.56.63: Permission denied (publickey).",
}
"""What fails from a machine to the second minion: machine, check, and the subject's first word."""


def _broken(each: model.Result) -> model.Result:
    way = (each.machine, each.check, each.subject.partition(" ")[0])
    if way in _SILENT and _SECOND in each.subject:
        return dataclasses.replace(each, ok=False, actual=_SILENT[way])
    if (each.machine, each.subject) == (_FIRST, "address of k8s-master-01"):
        return dataclasses.replace(each, ok=False, actual="192.168.56.99")
    return each


def large(machines: int, results: int, lab: plans.Lab) -> tuple[plans.Lab, model.Report]:
    """Return a lab of many machines, each like the first one, and a report of many results."""
    first = lab.machines[0]
    many = tuple(
        dataclasses.replace(first, name=f"node-{number:02d}", ssh_port=20000 + number)
        for number in range(machines)
    )
    wide = dataclasses.replace(lab, machines=many)
    pairs = [
        model.Result(
            one.name,
            "reach",
            f"ping to {two.name} ({two.hostonly})",
            ok=two.name != "node-07",
            expected="ok",
            actual="no answer" if two.name == "node-07" else "ok",
            by_hand=f"ping -c 1 {two.hostonly}",
            repair=base.apply(two.name),
        )
        for one in many
        for two in many
        if one is not two
    ]
    rest = [
        model.Result(
            many[number % machines].name, f"kind-{number % 17}", f"thing {number}", ok=True
        )
        for number in range(results - len(pairs))
    ]
    return wide, model.Report(lab.name, (*pairs, *rest), 5.5)
