"""Break real machines in every way of tests/cases/mutations, and see what verify says.

`./lab bench mutations` makes a lab of three machines, breaks and heals it again and again, looks at
it healthy many times, and writes docs/explanation/figures/verify.md. With `--minutes 12` and
`--keep FILE` it does so in parts: each run goes on from what earlier ones have put into the file.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import math
import pathlib
import statistics
import sys
import tempfile
import time
from typing import TYPE_CHECKING

from bench import containers, enclosure, host, kept, mutants, script, user
from labkit import checks, errors, parallel, shell
from labkit.lifecycle import context
from labkit.verify import run

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Sequence

    from labkit.plan import model
    from labkit.ssh import session as sessions

FIGURES = user.REPOSITORY / "docs" / "explanation" / "figures" / "verify.md"
HEALTHY = 50
_PATIENCE = 300.0
LAB = """
lab: labkit-mutations
defaults:
  packages: [nftables, tree]
  sysctl: {net.ipv4.tcp_fin_timeout: 30}
machines:
  ansible-01: {roles: [ansible], nat: 10.0.2.51, hostonly: 192.168.56.51}
  web-01: {roles: [master], nat: 10.0.2.61, hostonly: 192.168.56.61}
  web-02: {roles: [minion], nat: 10.0.2.62, hostonly: 192.168.56.62, cpus: 2}
"""
"""Two machines to break, and the one that Ansible runs on."""
_CONTAINED = LAB.replace("packages: [nftables, tree]", "selinux: disabled")
"""The same, as far as containers can be: without SELinux, and without packages to install."""


class Bed:
    """A running lab, and its sessions."""

    def __init__(
        self,
        opened: context.Context,
        session: Callable[[model.Machine], sessions.Session],
        not_theirs: Collection[str] = (),
    ) -> None:
        """Take a lab whose machines run.

        Args:
            opened: The lab.
            session: Returns a connection to a machine.
            not_theirs: Subjects that are wrong with machines of this kind, and not looked at.
        """
        self.lab = opened.lab
        self._subjects = {
            machine.name: run.Subject(machine, opened.steps(machine), session(machine))
            for machine in self.lab.machines
        }
        self._keys = opened.keys
        self._not_theirs = frozenset(not_theirs)

    def close(self) -> None:
        """Close the sessions."""
        for each in self._subjects.values():
            each.session.close()

    def look(self, asked: Collection[str] = ()) -> tuple[tuple[str, str], ...]:
        """Verify all machines; return what is not as it should be, each once."""
        report = run.verify(self.lab, list(self._subjects.values()), only=asked)
        if not report.results:
            raise errors.LabError("verify looked at nothing")
        said = (
            (each.machine, f"{each.check}: {each.subject}")
            for each in report.failures
            if each.subject not in self._not_theirs
        )
        return tuple(dict.fromkeys(said))

    def do(self, machine: str, script: str) -> None:
        """Run shell text on a machine, which knows its cards and its neighbour by name."""
        session = self._subjects[machine].session
        text = f"{self._words(self.lab.machine(machine))}\n{script}\n"
        _done(session.run(text, timeout=_PATIENCE, label="mutation"), machine, script)

    def _words(self, machine: model.Machine) -> str:
        webs = [each for each in self.lab.machines if "ansible" not in each.roles]
        peer = next(each for each in webs if each is not machine)
        cards = "".join(
            shell.line(
                'for card in /sys/class/net/*; do read -r mac < "$card/address"; '
                f'[ "$mac" != {{}} ] || {nic.kind}="${{card##*/}}"; done\n',
                nic.mac,
            )
            for nic in machine.nics
        )
        values = {
            "own": machine.hostonly,
            "own_mac": machine.nic("hostonly").mac,
            "peer": peer.hostonly,
            "peer_mac": peer.nic("hostonly").mac,
            "peer_id": peer.uuid.hex,
            "peer_key": self._keys.hosts[peer.name].public,
        }
        return cards + "".join(shell.line(f"{k}={{}}\n", v) for k, v in values.items())

    def judge(
        self, mutations: Sequence[mutants.Mutation], *, briefly: bool = False
    ) -> list[mutants.Verdict]:
        """Break, look, heal; when several at once are not told apart, one after the other.

        Args:
            mutations: What can be broken at once.
            briefly: Leave out the checks that take long, and what they would say.
        """
        asked = set(checks.every()) - mutants.LONG
        if not briefly:
            asked |= mutants.long(mutations)
        with self._broken(mutations):
            said = self.look(asked)
        verdicts = [mutants.judged(each, said, mutations, asked) for each in mutations]
        if len(mutations) == 1 or all(each.ok for each in verdicts):
            return verdicts
        return [self.judge([each], briefly=briefly)[0] for each in mutations]

    @contextlib.contextmanager
    def _broken(self, mutations: Sequence[mutants.Mutation]) -> Generator[None]:
        items = {each.machine: each for each in mutations}
        try:
            parallel.raise_first(parallel.each(items, lambda m: self.do(m.machine, m.breaks)))
            yield
        finally:
            parallel.raise_first(parallel.each(items, lambda m: self.do(m.machine, m.heals)))


def _done(result: sessions.Result, machine: str, script: str) -> None:
    if result.status:
        raise errors.LabError(f"{machine}: {script!r} ended with {result.status}: {result.output}")


@contextlib.contextmanager
def bed(kept: pathlib.Path | None = None) -> Generator[Bed]:
    """Make the lab in a folder of its own; nothing of it is left at the end.

    Args:
        kept: A folder in which the machines are halted instead, for the next run.
    """
    with contextlib.ExitStack() as stack:
        folder = kept or pathlib.Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="labkit-mutations-"))
        )
        folder.mkdir(exist_ok=True)
        (folder / "lab.yml").write_text(LAB.lstrip(), encoding="utf-8")
        stack.callback(user.labkit, folder, *(("halt",) if kept else ("destroy", "--yes")))
        user.labkit(folder, "up")
        opened = context.open_lab(folder / "lab.yml")
        yield stack.enter_context(contextlib.closing(Bed(opened, opened.session)))


@contextlib.contextmanager
def contained() -> Generator[Bed]:
    """Make the lab of containers; the enclosure has been entered, and ends with them."""
    file = enclosure.FOLDER / "lab.yml"
    file.write_text(_CONTAINED.lstrip(), encoding="utf-8")
    opened = context.open_lab(file)
    session = functools.partial(containers.session, opened)
    with (
        containers.running(opened),
        contextlib.closing(Bed(opened, session, containers.NOT_THEIRS)) as made,
    ):
        yield made


def page(verdicts: Sequence[mutants.Verdict], healthy: Sequence[tuple[float, int]]) -> str:
    """Write what was found as a page."""
    named = sum(each.ok for each in verdicts)
    alarms = sum(bool(count) for _, count in healthy)
    median = statistics.median(seconds for seconds, _ in healthy)
    lines = (
        "<!-- Written by './lab bench mutations'; do not edit. -->",
        f"{host.about(())} Three machines of the provider qemu, broken and healed in turn.",
        f"**{named} of {len(verdicts)}** mutations were named exactly, and nothing else with them.",
        (
            f"**{alarms} of {len(healthy)}** looks at the healthy lab gave a false alarm; "
            f"each asked everything, with a median of {median:.1f} s."
        ),
        (
            "A check that takes long, `ansible` or `mirror`, is asked where it is expected to "
            "complain, and at each look at the healthy lab."
        ),
    )
    rows = [
        "| mutation | machine | what verify said | exactly that |",
        "| --- | --- | --- | --- |",
        *map(_row, verdicts),
    ]
    return "\n\n".join((*lines, "\n".join(rows))) + "\n"


def _row(verdict: mutants.Verdict) -> str:
    said = "<br>".join(f"{name}: {text}" for name, text in verdict.said) or "nothing"
    wrong = [f"missing {name}: {text}" for name, text in verdict.missing]
    wrong += [f"unrelated {name}: {text}" for name, text in verdict.unrelated]
    answer = "yes" if verdict.ok else f"**no**: {'; '.join(wrong)}"
    cells = (verdict.mutation.why, verdict.mutation.machine, said, answer)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def main() -> None:
    """Measure; write the page once every mutation is judged, which says how many looks there were.

    Raises:
        errors.LabError: Containers were asked for, and something was not named exactly.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=HEALTHY, help="looks at the healthy lab")
    parser.add_argument("--only", action="append", default=[], help="mutations by name")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin nothing after these")
    parser.add_argument("--keep", type=pathlib.Path, help="a file to go on from, and to add to")
    parser.add_argument("--bed", type=pathlib.Path, help="a folder that keeps the lab, halted")
    parser.add_argument(
        "--containers", action="store_true", help="what containers can have, in them; no page"
    )
    words = parser.parse_args()
    if words.containers:
        containers.enter("bench.mutations", sys.argv[1:])
    every = [each for each in mutants.load() if not (words.containers and each.virtual)]
    found = kept.load(words.keep, every)
    done = {each.mutation.name for each in found.verdicts}
    chosen = [
        each
        for each in every
        if each.name not in done and (not words.only or each.name in words.only)
    ]
    until = time.monotonic() + 60 * words.minutes
    with contained() if words.containers else bed(words.bed) as made:
        _measure(made, chosen, found, words.rounds, until)
    if words.containers:
        _conclude(found)
    elif len(found.verdicts) == len(every) and found.healthy:
        found.verdicts.sort(key=lambda each: each.mutation.name)
        FIGURES.write_text(page(found.verdicts, found.healthy), encoding="utf-8")


def _conclude(found: kept.Kept) -> None:
    wrong = [each.mutation.name for each in found.verdicts if not each.ok]
    alarms = sum(bool(count) for _, count in found.healthy)
    named = len(found.verdicts) - len(wrong)
    print(
        f"{named} of {len(found.verdicts)} mutations named exactly, "
        f"{alarms} of {len(found.healthy)} looks at the healthy lab with a false alarm"
    )
    if wrong or alarms:
        raise errors.LabError(f"not named exactly: {', '.join(wrong) or 'a healthy lab'}")


def _measure(
    made: Bed, chosen: Sequence[mutants.Mutation], found: kept.Kept, looks: int, until: float
) -> None:
    for together in mutants.rounds(chosen):
        if time.monotonic() > until:
            return
        for verdict in made.judge(together):
            print(("ok  " if verdict.ok else "BAD "), verdict, flush=True)
            found.judged(verdict)
            if not verdict.ok and (said := made.look(set(checks.every()) - mutants.LONG)):
                raise errors.LabError(f"{verdict.mutation.name} is not healed: {said}")
    while len(found.healthy) < looks and time.monotonic() < until:
        start = time.monotonic()
        said = made.look()
        found.looked(time.monotonic() - start, len(said))
        print(*found.healthy[-1], *said, flush=True)


if __name__ == "__main__":
    script.run(main)
