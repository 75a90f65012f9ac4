"""`lab.ssh-config`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import console, errors
from labkit.lifecycle import ssh_include
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task(
    install="let 'ssh LAB-MACHINE' and editors find the machines, by one line in ~/.ssh/config",
    remove="undo --install for this lab",
)
def ssh_config(
    _: invoke.context.Context,
    install: bool = False,
    remove: bool = False,
    file: str = "",
    yes: bool = False,
) -> None:
    """Print the lab's ssh_config, or include it into your own."""
    opened = base.open_lab(file)
    if remove:
        changed = ssh_include.remove(opened.space.entry)
        for path in changed:
            text = f"removed from {path}" if path.exists() else f"removed {path}"
            console.out.print(text, soft_wrap=True)
        if not changed:
            console.out.print(f"lab '{opened.lab.name}' was not installed")
        return
    opened.require_up()
    if not install:
        print(opened.space.ssh_config.read_text(encoding="utf-8"), end="")
        return
    question = f"put the line '{ssh_include.line()}' at the top of {ssh_include.config()}?"
    asks = not ssh_include.has_line() and not base.says_yes(yes) and console.has_terminal()
    if asks and not console.ask(question):
        raise errors.LabError("nothing was changed", hint="answer y, or give --yes")
    endpoints = [opened.provider.endpoint(machine) for machine in opened.lab.machines]
    path = ssh_include.install(opened.space.entry, endpoints)
    console.out.print(f"wrote {path}", soft_wrap=True)
    first = opened.lab.machines[0].name
    console.out.print(f"now works: ssh {opened.lab.name}-{first}", soft_wrap=True)
