"""The checks that verify runs beside the operations' own states."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from labkit import checks
from labkit.plan import build
from labkit.reference import _markdown, _source
from labkit.spec import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.checks import base

_INTRODUCTION = """
`labkit verify` asks every machine for its whole wanted state: each [operation](operations.md) must
have nothing to change. The checks below look at what the operations cannot know, mostly because it
takes several machines. All of them travel in the one round trip a machine that the operations take
too. A second `labkit up` of a verified lab leaves the slow ones out and says so.
"""


def page() -> str:
    """Return the page."""
    parts: list[str] = []
    for name, check in checks.every().items():
        parts += [f"## {name}", *_check(name, check)]
    return _markdown.page("Checks", _INTRODUCTION, *parts)


def _check(name: str, check: base.Check) -> Iterator[str]:
    yield _source.words(sys.modules[type(check).__module__])
    lab = build.build(load.load(_source.REPOSITORY / "lab.yml"))
    asked = [machine for machine in lab.machines if check.probe(lab, machine) is not None]
    where = "every machine" if len(asked) == len(lab.machines) else f"{asked[0].roles[0]} machine"
    speed = "slow" if check.slow else "quick"
    yield f"How: {_source.words(check)} Asked: {where}. Speed: {speed}."
    good = next(case for case in _source.cases("checks", name) if _is_good(case))
    keys = ("subject", "expected", "by_hand", "repair")
    machine = good.get("machine", "ansible-01")
    rows = [
        [each.get(key, "") for key in keys]
        for each in good["seen"]
        if each.get("machine", machine) == machine
    ]
    yield f"What is seen on {machine} of a lab of three machines:"
    yield _markdown.table(("looks at", "expects", "see it by hand", "repair it"), rows)


def _is_good(case: dict[str, Any]) -> bool:
    return bool(case["seen"]) and all(each["ok"] for each in case["seen"])
