"""The kernel sends packets the way the plan says: out by the gateway, to the machines directly.

It is asked for its decision, so that rules, metrics and routes that nobody thought of count too.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from labkit import shell
from labkit.checks import base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.converge import script
    from labkit.plan import model

_OUTSIDE = "192.0.2.1"
"""An address that is in no lab and in no network (RFC 5737); nothing is sent there."""


class Routes(base.Check):
    """`ip route get` for the world and for each machine, in one call (ip-route(8))."""

    def probe(self, lab: model.Lab, machine: model.Machine) -> str:
        """Print the cards, then the way to each address, a line of JSON each.

        An address without a way is an error message instead, after which ip goes on (-force).
        """
        peers = (str(each.hostonly) for each in lab.machines if each is not machine)
        asked = ("link show", *(f"route get {address}" for address in (_OUTSIDE, *peers)))
        return f"printf '%s\\n' {shell.argv(*asked)} | ip -j -force -batch -"

    def read(
        self, lab: model.Lab, machine: model.Machine, answer: script.Answer
    ) -> Iterator[base.Seen]:
        """Compare the kernel's decisions with the plan."""
        links, *ways = [json.loads(line) for line in answer.output.splitlines() if line[:1] == "["]
        names = {link.get("address"): link["ifname"] for link in links if link}
        found = {way["dst"]: way for (way,) in ways}
        nat, hostonly = machine.nic("nat"), machine.nic("hostonly")
        out = _say(names.get(nat.mac, nat.mac), str(nat.gateway or ""))
        network = base.apply(machine.name, "network")
        by_hand = f"ip route get {_OUTSIDE}"
        yield base.equal("route out", out, _way(found, _OUTSIDE), by_hand, network)
        direct = _say(names.get(hostonly.mac, hostonly.mac), source=str(hostonly.address.ip))
        wrong = {
            peer.name: f"{peer.name}: {way}"
            for peer in lab.machines
            if peer is not machine
            and (way := _way(found, str(peer.hostonly), source=True)) != direct
        }
        if len(lab.machines) > 1:
            first = next((lab.machine(name).hostonly for name in wrong), hostonly.address.network)
            by_hand = f"ip route get {first}" if wrong else f"ip route show {first}"
            actual = "; ".join(wrong.values()) or direct
            subject = "routes to the other machines"
            yield base.equal(subject, direct, actual, by_hand, network)


def _way(found: dict[str, dict[str, Any]], address: str, *, source: bool = False) -> str:
    way = found.get(address)
    if way is None:
        return "no way"
    kind = str(way.get("type", "unicast"))
    if kind != "unicast":
        return kind
    return _say(
        way.get("dev", ""), way.get("gateway", ""), way.get("prefsrc", "") if source else ""
    )


def _say(device: str, gateway: str = "", source: str = "") -> str:
    via = f" via {gateway}" if gateway else ""
    return f"{device}{via}{f' from {source}' if source else ''}"
