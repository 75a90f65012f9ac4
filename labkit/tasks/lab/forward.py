"""`lab.forward`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import console, errors, system
from labkit.lifecycle import forward as forwarding
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context


@base.task(
    "machine",
    "ports",
    machine="the machine's name",
    ports="[ADDRESS:]LOCAL:REMOTE, for example 8080:80; several are separated by commas",
)
def forward(_: invoke.context.Context, machine: str, ports: str, file: str = "") -> None:
    """Lead ports of this host to ports of a machine, until Ctrl-C."""
    opened = base.open_lab(file)
    (target,) = opened.choose([machine])
    forwards = [forwarding.parse(text.strip()) for text in ports.split(",")]
    opened.require_up()
    system.require("ssh")
    base.log(opened)

    def ready() -> None:
        for each in forwards:
            line = f"{each} leads to {target.name}:{each.remote}"
            console.out.print(line, soft_wrap=True)
        console.err.print("Ctrl-C ends it")

    try:
        forwarding.forward(opened.space.ssh_config, target.name, forwards, ready)
    except KeyboardInterrupt:
        base.leave(errors.ExitCode.YES)  # the way in which it is meant to end
