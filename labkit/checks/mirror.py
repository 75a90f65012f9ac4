"""The machine reaches its own package mirror, by the DNS servers that lab.yml names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.checks import base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.converge import script
    from labkit.plan import model

# The address is the machine's own configuration, nothing that labkit chose.
_PROGRAM = """
import sys, urllib.request
try:
    head = urllib.request.Request(sys.argv[1], method="HEAD")
    with urllib.request.urlopen(head, timeout=20) as answer:
        print("ok", answer.status)
except Exception as error:
    print("no", error)
"""


class Mirror(base.Check):
    """The release file of the first Debian source, or the metadata of EL's repositories."""

    def probe(self, lab: model.Lab, machine: model.Machine) -> str:
        """Ask the mirror for the head of one small file."""
        del lab, machine
        return (
            "if command -v apt-get > /dev/null; then\n"
            "cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | "
            "sed -n 's/^deb  *\\(\\[[^]]*\\] *\\)*//p' | head -n 1 | { read -r uri suite rest\n"
            f"python3 -c '{_PROGRAM}' \"${{uri%/}}/dists/$suite/InRelease\"; }}\n"
            "else dnf -q makecache > /dev/null && echo ok || echo no; fi"
        )

    def read(
        self, lab: model.Lab, machine: model.Machine, answer: script.Answer
    ) -> Iterator[base.Seen]:
        """Say whether the mirror answered."""
        del lab, machine
        said = answer.output.strip()
        ok = said.startswith("ok")
        hint = "apt-get update (dnf makecache) on the machine shows more"
        yield base.Seen("package mirror answers", ok, "ok", said, hint)
