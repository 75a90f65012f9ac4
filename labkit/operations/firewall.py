"""The firewall: firewalld, nftables and ufw switched off, or ports opened in firewalld.

Sources: firewall-cmd(1), firewalld.zone(5), firewalld.dbus(5), nft(8), iptables(8), systemctl(1).
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from typing import TYPE_CHECKING, Annotated

import pydantic

from labkit import shell
from labkit.operations import base, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labkit.families import base as family_base

_SERVICES = ("firewalld", "nftables", "ufw")
_SHOWN = ("Id", "ActiveState", "UnitFileState")
_STATES = "systemctl show -p {} {} {} {}"

_BUS = "org.fedoraproject.FirewallD1"
# A small program in C: firewall-cmd is one in Python. It must not start the service by asking it.
_NOW = shell.argv(
    *("busctl", "call", "--auto-start=no", _BUS, f"/{_BUS.replace('.', '/')}"),
    *(f"{_BUS}.zone", "getPorts", "s", ""),
)
# The default zone holds for each card that was put into no other one.
_ZONE = (
    "zone=$(sed -n 's/^DefaultZone=//p' /etc/firewalld/firewalld.conf 2>/dev/null); "
    "zone=${zone:-public}; "
    'file="/etc/firewalld/zones/$zone.xml"; '
    '[ -e "$file" ] || file="/usr/lib/firewalld/zones/$zone.xml"; '
    f'if [ -e "$file" ]; then base64 -w0 < "$file"; echo; else echo {text.ABSENT}; fi'
)
_CHAINS = (
    "if command -v nft > /dev/null; then nft list chains; "
    "elif command -v iptables > /dev/null; then iptables -S INPUT; fi"
)

_OPEN_NOW = re.compile(r'2 "([0-9-]+)" "([a-z]+)"')
_RULE = re.compile(r"<rule\b.*?</rule>", re.DOTALL)
_OPEN_IN_FILE = re.compile(r"<port\s[^>]*>")
_ATTRIBUTE = re.compile(r"(\w+)=[\"']([^\"']*)[\"']")
_TABLE = re.compile(r"table (\w+ \S+) \{")
_CHAIN = re.compile(r"\tchain (\S+) \{")
_DROPS = re.compile(r"\t\ttype filter hook input priority [^;]+; policy drop;")


def _in_range(port: str) -> str:
    _, first, last = _bounds(port)
    if not 0 < first <= last < 2**16:
        raise ValueError(f"{port!r} is not within 1 to 65535, the smaller number first")
    return port


_Port = Annotated[
    str,
    text.matching(
        r"[0-9]{1,5}(-[0-9]{1,5})?/(tcp|udp|sctp|dccp)", "a port such as '22/tcp' or '5-9/udp'"
    ),
    pydantic.AfterValidator(_in_range),
]


@dataclasses.dataclass(frozen=True, slots=True)
class Service:
    """Whether a firewall's service runs, and whether it will after the next boot."""

    active: bool
    enabled: bool

    def __str__(self) -> str:
        """Say both in words."""
        words = [name for name in ("active", "enabled") if getattr(self, name)]
        return " and ".join(words) or "off"


@dataclasses.dataclass(frozen=True, slots=True)
class FirewallState:
    """The services that are installed, ports of firewalld's default zone, and what else drops."""

    services: Mapping[str, Service]
    file: tuple[str, ...]
    runtime: tuple[str, ...]
    dropping: tuple[str, ...]
    """Chains that are not firewalld's and drop by their policy what comes in."""


class Firewall(base.Operation[FirewallState]):
    """`firewall: {disabled: true}`, or `firewall: {ports: [22/tcp, 6443/tcp, 30000-32767/tcp]}`.

    Disabled means that neither firewalld nor nftables nor ufw runs, now and after a boot; what
    others filter, for example Kubernetes, stays. Ports are opened in firewalld's default zone, and
    those that are open already stay open. Where nothing filters, there is nothing to open. What
    drops packets and is not firewalld's is for a person to look at: it is an error.
    """

    disabled: bool = False
    ports: tuple[_Port, ...] = ()

    @pydantic.model_validator(mode="after")
    def _one(self) -> Firewall:
        if self.disabled == bool(self.ports):
            raise ValueError("a firewall is 'disabled: true', or has 'ports'")
        return self

    def probe(self) -> str:
        """Print firewalld's ports now and in its file, then services, then nftables' chains."""
        ports = f"echo; echo {text.ABSENT}"
        if self.ports:
            asked = f'echo "$({_NOW} 2>/dev/null)"; {_ZONE}'
            ports = f"if command -v firewall-cmd > /dev/null; then {asked}; else {ports}; fi"
        services = shell.line(_STATES, ",".join(_SHOWN), *_SERVICES)
        return f"{ports}; if [ -d /run/systemd/system ]; then {services}; fi; {_CHAINS}"

    def read(self, output: str) -> FirewallState:
        """Read the parts; chains begin with the first table."""
        now, file, *rest = [*text.split(output), "", ""]
        if now and not now.startswith("aas "):
            raise base.FactError(f"expected firewalld's ports, got {now!r}")
        is_service = re.compile(rf"({'|'.join(_SHOWN)})=.*|").fullmatch
        units = list(itertools.takewhile(is_service, rest))
        # nft marks tables that iptables has made by a comment.
        chains = [line for line in rest[len(units) :] if not line.startswith("#")]
        if chains and not chains[0].startswith(("table ", "-P INPUT ")):
            raise base.FactError(f"expected services or chains, got {chains[0]!r}")
        return FirewallState(
            services=dict(_services(units)),
            file=tuple(_in_file(text.decode(file or text.ABSENT, replace=True) or "")),
            runtime=tuple("/".join(found) for found in _OPEN_NOW.findall(now)),
            dropping=tuple(_dropping(chains)),
        )

    def diff(self, state: FirewallState) -> tuple[base.Change, ...]:
        """Stop and disable services, or open the missing ports for now and for later."""
        changes = tuple(self._off(state) if self.disabled else self._open(state))
        # What a service has loaded goes when it is stopped: it is looked at again afterwards.
        if state.dropping and not (self.disabled and changes):
            raise base.FactError(
                f"there is a firewall that labkit does not know: {'; '.join(state.dropping)}",
                hint="look at it (nft list ruleset), then take it away (nft delete table ...)",
            )
        return changes

    def _off(self, state: FirewallState) -> Iterator[base.Change]:
        for name, service in state.services.items():
            if service.active or service.enabled:
                stop = shell.argv("systemctl", "-q", "disable", "--now", f"{name}.service")
                yield base.Change(name, str(service), "off", (stop,))

    def _open(self, state: FirewallState) -> Iterator[base.Change]:
        service = state.services.get("firewalld", Service(active=False, enabled=False))
        later = ("firewall-cmd", "--permanent") if service.active else ("firewall-offline-cmd",)
        if service.active or service.enabled:
            yield from self._missing("firewalld's file", state.file, later)
        if service.active:
            yield from self._missing("firewalld", state.runtime, ("firewall-cmd",))

    def _missing(
        self, subject: str, there: tuple[str, ...], command: tuple[str, ...]
    ) -> Iterator[base.Change]:
        missing = [port for port in self.ports if not _is_open(port, there)]
        if missing:
            add = shell.argv(*command, "-q", *(f"--add-port={port}" for port in missing))
            yield base.Change(subject, "closed", f"open: {' '.join(missing)}", (add,))

    def settings(self, state: FirewallState) -> tuple[base.Setting, ...]:
        """Return each service that is to be off, or each port of a firewall that filters."""
        if self.disabled:
            return tuple(
                base.Setting(name, "off", _on(service.enabled), _on(service.active))
                for name, service in state.services.items()
            )
        service = state.services.get("firewalld")
        if service is None or not service.active:
            return ()
        return tuple(
            base.Setting(f"port {port}", "open", _opened(port, state.file), now)
            for port in self.ports
            for now in (_opened(port, state.runtime),)
        )

    def see(self) -> str:
        """Show who filters, and the rules."""
        return (
            "systemctl is-active firewalld nftables ufw; firewall-cmd --list-all; nft list ruleset"
        )

    def manual(self, family: family_base.Family) -> tuple[str, ...]:
        """Stop the family's own service; open ports where it is firewalld."""
        if self.disabled:
            return (shell.argv("systemctl", "disable", "--now", family.firewall),)
        if family.firewall != "firewalld":
            return ()
        add = shell.argv("firewall-cmd", "--permanent", *(f"--add-port={p}" for p in self.ports))
        return (add, "firewall-cmd --reload")


def _on(there: bool) -> str:
    return "on" if there else "off"


def _opened(port: str, there: tuple[str, ...]) -> str:
    return "open" if _is_open(port, there) else "closed"


def _bounds(port: str) -> tuple[str, int, int]:
    numbers, _, protocol = port.partition("/")
    first, _, last = numbers.partition("-")
    return protocol, int(first), int(last or first)


def _is_open(port: str, there: tuple[str, ...]) -> bool:
    """Say whether one open range holds the port; firewalld joins those that touch."""
    protocol, first, last = _bounds(port)
    ranges = (_bounds(each) for each in there)
    return any(known == protocol and low <= first <= last <= high for known, low, high in ranges)


def _services(lines: list[str]) -> Iterator[tuple[str, Service]]:
    """Read what systemctl shows; of a unit that is not installed, the file has no state."""
    for block in "\n".join(lines).split("\n\n"):
        values = {name: value for name, _, value in (each.partition("=") for each in block.split())}
        if values.get("UnitFileState") or values.get("ActiveState", "inactive") != "inactive":
            active = values.get("ActiveState") not in ("inactive", "failed")
            enabled = values.get("UnitFileState", "").startswith("enabled")
            yield values.get("Id", "").removesuffix(".service"), Service(active, enabled)


def _in_file(zone: str) -> Iterator[str]:
    """Yield a zone's own ports; those of its rich rules are open under conditions only."""
    for element in _OPEN_IN_FILE.findall(_RULE.sub("", zone)):
        values = dict(_ATTRIBUTE.findall(element))
        yield f"{values.get('port', '')}/{values.get('protocol', '')}"


def _dropping(lines: list[str]) -> Iterator[str]:
    table = chain = ""
    for line in lines:
        if found := _TABLE.fullmatch(line):
            table = found[1]
        elif found := _CHAIN.fullmatch(line):
            chain = found[1]
        elif line == "-P INPUT DROP":
            yield "table ip filter, chain INPUT, policy drop"
        elif _DROPS.fullmatch(line) and table != "inet firewalld":
            yield f"table {table}, chain {chain}, policy drop"
