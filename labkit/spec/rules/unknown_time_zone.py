"""Each time zone is in the tz database, where this host has one."""

from __future__ import annotations

import functools
import zoneinfo
from typing import TYPE_CHECKING

from labkit.spec import resolve, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.spec import context as contexts
    from labkit.spec import load

_NO_ZONES = frozenset({"localtime", "posixrules", "Factory"})
"""Files beside the zones; what they mean differs from host to host."""


def check(spec: load.Spec, _context: contexts.Context) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    for path, settings in resolve.written(spec.lab):
        zone = settings.time_zone
        if zone is not None and zone != "Etc/UTC" and _zones() and zone not in _zones():
            # Most zones are Area/City: people who forget the area hear of it.
            cities = {each.rpartition("/")[2]: each for each in sorted(_zones())}
            hint = words.nearest(zone, _zones(), otherwise="")
            if zone in cities:
                hint = f"did you mean '{cities[zone]}'?"
            elif not hint.startswith("did"):
                hint = "write a name of the tz database, for example Europe/Berlin"
            yield spec.problem((*path, "time_zone"), f"unknown time zone '{zone}'", hint)


@functools.cache
def _zones() -> frozenset[str]:
    """Return the zones; none on a host without the database, such as a bare Windows."""
    return frozenset(zoneinfo.available_timezones()) - _NO_ZONES
