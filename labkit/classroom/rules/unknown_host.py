"""Each student's host is one of the class's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.spec import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.classroom import load


def check(spec: load.Spec) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    for name, entry in spec.students.students.items():
        if entry.host is not None and entry.host not in spec.file.hosts:
            hint = "add it under 'hosts:' of the class file"
            if spec.file.hosts:
                hint = words.nearest(entry.host, spec.file.hosts, otherwise="hosts are:")
            yield spec.problem(name, "host", f"unknown host {words.show(entry.host)}", hint)
