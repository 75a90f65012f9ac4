"""Bring the farm's machines to what the profile says: read lab.yml, plan, fill in, converge.

It is what `apply` does with machines that run, by the same parts in the same order. Only where the
machines are comes from the benchmark, since namespaces are no provider.

    python run.py MACHINES.JSON            converge
    python run.py MACHINES.JSON FOLDER     write the scripts that it would run, and change nothing
"""

from __future__ import annotations

from labkit import lean

lean.begin()  # as labkit/__main__.py does

# ruff: noqa: E402 - the imports come after it
import dataclasses
import functools
import json
import pathlib
import sys
from typing import TYPE_CHECKING, Any

from labkit import parallel, secret
from labkit.converge import engine, script
from labkit.plan import build
from labkit.profiles import shelf as shelves
from labkit.providers import base
from labkit.spec import host, load
from labkit.ssh import keyring, keys, session

lean.begun()

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from labkit.plan import model
    from labkit.profiles import load as profiles

    Steps = Callable[[], Mapping[str, Sequence[profiles.Step]]]

_FOLDER = pathlib.Path(__file__).parent


@dataclasses.dataclass(frozen=True, slots=True)
class Inventory:
    """A lab, and where its machines are."""

    lab: model.Lab
    known: dict[str, Any]
    shelf: shelves.Shelf
    keys: keyring.Keyring

    def endpoint(self, machine: model.Machine) -> base.Endpoint:
        """Say where a machine is."""
        at = self.known["machines"][machine.name]
        key, known_hosts = (pathlib.Path(self.known[each]) for each in ("key", "known_hosts"))
        return base.Endpoint(machine.name, at["host"], at["port"], "root", key, known_hosts)

    def steps(self, machine: model.Machine) -> Sequence[profiles.Step]:
        """Return what a machine should be."""
        from labkit.profiles import load as profiles  # noqa: PLC0415 - as labkit/lifecycle does

        return profiles.steps(self.lab, machine, self.keys, self.shelf)


def inventory(known: dict[str, Any]) -> Inventory:
    """Read the lab, and what the benchmark knows of its machines."""
    spec = load.load(pathlib.Path(known["lab"]), host.Host(memory_mib=1 << 20, cpus=1 << 10))
    own = keys.KeyPair(secret.Secret(""), "")
    machines = known["machines"].items()
    hosts = {name: keys.KeyPair(secret.Secret(""), each["key"]) for name, each in machines}
    ring = keyring.Keyring(own, pathlib.Path(known["key"]), own, hosts)
    return Inventory(build.build(spec), known, shelves.Shelf(_FOLDER), ring)


def converge(known: Inventory, steps: Steps, machine: model.Machine) -> engine.Outcome:
    """Bring one machine to what it should be."""
    with session.Session(known.endpoint(machine)) as opened:
        opened.begin()
        return engine.Machine(opened, steps()[machine.name]).converge()


def write(known: Inventory, steps: Steps, folder: pathlib.Path, machine: model.Machine) -> None:
    """Write what a run would send to a machine as it is now, and what a second run would."""
    wanted = steps()[machine.name]
    with session.Session(known.endpoint(machine)) as opened:
        seen = engine.Machine(opened, wanted).look()
    probes = script.batch([step.operation.probe() for step in wanted]).text
    changes = script.batch([each.commands for each in seen if each.changes]).text
    for name, texts in (("first", (probes, changes, probes)), ("again", (probes,))):
        text = "\n".join(texts)
        path = folder / f"{machine.name}.{name}.sh"
        path.write_text(f"{{ :\n{text}\n}} < /dev/null 2>&1\n", encoding="utf-8")


def main() -> None:
    """Do what the words say, to all machines at once."""
    file = pathlib.Path(sys.argv[1])
    known = inventory(json.loads(file.read_text(encoding="utf-8")))
    machines = {machine.name: machine for machine in known.lab.machines}
    steps = parallel.once(lambda: {name: known.steps(one) for name, one in machines.items()})
    if sys.argv[2:]:
        job = functools.partial(write, known, steps, pathlib.Path(sys.argv[2]))
        parallel.raise_first(parallel.each(machines, job))
        return
    job = functools.partial(converge, known, steps)
    done = parallel.each(machines, job, meanwhile=lambda: (session.ready(), steps()))
    parallel.raise_first(done)
    for name, outcome in done.items():
        if isinstance(outcome, engine.Outcome):
            print(f"{name}: {len(outcome.changes)} changes, {outcome.round_trips} round trips")


if __name__ == "__main__":
    main()
