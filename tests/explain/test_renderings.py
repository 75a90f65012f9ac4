"""One explanation, four renderings."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from labkit.explain import json as json_rendering
from labkit.explain import markdown, script, text, virtualbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from labkit.explain import model
    from labkit.plan import model as plan

    Explain = Callable[..., model.Explanation]

_ALL = ("ansible-01", "k8s-master-01", "k8s-minion-01", "k8s-minion-02")
_BLOCK = re.compile(r"^(`{3,})sh\n(.*?)^\1$", re.DOTALL | re.MULTILINE)


def _shells() -> list[str]:
    return [name for name in ("sh", "dash", "bash") if shutil.which(name)]


def _assert_shell(typed: str) -> None:
    for name in _shells():
        done = subprocess.run(
            [name, "-n"], input=typed, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), typed


def _with(explanation: model.Explanation, **changes: Any) -> model.Explanation:  # noqa: ANN401
    """Return the explanation with its first step changed."""
    first, *others = explanation.chapters
    step = dataclasses.replace(first.steps[0], **changes)
    chapter = dataclasses.replace(first, steps=(step, *first.steps[1:]))
    return dataclasses.replace(explanation, chapters=(chapter, *others))


# --- the script ----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_script_is_shell(explain: Explain, language: str) -> None:
    for name in _ALL:
        made = script.render(explain(name, language=language))
        assert made.startswith("#!/bin/sh\n# ")
        assert f"hostnamectl set-hostname {name}\n" in made
        _assert_shell(made)


def test_a_script_reads_to_its_end_before_anything_runs_and_stops_at_a_failure(
    explain: Explain,
) -> None:
    def run(*commands: str) -> tuple[int, str]:
        one = explain("k8s-master-01")
        only = dataclasses.replace(one.chapters[0].steps[0].variants[0], commands=commands)
        short = _with(one, variants=(only,))
        chapter = dataclasses.replace(short.chapters[0], steps=short.chapters[0].steps[:1])
        made = script.render(dataclasses.replace(short, chapters=(chapter,)))
        done = subprocess.run(["sh", "-s"], input=made, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    # A command that reads its input does not eat the commands after it.
    assert run("cat", "echo after") == (0, "after\n")
    assert run("echo before", "false", "echo after") == (1, "before\n")
    assert run("cat << 'EOF'\n  $(id)\nEOF", "# only a comment") == (0, "  $(id)\n")


def test_a_reboot_comes_last(explain: Explain) -> None:
    one = explain("k8s-master-01")
    variant = dataclasses.replace(one.chapters[0].steps[0].variants[0], commands=("a", "reboot"))
    lines = script.render(_with(one, variants=(variant, variant))).splitlines()
    assert [index for index, line in enumerate(lines) if line == "reboot"] == [len(lines) - 1]
    assert "reboot" not in script.render(one)


def test_a_reason_cannot_leave_its_comment(explain: Explain) -> None:
    made = script.render(_with(explain("k8s-master-01"), reason="x\nrm -rf /\n\x1b[2J"))
    assert "\n# x rm -rf / \\x1b[2J\n" in made


def test_a_script_without_keys_says_so(explain: Explain) -> None:
    note = "# What stands in <> is a key. Put your own in its place before you run this.\n"
    one = explain("k8s-master-01")
    assert note in script.render(one)
    assert note not in script.render(dataclasses.replace(one, stand_ins=()))


# --- the text ------------------------------------------------------------------------------------


def _plain(explanation: model.Explanation) -> str:
    """Return the text as it is on a terminal, without colours."""
    lines = "\n".join(text.render(explanation))
    return re.sub(r"(?<!\\)\[/?[a-z]*\]", "", lines).replace("\\[", "[")


def test_text_is_shell_too(explain: Explain) -> None:
    shown = _plain(explain())
    _assert_shell(shown)
    assert "# === What every machine is (provision/base.yml): on all machines ===" in shown
    assert "# === The Ansible machine (provision/ansible.yml): on ansible-01 ===" in shown
    assert shown.count("# on k8s-minion-02\n") == 3
    assert "# on all machines" not in shown
    assert "<public key of Ansible> stands for a key of your own" in shown


def test_text_of_one_machine_in_japanese(explain: Explain) -> None:
    shown = _plain(explain("k8s-master-01", language="ja"))
    assert "# === 全マシン共通の設定 (provision/base.yml): k8s-master-01 ===" in shown
    assert "# マシンはホスト名で区別します。\nhostnamectl set-hostname k8s-master-01\n" in shown


def test_a_command_cannot_reach_the_terminal_otherwise_than_as_text(explain: Explain) -> None:
    one = explain("k8s-master-01")
    commands = ("echo \x1b[2J [red]x[/] " + "y" * 400 + "\n\tz",)
    variant = dataclasses.replace(one.chapters[0].steps[0].variants[0], commands=commands)
    shown = _plain(_with(one, variants=(variant,), reason="[red]why[/]\x1b"))
    assert "echo \\x1b[2J [red]x " not in shown
    assert "\x1b" not in shown
    assert "y" * 400 + "\n\tz" in shown


# --- JSON ----------------------------------------------------------------------------------------


def test_json(explain: Explain) -> None:
    document = json.loads(json_rendering.render(explain("ansible-01", language="ja")))
    assert {key: document[key] for key in ("version", "lab", "language", "machines")} == {
        "version": 1,
        "lab": "k8s-manual",
        "language": "ja",
        "machines": ["ansible-01"],
    }
    first = document["chapters"][0]
    assert first["steps"][0] == {
        "kind": "hostname",
        "tags": ["base", "hostname", "names"],
        "reason": "マシンはホスト名で区別します。",
        "variants": [
            {"machines": ["ansible-01"], "commands": ["hostnamectl set-hostname ansible-01"]}
        ],
    }


# --- the tutorial --------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_tutorial_is_whole(explain: Explain, language: str) -> None:
    whole = explain(language=language)
    page = markdown.render(whole)
    headings = re.findall(r"(?m)^## (.+)$", page)
    titles = [chapter.title for chapter in whole.chapters]
    assert headings[5:-1] == titles
    assert len(set(headings)) == len(headings) == 10
    blocks = [found[2] for found in _BLOCK.finditer(page)]
    _assert_shell("\n".join(blocks))
    typed = "\n".join(blocks)
    for name in _ALL:
        assert f"VBoxManage createvm --name {name} " in typed
        assert f"hostnamectl set-hostname {name}\n" in typed
    assert "{" not in _BLOCK.sub("", page)
    assert page.endswith("\n")
    assert "\n\n\n" not in _BLOCK.sub("(code)", page)
    prose = " ".join(_BLOCK.sub("", page).split())
    assert all(stand_in in prose for stand_in in whole.stand_ins)


def test_a_tutorial_shows_no_key_and_no_mark_of_one(explain: Explain) -> None:
    page = markdown.render(explain())
    assert "PRIVATE" not in page
    assert "labkit/explains" not in page
    assert "<host key of k8s-minion-02>" in page


def test_a_tutorial_of_some_machines_names_the_others_in_hosts_only(explain: Explain) -> None:
    page = markdown.render(explain("k8s-master-01", "k8s-minion-01"))
    assert "This page shows `k8s-master-01` and `k8s-minion-01` of the lab's 4 machines." in page
    assert "## The Ansible machine" not in page
    assert "ansible all" not in page
    assert "createvm --name ansible-01" not in page
    assert "192.168.56.51 ansible-01.lab.internal ansible-01\n" in page


def test_a_fence_of_a_file_does_not_end_the_block(explain: Explain) -> None:
    one = explain("k8s-master-01")
    commands = ("cat > /srv/page.md << 'EOF'\n```sh\nls\n```\nEOF",)
    variant = dataclasses.replace(one.chapters[0].steps[0].variants[0], commands=commands)
    assert f"````sh\n{commands[0]}\n````" in markdown.render(_with(one, variants=(variant,)))


def test_selinux_that_is_off_is_neither_installed_nor_asked(
    explain: Explain, default_lab: plan.Lab
) -> None:
    machines = tuple(dataclasses.replace(each, selinux="disabled") for each in default_lab.machines)
    page = markdown.render(explain(lab=dataclasses.replace(default_lab, machines=machines)))
    assert "selinux-activate" not in page
    assert "getenforce" not in page


def test_machines_of_two_families_are_told_apart(
    explain: Explain, plan_of: Callable[[str], plan.Lab]
) -> None:
    lab = plan_of(
        "lab: two\nmachines:\n"
        "  a: {nat: 10.0.2.20, hostonly: 192.168.56.20, image: debian-12, packages: [tree]}\n"
        "  b: {nat: 10.0.2.21, hostonly: 192.168.56.21, image: almalinux-9, packages: [tree]}\n"
    )
    page = markdown.render(explain(lab=lab))
    assert "In the windows of `a`: install Debian" in page
    assert "In the windows of `b`: choose *Minimal Install*" in page
    assert "On `b`:\n\n```sh\ndnf install -y tree\n```" in page
    assert "where you run Ansible" in " ".join(page.split())
    assert "--ostype RedHat_64" in page


# --- the machines --------------------------------------------------------------------------------


def test_the_hosts_own_address_is_none_of_the_machines(plan_of: Callable[[str], plan.Lab]) -> None:
    lab = plan_of("lab: x\nmachines:\n  m: {nat: 10.0.2.20, hostonly: 192.168.56.2}\n")
    assert "--ip 192.168.56.1 " in virtualbox.network(lab)[1]
    machine = dataclasses.replace(lab.machines[0], nics=tuple(
        dataclasses.replace(nic, address=nic.address - 1) if nic.kind == "hostonly" else nic
        for nic in lab.machines[0].nics
    ))  # fmt: skip
    assert (
        "--ip 192.168.56.2 " in virtualbox.network(dataclasses.replace(lab, machines=(machine,)))[1]
    )
