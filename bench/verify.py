"""How long `labkit verify` of the default lab takes where no processor is emulated.

`./lab bench verify` boots the lab's machines as containers (`bench.containers`), verifies them
again and again, each time by a new process, and writes docs/explanation/figures/verify-time.md.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
import statistics
import subprocess
import sys
import time

from bench import containers, enclosure, host, script
from labkit import errors
from labkit.lifecycle import context
from labkit.report import json as json_report
from labkit.verify import run

TOP = pathlib.Path(__file__).parents[1]
FIGURES = TOP / "docs" / "explanation" / "figures" / "verify-time.md"
ROUNDS = 10
BOUND = 5.0
"""Seconds for the default lab, its machines warm."""
_LAB = enclosure.FOLDER / "lab.yml"
_LOOK = "--look"


@dataclasses.dataclass(frozen=True, slots=True)
class Taken:
    """One verify, from the start of its process to its end."""

    seconds: float
    results: int
    wrong: frozenset[str]
    """The subjects that were not as they should be."""


def look() -> None:
    """Verify once, as the task does, and print the report as JSON."""
    lab = context.open_lab(_LAB)
    subjects = [
        run.Subject(machine, lab.steps(machine), containers.session(lab, machine))
        for machine in lab.lab.machines
    ]
    try:
        print(json_report.render(run.verify(lab.lab, subjects)))
    finally:
        for subject in subjects:
            subject.session.close()


def once() -> Taken:
    """Verify by a process of its own."""
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "bench.verify", _LOOK], stdout=subprocess.PIPE, check=True, text=True
    )
    seconds = time.monotonic() - start
    results = json.loads(done.stdout)["results"]
    wrong = frozenset(each["subject"] for each in results if not each["ok"])
    return Taken(seconds, len(results), wrong)


def page(found: list[Taken], about: str) -> str:
    """Write what was measured as a page."""
    first, *warm = found
    seconds = [each.seconds for each in warm]
    median = statistics.median(seconds)
    wrong = ", ".join(sorted(first.wrong)) or "none"
    reached = "yes" if median <= BOUND else "**no**"
    lines = (
        "<!-- Written by './lab bench verify'; do not edit. -->",
        about,
        (
            "`labkit verify` of the default lab's four machines, each a container that boots the "
            "lab's own image: no processor is emulated, and all share the host's. A process of its "
            "own each time, from its start to its end, with log-ins of its own. What a container "
            "cannot have is left out or wrong: the lab is the default one without SELinux, the "
            "mirror is a server of the benchmark, "
            f"and of the {first.results} results these are not as on a machine: {wrong}."
        ),
        (
            "| verify | median | range |\n| --- | --- | --- |\n"
            f"| the first one, which asks Ansible | {first.seconds:.2f} s | |\n"
            f"| {len(warm)} more, the machines warm | {median:.2f} s | "
            f"{min(seconds):.2f} to {max(seconds):.2f} s |"
        ),
        f"At most {BOUND:.0f} s with the machines warm: {reached}.",
    )
    return "\n\n".join(lines) + "\n"


def _measure(rounds: int) -> list[Taken]:
    _LAB.write_text(
        (TOP / "lab.yml").read_text().replace("selinux: permissive", "selinux: disabled")
    )
    lab = context.open_lab(_LAB)
    found: list[Taken] = []
    with containers.running(lab):
        for _ in range(1 + rounds):
            found.append(once())
            print(found[-1], flush=True)
    return found


def main() -> None:
    """Measure, and write the page.

    Raises:
        errors.LabError: Something is wrong that is not a container's nature.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument(_LOOK, action="store_true", help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.look:
        look()
        return
    containers.enter("bench.verify", sys.argv[1:])
    found = _measure(words.rounds)
    wrong = frozenset[str]().union(*(each.wrong for each in found)) - containers.NOT_THEIRS
    if wrong:
        raise errors.LabError(f"verify said that these are wrong: {', '.join(sorted(wrong))}")
    text = page(found, host.about(()))
    FIGURES.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    script.run(main)
