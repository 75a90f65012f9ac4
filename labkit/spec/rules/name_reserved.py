"""No lab and no machine has a name that already means something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.spec import context as contexts
    from labkit.spec import load

_OTHERS = {
    "localhost": "every machine itself",
    "all": "an Ansible group",
    "ungrouped": "an Ansible group",
}
DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{kind}{n}" for kind in ("com", "lpt") for n in range(1, 10))}
)
"""Files of these names cannot exist on Windows (Microsoft: Naming files, paths and namespaces)."""


def check(spec: load.Spec, _context: contexts.Context) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    meanings = _OTHERS | dict.fromkeys(DEVICES, "a device on Windows")
    if spec.lab.lab in DEVICES:
        message = f"'{spec.lab.lab}' is the name of a device on Windows"
        yield spec.problem(("lab",), message, "choose another name")
    for name in spec.lab.machines:
        if name in meanings:
            message = f"'{name}' is the name of {meanings[name]}"
            yield spec.problem(("machines", name), message, "choose another name")
