"""The machine reaches its own package mirror, by the DNS servers that lab.yml names."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from labkit.checks import base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.converge import script
    from labkit.plan import model

# The address is the machine's own configuration, nothing that labkit chose, and apt's own helper
# asks as apt will (proxies, certificates).
_DEBIAN = r"""
cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
sed -n 's/^deb  *\(\[[^]]*\] *\)*//p' | head -n 1 | {
    read -r uri suite rest
    file=$(mktemp)
    /usr/lib/apt/apt-helper -qq download-file "${uri%/}/dists/$suite/InRelease" "$file" && echo ok
    rm -f "$file"
}
"""
_EL = "dnf -q makecache > /dev/null && echo ok"
_BY_HAND = "apt-get update || dnf makecache"


class Mirror(base.Check):
    """The release file of the first Debian source, or the metadata of EL's repositories."""

    slow: ClassVar[bool] = True

    def probe(self, lab: model.Lab, machine: model.Machine) -> str:
        """Fetch the one small file that names all others."""
        del lab, machine
        return f"if command -v apt-get > /dev/null; then {_DEBIAN}\nelse {_EL}; fi"

    def read(
        self, lab: model.Lab, machine: model.Machine, answer: script.Answer
    ) -> Iterator[base.Seen]:
        """Say whether the mirror answered."""
        del lab, machine
        said = answer.output.strip()
        ok = said.splitlines()[-1:] == ["ok"]
        repair = "name a mirror that this host reaches in the machine's package sources"
        yield base.Seen("package mirror answers", ok, "ok", said, _BY_HAND, repair)
