"""Ansible on the ansible machine reaches every machine, and its facts are what lab.yml says.

Ansible takes many seconds of an emulated processor. So it gathers only what is compared here: all
its facts take twice as long, and the processors are looked at by the check 'resources'. And what it
said is kept in /run until the machine's next boot, beside a digest of all that it depends on: its
folder, ~/.ssh, both sides' package lists and Python, and what its facts are read from on each
machine, which a log-in by ssh brings each time. While the digest is the same, Ansible is not asked
again. An edit inside the files of Ansible's own package is all that would stay unseen until then.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from labkit import shell
from labkit.checks import base, ssh

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.converge import script
    from labkit.plan import model

_FOLDER = "/root/k8s-manual"
_GROUPS = {"k8s-master": "master", "k8s-minion": "minion"}
_MARK = "--- facts"
_BY_HAND = f"cd {_FOLDER} && ansible --module-name=setup all"
_TAGS = {"host name": "hostname", "addresses": "network", "gateway": "network",
         "IPv6 addresses": "ipv6", "SELinux": "selinux"}  # fmt: skip
"""What brings each fact back."""
_PACKAGES = "/var/lib/dpkg/status /var/lib/rpm/rpmdb.sqlite"
_PYTHON = "/usr/bin/python3"
_STAT = "stat -L -c '%n %i %s %Z' --"
"""Inode, size and the time of the last change, which no touch(1) sets back (stat(1))."""

# Host name, boot, addresses and routes, IPv6 addresses, SELinux: what the facts that are compared
# here are read from, by the kernel's own files, with two programs in all.
_FACTS = (
    "cat /proc/sys/kernel/hostname /proc/sys/kernel/random/boot_id /proc/net/fib_trie "
    "/proc/net/route /proc/net/if_inet6 /sys/fs/selinux/enforce; "
    f"{_STAT} {_PYTHON} ~/.ssh/authorized_keys /etc/selinux/config {_PACKAGES}"
)

_SUBSET = "gather_subset=!all,!min,network,platform,selinux"
"""In the words of ansible.builtin.setup."""

_PROBE = f"""
cd {_FOLDER} && export HOME=/root LC_ALL=C.UTF-8 ANSIBLE_NOCOLOR=1
mkdir -p -m 0700 /run/labkit && kept=/run/labkit/ansible
for host in {{hosts}}; do {{ssh}} "root@$host" {{facts}} > "$kept.at.$host" 2>&1 & done
wait
{{{{
cat ansible.cfg ansible_hosts ~/.ssh/config ~/.ssh/known_hosts ~/.ssh/id_ed25519
{_STAT} "$(command -v ansible)" {_PYTHON} {_PACKAGES}
cat "$kept".at.*
}}}} 2>&1 | sha256sum > "$kept.now"
rm -f "$kept".at.*
cmp -s "$kept.now" "$kept.digest" || {{{{
rm -f "$kept.digest"
ansible-inventory --list > "$kept.inventory" 2>&1 &
ansible --one-line --module-name=setup --args='{_SUBSET}' all > "$kept.facts" 2>&1 && good=yes
wait
[ -z "$good" ] || mv "$kept.now" "$kept.digest"
}}}}
cat "$kept.inventory"; echo; echo '{_MARK}'; cat "$kept.facts"
"""


class Ansible(base.Check):
    """`ansible-inventory --list` and `ansible -m setup all`, as the course does it."""

    def probe(self, lab: model.Lab, machine: model.Machine) -> str | None:
        """Print the inventory as JSON, then a line of facts for each machine."""
        if "ansible" not in machine.roles:
            return None
        hosts = shell.argv(*(each.hostonly for each in _managed(lab)))
        return _PROBE.format(
            hosts=hosts, ssh=shell.argv("ssh", *ssh.OPTIONS), facts=shell.quote(_FACTS)
        )

    def read(
        self, lab: model.Lab, machine: model.Machine, answer: script.Answer
    ) -> Iterator[base.Seen]:
        """Compare groups and facts with the plan."""
        inventory, _, facts = answer.output.partition(f"\n{_MARK}\n")
        yield from _groups(lab, machine.name, inventory)
        said = dict(line.split(" | ", 1) for line in facts.splitlines() if " | " in line)
        for each in _managed(lab):
            line = said.get(str(each.hostonly), facts.strip()[-300:])
            yield from _facts(machine.name, each, line)


def _managed(lab: model.Lab) -> tuple[model.Machine, ...]:
    return (*lab.with_role("master"), *lab.with_role("minion"))


def _groups(lab: model.Lab, ansible: str, inventory: str) -> Iterator[base.Seen]:
    listed = _json(inventory)
    for group, role in _GROUPS.items():
        expected = " ".join(sorted(str(each.hostonly) for each in lab.with_role(role)))
        actual = " ".join(sorted(listed.get(group, {}).get("hosts", [])))
        by_hand = f"cd {_FOLDER} && ansible-inventory --list"
        repair = base.apply(ansible, "ansible")
        yield base.equal(f"inventory group {group}", expected, actual, by_hand, repair)


def _facts(ansible: str, machine: model.Machine, said: str) -> Iterator[base.Seen]:
    status, arrow, document = said.partition(" => ")
    facts: dict[str, Any] = _json(document).get("ansible_facts", {}) if arrow else {}
    if not status.startswith("SUCCESS") or not facts:
        repair = base.apply(ansible, "", machine.name)
        yield base.Seen(f"facts of {machine.name}", ok=False, expected="SUCCESS", actual=said,
                        by_hand=_BY_HAND, repair=repair)  # fmt: skip
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
        "SELinux": (machine.selinux, mode),
    }
    for subject, (expected, actual) in wanted.items():
        repair = base.apply(machine.name, _TAGS[subject]) if subject in _TAGS else base.MADE
        yield base.equal(f"{subject} of {machine.name}", expected, str(actual), _BY_HAND, repair)


def _json(text: str) -> dict[str, Any]:
    start = text.find("{")  # a warning may stand before it
    try:
        found: dict[str, Any] = json.loads(text[start:]) if start >= 0 else {}
    except ValueError:
        return {}
    return found
