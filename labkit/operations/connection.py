"""A NetworkManager connection for one card, found by its MAC address.

Sources: nmcli(1), nm-settings-nmcli(5), ip-address(8).

The card's name is never used: it differs between distributions, hypervisors and boots.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import uuid as uuid_module
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from labkit import shell
from labkit.images import carried
from labkit.operations import base, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labkit.families import base as family_base

# Of several profiles that fit a card, NetworkManager starts the one with the highest priority.
_PRIORITY = "100"

_FIELDS = (
    "connection.id",
    "connection.autoconnect",
    "connection.autoconnect-priority",
    "802-3-ethernet.mac-address",
    "ipv4.method",
    "ipv4.addresses",
    "ipv4.gateway",
    "ipv4.dns",
    "ipv4.dns-search",
    "ipv6.method",
)
_LEASE = "ipv4.ignore-auto-dns"
"""Whether the DNS servers that come with a lease are left alone; asked for only with DHCP."""


@dataclasses.dataclass(frozen=True, slots=True)
class ConnectionState:
    """The profile's settings (empty: no such profile), and what is in force on the card."""

    profile: Mapping[str, str]
    active: bool
    up: bool
    """Not so is a card that somebody switched off, however active NetworkManager calls it: it waits
    for some seconds before it believes that a link is gone."""
    addresses: frozenset[str]
    gateway: str


class Connection(base.Operation[ConnectionState]):
    """One card: its address, and on the NAT card gateway, DNS servers and search domains."""

    unique: ClassVar[bool] = True

    name: Annotated[str, text.matching(r"[A-Za-z0-9][A-Za-z0-9._-]*", "a connection's name")]
    uuid: uuid_module.UUID
    mac: Annotated[
        str,
        text.matching(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", "a MAC address such as '08:00:27:aa:bb:01'"),
    ]
    address: ipaddress.IPv4Interface
    gateway: ipaddress.IPv4Address | None = None
    dns: tuple[ipaddress.IPv4Address, ...] = ()
    search: tuple[text.Host, ...] = ()
    dhcp: bool = False
    """Keep DHCP beside the address: for providers whose port forwards lead to the leased one."""

    @property
    def _fields(self) -> tuple[str, ...]:
        return (*_FIELDS, _LEASE) if self.dhcp else _FIELDS

    @property
    def _wanted(self) -> dict[str, str]:
        values = (
            self.name,
            "yes",
            _PRIORITY,
            self.mac,
            "auto" if self.dhcp else "manual",
            str(self.address),
            str(self.gateway or ""),
            ",".join(str(server) for server in self.dns),
            ",".join(self.search),
            "disabled",
            *(("yes",) if self.dhcp else ()),
        )
        return dict(zip(self._fields, values, strict=True))

    def probe(self) -> str:
        """Print the profile, one setting a line, then addresses and routes as JSON."""
        fields = ",".join((*self._fields, "GENERAL.STATE"))
        # `ip -4 address` would leave out a card that has no address yet.
        show = shell.argv("nmcli", "-e", "no", "-g", fields, "connection", "show", self.uuid)
        live = "printf 'address show\\nroute show\\n' | ip -j -batch -"
        return f"{show} 2>/dev/null\necho {text.ABSENT}\n{live}"

    def read(self, output: str) -> ConnectionState:
        """Read profile, addresses and routes."""
        settings, mark, rest = output.rpartition(f"{text.ABSENT}\n")
        try:
            addresses, routes = (json.loads(line) for line in text.split(rest))
        except ValueError as error:
            raise base.FactError(f"expected addresses and routes, got {rest[:200]!r}") from error
        if not mark:
            raise base.FactError(f"expected a connection profile, got {output[:200]!r}")
        values = text.split(settings)
        count = len(self._fields)
        if 0 < len(values) < count:
            raise base.FactError(f"expected {count} settings, got {settings[:200]!r}")
        device = self._device(addresses)
        return ConnectionState(
            profile=dict(zip(self._fields, values, strict=False)),
            active=values[count:] == ["activated"],
            up="UP" in device["flags"],
            addresses=frozenset(
                f"{info['local']}/{info['prefixlen']}"
                for info in device["addr_info"]
                if info["family"] == "inet"
            ),
            gateway=_gateway(routes, device["ifname"]),
        )

    def _device(self, addresses: list[dict[str, Any]]) -> dict[str, Any]:
        for device in addresses:
            if device.get("address") == self.mac:
                return device
        found = ", ".join(str(device.get("address")) for device in addresses)
        raise base.FactError(
            f"no network card has the MAC address {self.mac}; there are: {found}",
            hint="was the machine made by something else? destroy it and make it anew",
        )

    def diff(self, state: ConnectionState) -> tuple[base.Change, ...]:
        """Add or change the profile, and bring it up; a card that is not as it says is named."""
        differing = {
            field: value
            for field, value in self._wanted.items()
            if _canonical(field, state.profile.get(field, "")) != value
        }
        up = f"{shell.argv('nmcli', 'connection', 'up', 'uuid', self.uuid)} > /dev/null"
        in_force = self._in_force(state)
        then = (up,) if in_force else ()  # else it is a change of its own, which may cut
        changes: list[base.Change] = []
        if not state.profile:
            commands = (self._add(), *then)
            changes.append(base.Change(self._subject, "", str(self.address), commands))
        elif differing:
            before = ", ".join(f"{field}={state.profile[field]}" for field in differing)
            after = ", ".join(f"{field}={value}" for field, value in differing.items())
            commands = (self._modify(differing), *then)
            changes.append(base.Change(self._subject, before, after, commands))
        if not in_force:
            before, after = self._card(state)
            cuts = self._may_cut(state)
            changes.append(base.Change(f"card {self.mac}", before, after, (up,), cuts=cuts))
        return tuple(changes)

    def _card(self, state: ConnectionState) -> tuple[str, str]:
        """Say how the card is and how it should be; of its gateway only when that is another."""
        there = [", ".join(sorted(state.addresses)) or "no address"]
        wanted = [str(self.address)]
        if not state.up:
            there.insert(0, "switched off")
        elif state.addresses and not state.active:
            there.append(f"not by the connection {self.name}")
        gateway = str(self.gateway or "")
        if state.addresses and state.gateway != gateway:
            there.append(_by(state.gateway))
            wanted.append(_by(gateway))
        return ", ".join(there), ", ".join(wanted)

    def settings(self, state: ConnectionState) -> tuple[base.Setting, ...]:
        """Return the card's addresses."""
        own = str(self.address)
        file = _canonical("ipv4.addresses", state.profile.get("ipv4.addresses", ""))
        # With DHCP there is a leased address besides, which nobody asked for by its number.
        there = {own} & state.addresses if self.dhcp else state.addresses
        runtime = ",".join(sorted(there))
        return (base.Setting(f"addresses of {self.name}", own, file, runtime),)

    def see(self) -> str:
        """Show the profile, and what holds."""
        return shell.line("nmcli connection show {}; ip -4 address; ip -4 route", self.name)

    def born(self, given: Mapping[str, str]) -> tuple[carried.File, ...]:
        """Write the profile as NetworkManager keeps it (nm-settings-keyfile(5))."""
        del given
        gateway = f",{self.gateway}" if self.gateway else ""
        lines = [
            "[connection]",
            f"id={self.name}",
            f"uuid={self.uuid}",
            "type=ethernet",
            f"autoconnect-priority={_PRIORITY}",
            "[ethernet]",
            f"mac-address={self.mac}",
            "[ipv4]",
            f"method={'auto' if self.dhcp else 'manual'}",
            f"address1={self.address}{gateway}",
            *([f"dns={';'.join(map(str, self.dns))};"] if self.dns else []),
            *([f"dns-search={';'.join(self.search)};"] if self.search else []),
            "[ipv6]",
            "method=disabled",
        ]
        path = f"/etc/NetworkManager/system-connections/{self.name}.nmconnection"
        return (carried.File(path, "".join(f"{line}\n" for line in lines), 0o600),)

    def manual(self, family: family_base.Family) -> tuple[str, ...]:
        """Add the profile unless it is there, give it its settings, and bring it up."""
        del family
        settings = dict(self._wanted)
        name = settings.pop("connection.id")
        show = shell.line("nmcli connection show {} > /dev/null 2>&1", self.uuid)
        add = ("nmcli", "connection", "add", "type", "ethernet", "ifname", "*", "con-name", name)
        lines = (shell.argv(*pair) for pair in settings.items() if pair[1])
        modify = shell.argv("nmcli", "connection", "modify", name)
        return (
            f"{show} ||\n    {shell.argv(*add, 'connection.uuid', self.uuid)}",
            " \\\n    ".join((modify, *lines)),
            shell.argv("nmcli", "connection", "up", name),
        )

    @property
    def _subject(self) -> str:
        return f"connection {self.name}"

    def _in_force(self, state: ConnectionState) -> bool:
        own = str(self.address)
        addresses = own in state.addresses if self.dhcp else state.addresses == frozenset({own})
        return state.up and state.active and addresses and state.gateway == str(self.gateway or "")

    def _may_cut(self, state: ConnectionState) -> bool:
        """Say whether somebody who came over this card may lose the way back."""
        moves = bool(state.addresses) and str(self.address) not in state.addresses
        return moves or state.gateway not in ("", str(self.gateway or ""))

    def _add(self) -> str:
        words = ["nmcli", "connection", "add", "type", "ethernet", "connection.uuid", self.uuid]
        settings = dict(self._wanted)
        words += ["con-name", settings.pop("connection.id")]
        for field, value in settings.items():
            words += [field, value]
        return f"{shell.argv(*words)} > /dev/null"

    def _modify(self, settings: Mapping[str, str]) -> str:
        words = ["nmcli", "connection", "modify", "uuid", self.uuid]
        for field, value in settings.items():
            words += [field, value]
        return shell.argv(*words)


def _canonical(field: str, value: str) -> str:
    # nmcli prints MAC addresses in capitals and lists with or without a space after the comma.
    value = value.lower() if field.endswith(".mac-address") else value
    return value.replace(", ", ",")


def _gateway(routes: list[dict[str, Any]], device: str) -> str:
    for route in routes:
        if route.get("dst") == "default" and route.get("dev") == device:
            return str(route.get("gateway", ""))
    return ""


def _by(gateway: str) -> str:
    return f"gateway {gateway}" if gateway else "no gateway"
