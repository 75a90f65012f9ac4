"""Every machine reaches every other one over the host-only network, by ping and by TCP."""

from __future__ import annotations

import functools
import importlib.resources
from typing import TYPE_CHECKING

from labkit import shell
from labkit.checks import base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.converge import script
    from labkit.plan import model

_LIMIT = 8
"""Seconds for all peers together; one that is down costs no more than ten that are."""
_PORT = 22


class Reach(base.Check):
    """The ping and TCP matrix, a row of it from each machine."""

    def probe(self, lab: model.Lab, machine: model.Machine) -> str | None:
        """Run a small program that tries all peers at once."""
        peers = [str(each.hostonly) for each in lab.machines if each is not machine]
        if not peers:
            return None
        return shell.argv("python3", "-c", _program(), _LIMIT, _PORT, *peers)

    def read(
        self, lab: model.Lab, machine: model.Machine, answer: script.Answer
    ) -> Iterator[base.Seen]:
        """Say for each peer and way whether it was reached."""
        lines = set(answer.output.splitlines())
        for peer in lab.machines:
            if peer is machine:
                continue
            address = str(peer.hostonly)
            for way, by_hand in (("ping", f"ping -c 1 {address}"), ("tcp", f"ssh {address}")):
                said = "ok" if f"{way} {address} ok" in lines else "no answer"
                if f"{way} {address} no" not in lines and said != "ok":
                    said = f"the program failed: {answer.output.strip()[-300:]}"
                name = "ping" if way == "ping" else f"TCP port {_PORT}"
                yield base.equal(f"{name} to {peer.name} ({address})", "ok", said, by_hand)


@functools.cache
def _program() -> str:
    source = importlib.resources.files("labkit.checks") / "programs" / "reach.py"
    return source.read_text(encoding="utf-8")
