"""The networks and machines of a plan as Mermaid text, for Markdown pages and course notes.

Source: the syntax of Mermaid's flowcharts. A text in quotes takes `#NUMBER;` for any character.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labkit.plan import model

_ODD = re.compile(r"[^\w .,:/()=-]", re.ASCII)
"""Whatever might mean something to Mermaid, or to the HTML that it makes."""


def render(lab: model.Lab) -> str:
    """Return the text: networks as rounded boxes, machines as boxes, cards as lines."""
    lines = ["flowchart TB"]
    for network in lab.networks:
        gateway = (f"gateway {network.gateway}",) if network.gateway else ()
        label = _label(f"{network.kind} {network.subnet}", *gateway)
        lines.append(f"    net_{network.kind}([{label}])")
    for number, machine in enumerate(lab.machines):
        sizes = f"{machine.cpus} CPU, {machine.memory_mib} MiB, {machine.disk_gib} GiB"
        label = _label(machine.name, ", ".join(machine.roles), machine.image, sizes)
        lines.append(f"    machine_{number}[{label}]")
    for number, machine in enumerate(lab.machines):
        for nic in machine.nics:
            label = _label(str(nic.address.ip), nic.mac)
            # What gives a way out stands above the machines, what joins them below.
            ends = (f"net_{nic.kind}", f"machine_{number}")
            first, second = ends if nic.kind == "nat" else ends[::-1]
            lines.append(f"    {first} ---|{label}| {second}")
    return "\n".join(lines) + "\n"


def _label(*parts: str) -> str:
    texts = (_ODD.sub(lambda found: f"#{ord(found[0])};", part) for part in parts if part)
    return f'"{"<br>".join(texts)}"'
