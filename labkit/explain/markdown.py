"""A tutorial for a person without labkit: from making the machines to checking them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import markdown, shell
from labkit.explain import keys, virtualbox, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labkit.explain import model

_CODE = "sh"


def render(explanation: model.Explanation, note: str = "") -> str:
    """Return the page.

    Args:
        explanation: What to tell.
        note: Stands above the title.
    """
    say = words.of(explanation.language)
    lab = explanation.lab.name
    parts = [note, f"# {say('title', lab=lab)}", say("intro", lab=lab)]
    parts += [*_machines(explanation, say), *_needs(explanation, say), *_make(explanation, say)]
    parts += [*_install(explanation, say), *_keys(explanation, say)]
    for chapter in explanation.chapters:
        parts += _chapter(explanation, chapter, say)
    parts += _check(explanation, say)
    return "\n\n".join(part for part in parts if part) + "\n"


def _code(*commands: str) -> str:
    return markdown.code("\n".join(commands), _CODE)


def _names(say: words.Words, names: Sequence[str]) -> str:
    return say.all_of([markdown.word(name) for name in names])


def _machines(explanation: model.Explanation, say: words.Words) -> Iterator[str]:
    lab = explanation.lab
    yield f"## {say('machines')}"
    rows = [
        (
            each.name,
            ", ".join(each.roles),
            each.image,
            str(each.cpus),
            f"{each.memory_mib} MiB",
            f"{each.disk_gib} GiB",
            str(each.nic("nat").address.ip),
            str(each.hostonly),
        )
        for each in explanation.machines
    ]
    yield markdown.table(say("machines_head").split("|"), rows)
    nat, hostonly = lab.network("nat"), lab.network("hostonly")
    yield say("machines_text", nat=nat.subnet, gateway=nat.gateway, hostonly=hostonly.subnet)
    if len(explanation.machines) < len(lab.machines):
        names = _names(say, explanation.names)
        yield say("only_text", machines=names, count=len(lab.machines))


def _needs(explanation: model.Explanation, say: words.Words) -> Iterator[str]:
    machines = explanation.machines
    yield f"## {say('needs')}"
    yield say(
        "needs_list",
        memory=f"{sum(each.memory_mib for each in machines)} MiB",
        disk=f"{sum(each.disk_gib for each in machines)} GiB",
        images=_names(say, sorted({each.image for each in machines})),
        installer=virtualbox.INSTALLER,
    )


def _make(explanation: model.Explanation, say: words.Words) -> Iterator[str]:
    lab = explanation.lab
    yield f"## {say('make')}"
    yield say("make_network")
    yield _code(*virtualbox.network(lab))
    yield say("make_machine")
    for each in explanation.machines:
        yield _code(*virtualbox.machine(lab, each, explanation.families[each.name]))


def _install(explanation: model.Explanation, say: words.Words) -> Iterator[str]:
    yield f"## {say('install')}"
    groups: dict[tuple[str, bool], list[str]] = {}
    for each in explanation.machines:
        key = (explanation.families[each.name].name, each.selinux != "disabled")
        groups.setdefault(key, []).append(each.name)
    for (family, selinux), names in groups.items():
        yield say(f"install_{family}", machines=_names(say, names))
        commands = explanation.families[names[0]].prepare_by_hand(selinux=selinux)
        if selinux and f"install_{family}_selinux" in say.texts:
            yield say(f"install_{family}_selinux")
        if commands:
            yield _code(*commands)
    yield say("install_ssh", port=explanation.machines[0].ssh_port)


def _keys(explanation: model.Explanation, say: words.Words) -> Iterator[str]:
    used = explanation.stand_ins
    if not used:
        return
    lab = explanation.lab
    ring, shown = keys.nobodys(lab), keys.stand_ins(lab, say)
    yield f"## {say('keys')}"
    yield say("keys_text")
    ansible, login = shown[ring.ansible.public], shown[ring.login.public]
    if ansible in used:
        own = [machine.name for machine in lab.with_role("ansible")][:1]
        where = "key_ansible_text" if own else "key_ansible_nowhere"
        yield say(where, stand_in=ansible, machine=_names(say, own) if own else "")
        make = ("ssh-keygen", "-t", "ed25519", "-N", "", "-C", f"ansible@{lab.name}")
        file = "/root/.ssh/id_ed25519"
        yield _code(shell.argv(*make, "-f", file), shell.argv("cat", f"{file}.pub"))
    if login in used:
        yield say("key_login_text", stand_in=login)
    hosts = [shown[pair.public] for pair in ring.hosts.values() if shown[pair.public] in used]
    if hosts:
        yield say("key_host_text", stand_in=_names(say, hosts))
        yield _code("cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub")


def _chapter(
    explanation: model.Explanation, chapter: model.Chapter, say: words.Words
) -> Iterator[str]:
    yield f"## {chapter.title}"
    where = _where(explanation, chapter.machines, say)
    yield f"{say('profile', profile=chapter.profile)}{say.texts['space']}{where}"
    for number, step in enumerate(chapter.steps, 1):
        yield f"**{number}. {' '.join(step.reason.split())}**"
        for variant in step.variants:
            if variant.machines != chapter.machines:
                yield _where(explanation, variant.machines, say)
            yield _code(*variant.commands)


def _where(explanation: model.Explanation, machines: tuple[str, ...], say: words.Words) -> str:
    if machines == explanation.names and len(machines) > 1:
        return say("on_all_sentence")
    return say("on_sentence", machines=_names(say, machines))


def _check(explanation: model.Explanation, say: words.Words) -> Iterator[str]:
    yield f"## {say('check')}"
    yield say("check_all", gateway=explanation.lab.network("nat").gateway)
    every = shell.argv(*(machine.name for machine in explanation.lab.machines))
    yield _code(
        "hostname",
        "ip -4 -br address",
        "ip route show default",
        "cat /proc/sys/net/ipv6/conf/all/disable_ipv6",
        f'for name in {every}; do ping -c 1 -W 2 "$name"; done',
    )
    guarded = [each.name for each in explanation.machines if each.selinux != "disabled"]
    if guarded:
        yield say("check_selinux", machines=_names(say, guarded))
        yield _code("getenforce")
    ansible = [each.name for each in explanation.machines if "ansible" in each.profiles]
    if ansible:
        yield say("check_ansible", machines=_names(say, ansible))
        yield _code("cd /root/k8s-manual", "ansible all -m ping")
    yield say("check_labkit")
