"""Each machine's full name, with the first search domain, is a possible DNS name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.spec import context as contexts
    from labkit.spec import load

LIMIT = 253
"""Characters; RFC 1035 section 2.3.4 allows 255 octets on the wire."""


def check(spec: load.Spec, _context: contexts.Context) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    for name in spec.lab.machines:
        full = ".".join((name, *spec.lab.dns.search[:1]))
        if len(full) > LIMIT:
            yield spec.problem(
                ("machines", name),
                f"'{name}' and the search domain together have {len(full)} characters",
                f"a DNS name can have at most {LIMIT}",
            )
