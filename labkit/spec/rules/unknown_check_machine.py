"""Each machine that a check names is there, and each role that it names has a machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.spec import roles, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.spec import context as contexts
    from labkit.spec import load


def check(spec: load.Spec, _context: contexts.Context) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    machines = spec.lab.machines
    played = {role for entry in machines.values() for role in entry.roles}
    for name, entry in spec.lab.checks.items():
        for index, asked in enumerate(entry.machines):
            path = ("checks", name, "machines", index)
            if asked in machines or asked in played:
                continue
            if asked in roles.NAMES:
                message = f"no machine has the role '{asked}'"
                yield spec.problem(path, message, "name a machine, or give one the role")
            else:
                hint = words.nearest(asked, (*machines, *played), otherwise="there are:")
                yield spec.problem(path, f"no machine and no role {words.show(asked)}", hint)
        port = entry.port
        if port is not None and port.machine is not None and port.machine not in machines:
            hint = words.nearest(port.machine, machines, otherwise="the machines are")
            message = f"no machine {words.show(port.machine)}"
            yield spec.problem(("checks", name, "port", "machine"), message, hint)
