"""Every machine reaches every other one over the host-only network.

By ping, by packets as large as the network takes, and by TCP. On the NAT network each machine is
alone; what lies behind its gateway is for the check `mirror`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import shell
from labkit.checks import base, mtu, programs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.converge import script
    from labkit.plan import model

_LIMIT = 8
"""Seconds for all peers together; one that is down costs no more than ten that are."""
_PORT = 22
_WAYS = {
    "ping": ("ping", "ping -c 1 -W 5 {}"),
    "full": ("full packets", f"ping -c 1 -W 5 -M do -s {mtu.ETHERNET - 28} {{}}"),
    "tcp": (f"TCP port {_PORT}", "ssh-keyscan -T 5 {}"),
}
"""What the program calls each way, what people do, and how it is tried by hand."""


class Reach(base.Check):
    """The ping and TCP matrix, a row of it from each machine."""

    def probe(self, lab: model.Lab, machine: model.Machine) -> str | None:
        """Run a small program that tries all peers at once."""
        peers = [str(each.hostonly) for each in lab.machines if each is not machine]
        if not peers:
            return None
        # -I and -S spare Python the search for what the program does not use, which is most of its
        # time on an emulated machine.
        words = ("python3", "-I", "-S", "-c", programs.text("reach"), _LIMIT, _PORT, mtu.ETHERNET)
        return shell.argv(*words, *peers)

    def read(
        self, lab: model.Lab, machine: model.Machine, answer: script.Answer
    ) -> Iterator[base.Seen]:
        """Say for each peer and way whether it was reached."""
        lines = set(answer.output.splitlines())
        for peer in lab.machines:
            if peer is machine:
                continue
            address = str(peer.hostonly)
            for way, (name, by_hand) in _WAYS.items():
                said = "ok" if f"{way} {address} ok" in lines else "no answer"
                if f"{way} {address} no" not in lines and said != "ok":
                    said = f"the program failed: {answer.output.strip()[-300:]}"
                subject = f"{name} to {peer.name} ({address})"
                repair = f"'lab.up --only {peer.name}'"
                yield base.equal(subject, "ok", said, by_hand.format(address), repair)
