"""The networks, machines and cards of a lab as an SVG picture, which fetches nothing.

A state is shown by a colour, by a shape and in words. Source: Scalable Vector Graphics 2.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import math
from typing import TYPE_CHECKING

from labkit.report import excerpt, standing
from labkit.report.element import element

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import markupsafe

    from labkit.plan import model as plans

_LETTER = 0.58
"""The width of an average letter as a part of the font's size; texts that may not fit are cut."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Size:
    """How large things are drawn, in the units of the picture."""

    columns: int
    width: int
    font: int
    gap: int = 28
    margin: int = 44
    """Left and right, for the trunks that join the rows of a network."""

    @property
    def line(self) -> float:
        return self.font * 1.5

    @property
    def bar(self) -> float:
        return self.font * 2.4

    @property
    def wire(self) -> float:
        return self.line * 2 + self.font * 1.2

    @property
    def machine(self) -> float:
        return self.line * 4 + self.font * 1.3

    @property
    def row(self) -> float:
        return self.bar * 2 + self.wire * 2 + self.machine + self.gap

    @property
    def across(self) -> float:
        return self.columns * (self.width + self.gap) - self.gap + 2 * self.margin


@functools.cache
def style() -> str:
    """Return the colours and lines, which are part of every picture, as one line.

    Not one of its characters needs quoting, neither in HTML nor in XML.
    """
    folder = importlib.resources.files("labkit.report") / "templates"
    return " ".join((folder / "topology.css").read_text(encoding="utf-8").split())


def render(lab: plans.Lab, standings: standing.Standings | None = None) -> markupsafe.Markup:
    """Return the picture.

    Args:
        lab: The plan.
        standings: How everything stands; without it as planned.
    """
    stands = standings or standing.planned(lab)
    size = _size(len(lab.machines))
    rows = math.ceil(len(lab.machines) / size.columns)
    height = rows * size.row - size.gap + 16
    drawn = [part for row in range(rows) for part in _row(lab, stands, size, row)]
    count = len(lab.machines)
    said = ", ".join(f"{name} {each.text}" for name, each in stands.machines.items())
    return element(
        "svg",
        element("title", f"Lab {lab.name}: {count} machine{'s'[:count > 1]} and their networks",
                id="topology-title"),
        element("desc", said, id="topology-description"),
        element("style", style()),
        element("rect", width="100%", height="100%", class_="ground"),
        *_trunks(lab, stands, size, rows),
        *drawn,
        xmlns="http://www.w3.org/2000/svg",
        class_="topology",
        viewBox=f"0 0 {size.across:g} {height:g}",
        width=f"{size.across:g}",
        height=f"{height:g}",
        role="img",
        aria_labelledby="topology-title",
        aria_describedby="topology-description",
    )  # fmt: skip


def _size(machines: int) -> _Size:
    if machines <= 4:  # noqa: PLR2004 - the default lab has four
        return _Size(columns=max(machines, 2), width=244, font=15)
    if machines <= 15:  # noqa: PLR2004 - three rows still fit a projector
        return _Size(columns=5, width=208, font=13)
    return _Size(columns=8, width=150, font=11, gap=16)


def _tops(size: _Size, row: int) -> dict[str, float]:
    """Return where each part of a row begins: NAT above the machines, host-only below."""
    top = 8 + row * size.row
    machine = top + size.bar + size.wire
    return {"nat": top, "machine": machine, "hostonly": machine + size.machine + size.wire}


def _trunks(
    lab: plans.Lab, stands: standing.Standings, size: _Size, rows: int
) -> Iterator[markupsafe.Markup]:
    for network in lab.networks if rows > 1 else ():
        x = size.across - size.margin / 3 if network.kind == "nat" else size.margin / 3
        first, last = (_tops(size, row)[network.kind] + size.bar / 2 for row in (0, rows - 1))
        edge = size.across - size.margin if network.kind == "nat" else size.margin
        branches = "".join(
            f"M{edge:g} {_tops(size, row)[network.kind] + size.bar / 2:g}H{x:g}"
            for row in range(rows)
        )
        stand = stands.networks[network.kind]
        path = f"M{x:g} {first:g}V{last:g}{branches}"
        yield element("path", d=path, class_=f"wire {network.kind} {stand.state.value}")


def _row(
    lab: plans.Lab, stands: standing.Standings, size: _Size, row: int
) -> Iterator[markupsafe.Markup]:
    tops = _tops(size, row)
    for network in lab.networks:
        yield _bar(network, stands.networks[network.kind], size, tops[network.kind])
    machines = lab.machines[row * size.columns :][: size.columns]
    taken = len(machines) * (size.width + size.gap) - size.gap
    left = (size.across - taken) / 2  # machines of a last row stand in the middle
    for column, machine in enumerate(machines):
        x = left + column * (size.width + size.gap)
        for nic in machine.nics:
            yield _card(machine, nic, stands, size, (x, tops))
        yield _machine(lab, machine, stands.machines[machine.name], size, (x, tops["machine"]))


def _bar(
    network: plans.Network, stand: standing.Standing, size: _Size, top: float
) -> markupsafe.Markup:
    told = [("gateway", network.gateway), ("DNS", network.dns)]
    facts = " · ".join(f"{name} {address}" for name, address in told if address)
    label = f"{network.kind}  {network.subnet}" + (f"  ·  {facts}" if facts else "")
    width = size.across - 2 * size.margin
    middle = top + size.bar / 2 + size.font * 0.36
    known = stand.state in {standing.State.GOOD, standing.State.FAILED}
    said = f"{stand.sign} {stand.text}".replace("reached by ", "") if known else ""
    room = width - 2 * size.font - len(said) * size.font * _LETTER
    return element(
        "g",
        element("rect", x=f"{size.margin:g}", y=f"{top:g}", width=f"{width:g}",
                height=f"{size.bar:g}", rx=f"{size.bar / 2:g}"),
        _text(label, size.margin + size.font, middle, size.font, room, class_="name"),
        _text(said, size.margin + width - size.font, middle, size.font, width,
              class_="state", text_anchor="end"),
        class_=f"network {network.kind} {stand.state.value}",
    )  # fmt: skip


def _card(
    machine: plans.Machine,
    nic: plans.Nic,
    stands: standing.Standings,
    size: _Size,
    place: tuple[float, dict[str, float]],
) -> markupsafe.Markup:
    """Draw a card as a plug at the machine's edge, and its wire to the network."""
    left, tops = place
    stand = stands.cards[machine.name, nic.kind]
    above = nic.kind == "nat"
    x = left + size.font * 1.6
    start = tops["nat"] + size.bar if above else tops["machine"] + size.machine
    plug = start + size.wire - size.font / 2 if above else start - size.font / 2
    sign = "" if stand.state is not standing.State.FAILED else f"{stand.sign} "
    lines = (f"{sign}{nic.address}", nic.mac)
    room = size.width - size.font * 2.4
    first = start + (size.wire - 2 * size.line) / 2 + size.font
    return element(
        "g",
        element("title", f"{machine.name}, card {nic.adapter} ({nic.kind}): {stand.text}"),
        element("path", d=f"M{x:g} {start:g}V{start + size.wire:g}", class_="wire"),
        element("rect", x=f"{x - size.font * 0.7:g}", y=f"{plug:g}", width=f"{size.font * 1.4:g}",
                height=f"{size.font:g}", rx="2", class_="plug"),
        *(
            _text(text, x + size.font * 1.1, first + number * size.line,
                  size.font * (1, 0.85)[number], room, class_=("address", "mac")[number])
            for number, text in enumerate(lines)
        ),
        class_=f"card {nic.kind} {stand.state.value}",
    )  # fmt: skip


def _machine(
    lab: plans.Lab,
    machine: plans.Machine,
    stand: standing.Standing,
    size: _Size,
    place: tuple[float, float],
) -> markupsafe.Markup:
    x, top = place
    state = stand.state.value
    roles = ", ".join(machine.roles) or "no role"
    sizes = f"{machine.cpus} CPU · {machine.memory_mib} MiB · {machine.disk_gib} GiB"
    lines = (f"{roles} · {machine.image}", sizes, f"{stand.sign} {stand.text}")
    radius = size.font * 0.8
    middle = (x + size.font * 1.5, top + size.line)
    room = size.width - size.font * 1.4
    left, first = x + size.font * 0.8, top + size.line + size.font * 0.36
    return element(
        "g",
        element("title", f"{machine.name}: {stand.text}; SSH on {lab.where(machine)}"),
        element("rect", x=f"{x:g}", y=f"{top:g}", width=size.width, height=f"{size.machine:g}",
                rx="8", class_="box"),
        element("path", d=_shape(stand.state, middle, radius), class_="shape"),
        element("text", stand.sign, x=f"{middle[0]:g}", y=f"{middle[1] + size.font * 0.33:g}",
                class_="sign", font_size=f"{size.font * 0.95:g}", text_anchor="middle"),
        _text(machine.name, left + size.font * 2.1, first, size.font * 1.1,
              room - size.font * 2.1, class_="name"),
        *(
            _text(text, left, first + size.line * (number + 1), size.font * 0.9, room,
                  class_="state" if number == len(lines) - 1 else "fact")
            for number, text in enumerate(lines)
        ),
        class_=f"machine {state}",
    )  # fmt: skip


def _shape(state: standing.State, middle: tuple[float, float], radius: float) -> str:
    """Return the outline of a state: a circle, an octagon, a triangle."""
    if state is standing.State.FAILED:
        return _polygon(middle, radius, [22.5 + 45 * corner for corner in range(8)])
    if state is standing.State.SILENT:
        return _polygon(middle, radius * 1.25, [-90, 30, 150])
    (x, y), arc = middle, f"a{radius:g} {radius:g} 0 1 0"
    return f"M{x - radius:g} {y:g}{arc} {2 * radius:g} 0{arc} {-2 * radius:g} 0Z"


def _polygon(middle: tuple[float, float], radius: float, degrees: Sequence[float]) -> str:
    corners = (
        f"{middle[0] + radius * math.cos(math.radians(each)):.1f} "
        f"{middle[1] + radius * math.sin(math.radians(each)):.1f}"
        for each in degrees
    )
    return f"M{'L'.join(corners)}Z"


def _text(
    text: str, x: float, y: float, font: float, room: float, **attributes: object
) -> markupsafe.Markup | str:
    if not text:
        return ""
    shown = excerpt.line(text, width=max(4, int(room / (font * _LETTER))))
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "font_size": f"{font:g}"}
    return element("text", shown, **place, **attributes)
