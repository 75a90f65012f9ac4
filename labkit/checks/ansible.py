"""Ansible on the ansible machine reaches every machine, and its facts are what lab.yml says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from labkit.checks import base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.converge import script
    from labkit.plan import model

_FOLDER = "/root/k8s-manual"
_GROUPS = {"k8s-master": "master", "k8s-minion": "minion"}
_MARK = "--- facts"
_BY_HAND = f"cd {_FOLDER} && ansible --module-name=setup all"


class Ansible(base.Check):
    """`ansible-inventory --list`, then `ansible -m setup all`, as the course does it."""

    slow: ClassVar[bool] = True

    def probe(self, lab: model.Lab, machine: model.Machine) -> str | None:
        """Print the inventory as JSON, then a line of facts for each machine."""
        del lab
        if "ansible" not in machine.roles:
            return None
        return (
            f"cd {_FOLDER} && export HOME=/root LC_ALL=C.UTF-8 ANSIBLE_NOCOLOR=1\n"
            "ansible-inventory --list > /tmp/labkit-inventory 2>&1 &\n"
            "ansible --one-line --module-name=setup all > /tmp/labkit-facts 2>&1\n"
            "wait\n"
            f"cat /tmp/labkit-inventory; echo; echo '{_MARK}'; cat /tmp/labkit-facts\n"
            "rm -f /tmp/labkit-inventory /tmp/labkit-facts"
        )

    def read(
        self, lab: model.Lab, machine: model.Machine, answer: script.Answer
    ) -> Iterator[base.Seen]:
        """Compare groups and facts with the plan."""
        del machine
        inventory, _, facts = answer.output.partition(f"\n{_MARK}\n")
        yield from _groups(lab, inventory)
        said = dict(line.split(" | ", 1) for line in facts.splitlines() if " | " in line)
        for each in (*lab.with_role("master"), *lab.with_role("minion")):
            yield from _facts(each, said.get(str(each.hostonly), facts.strip()[-300:]))


def _groups(lab: model.Lab, inventory: str) -> Iterator[base.Seen]:
    listed = _json(inventory)
    for group, role in _GROUPS.items():
        expected = " ".join(sorted(str(each.hostonly) for each in lab.with_role(role)))
        actual = " ".join(sorted(listed.get(group, {}).get("hosts", [])))
        yield base.equal(
            f"inventory group {group}",
            expected,
            actual,
            f"cd {_FOLDER} && ansible-inventory --list",
        )


def _facts(machine: model.Machine, said: str) -> Iterator[base.Seen]:
    status, arrow, document = said.partition(" => ")
    facts: dict[str, Any] = _json(document).get("ansible_facts", {}) if arrow else {}
    if not status.startswith("SUCCESS") or not facts:
        yield base.Seen(f"facts of {machine.name}", ok=False, expected="SUCCESS", actual=said,
                        hint=_BY_HAND)  # fmt: skip
        return
    addresses = " ".join(sorted(str(nic.address.ip) for nic in machine.nics))
    gateway = str(machine.nic("nat").gateway)
    selinux: dict[str, str] = facts.get("ansible_selinux") or {}
    mode = selinux.get("mode") or selinux.get("status", "")
    wanted = {
        "host name": (machine.name, facts.get("ansible_hostname")),
        "addresses": (addresses, " ".join(sorted(facts.get("ansible_all_ipv4_addresses", [])))),
        "gateway": (gateway, facts.get("ansible_default_ipv4", {}).get("gateway")),
        "IPv6 addresses": ("", " ".join(facts.get("ansible_all_ipv6_addresses", []))),
        "CPUs": (str(machine.cpus), str(facts.get("ansible_processor_vcpus"))),
        "SELinux": (machine.selinux, mode),
    }
    for subject, (expected, actual) in wanted.items():
        yield base.equal(f"{subject} of {machine.name}", expected, str(actual), _BY_HAND)


def _json(text: str) -> dict[str, Any]:
    start = text.find("{")  # a warning may stand before it
    try:
        found: dict[str, Any] = json.loads(text[start:]) if start >= 0 else {}
    except ValueError:
        return {}
    return found
