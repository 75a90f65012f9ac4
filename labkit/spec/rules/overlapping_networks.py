"""No network of the lab overlaps another, or one that Kubernetes will use inside."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.spec import context as contexts
    from labkit.spec import load


def check(spec: load.Spec, _context: contexts.Context) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    lab = spec.lab
    networks = {
        ("networks", "nat", "subnet"): lab.networks.nat.subnet,
        ("networks", "hostonly", "subnet"): lab.networks.hostonly.subnet,
        ("kubernetes", "pods"): lab.kubernetes.pods,
        ("kubernetes", "services"): lab.kubernetes.services,
    }
    for (path, subnet), (other_path, other) in itertools.combinations(networks.items(), 2):
        if subnet.overlaps(other):
            # Of two places the later one is shown; a default has no place of its own.
            shown = max(path, other_path, key=spec.locate)
            yield spec.problem(
                shown,
                f"{'.'.join(path)} ({subnet}) and {'.'.join(other_path)} ({other}) overlap",
                "give one of them a block of its own, for example from 172.16.0.0/12",
            )
