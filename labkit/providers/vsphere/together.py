"""Many labs of one vCenter, such as a class, looked at by one call however many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import errors, parallel
from labkit.providers.vsphere import faults, view

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labkit.providers.vsphere import lab as labs
    from labkit.providers.vsphere import retrieve
    from labkit.providers.vsphere import site as sites


def look(given: Mapping[str, labs.Lab | Exception]) -> dict[str, view.Seen | Exception]:
    """Return what is there of each lab, or why that could not be seen, by the names given.

    What could not even be opened is handed on as the error that it is.
    """
    by_site: dict[sites.Site, dict[str, labs.Lab]] = {}
    seen: dict[str, view.Seen | Exception] = {}
    for name, lab in given.items():
        if isinstance(lab, Exception):
            seen[name] = lab
        else:
            by_site.setdefault(lab.site, {})[name] = lab
    for site, there in by_site.items():
        try:
            seen |= _on(site, there)
        except faults.GoneError:  # somebody removed one of them: which one shows only by itself
            seen |= parallel.each(there, lambda lab: lab.view.look())
        except errors.LabError as error:
            seen |= dict.fromkeys(there, error)
    return {name: seen[name] for name in given}


def _on(site: sites.Site, given: Mapping[str, labs.Lab]) -> dict[str, view.Seen | Exception]:
    roots = _roots(site, given)
    filters = [given[name].view.below(moid) for name, moid in roots.items() if moid]
    found = view.complete(site, site.read(*filters)) if filters else []
    inside = by_root({moid for moid in roots.values() if moid}, found)

    def understood(name: str) -> view.Seen:
        mine, moid = given[name].view, roots[name]
        there = inside.get(moid, [])
        top = next((each for each in there if each.moid == moid), None)
        return mine.take(there) if not moid or mine.is_own(top) else mine.look()

    return dict(parallel.each({name: name for name in given}, understood))


def _roots(site: sites.Site, given: Mapping[str, labs.Lab]) -> dict[str, str]:
    """Return the moid of each lab's folder; empty when it has none."""
    roots = {name: lab.journal.folder for name, lab in given.items()}
    if not all(roots.values()):
        known = site.places(fresh=True)
        roots = {name: moid or given[name].view.find(known) for name, moid in roots.items()}
    return roots


def by_root(roots: set[str], found: Sequence[retrieve.Found]) -> dict[str, list[retrieve.Found]]:
    """Return what is below each of some folders, with the folder itself. Pure."""
    by_moid = {each.moid: each for each in found}
    inside: dict[str, list[retrieve.Found]] = {}
    for moid, each in by_moid.items():
        at: str = moid
        while at in by_moid:
            if at in roots:
                inside.setdefault(at, []).append(each)
            at = by_moid[at].parent
    return inside
