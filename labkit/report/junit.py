"""A report as JUnit XML: a suite a machine, a case for each thing that was looked at.

It keeps to what the schemas of Ant's JUnit task and of Jenkins' xUnit plugin have in common, the
stricter one in each case: no attributes on the root, and every element in its order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import markupsafe

from labkit import wording
from labkit.report import excerpt
from labkit.report.element import element

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.report import about as abouts
    from labkit.report import model

_HEAD = markupsafe.Markup('<?xml version="1.0" encoding="UTF-8"?>\n')
_NONE = "0.000"
"""All checks of a machine travel together, so that no single one has a time of its own."""


def render(report: model.Report, about: abouts.About) -> str:
    """Return the document.

    Characters that XML forbids are written as their escapes, and long texts are cut. Checks that
    were left out are skipped cases of each machine.
    """
    machines = dict.fromkeys(result.machine for result in report.results)
    suites = [_suite(report, about, number, name) for number, name in enumerate(machines)]
    return f"{_HEAD}{element('testsuites', *suites)}\n"


def _suite(
    report: model.Report, about: abouts.About, number: int, machine: str
) -> markupsafe.Markup:
    results = [result for result in report.results if result.machine == machine]
    failed = sum(not result.ok for result in results)
    package = f"labkit.{report.lab}"
    skipped = [
        element("testcase", element("skipped"), classname=f"{package}.{machine}.{check}",
                name=f"{check} was left out this time", time=_NONE)
        for check in report.skipped
    ]  # fmt: skip
    return element(
        "testsuite",
        _properties(about, report.incomplete),
        *_cases(package, results),
        *skipped,
        element("system-out"),
        element("system-err"),
        package=package,
        id=number,
        name=machine,
        timestamp=about.finished.removesuffix("Z"),
        hostname=machine,
        tests=len(results) + len(skipped),
        failures=failed,
        errors=0,
        skipped=len(skipped),
        time=f"{report.seconds:.3f}",
    )


def _properties(about: abouts.About, incomplete: str) -> markupsafe.Markup:
    said = {"labkit": about.labkit, "python": about.python, "system": about.system,
            "provider": about.provider, "task": about.task}  # fmt: skip
    if incomplete:
        said["incomplete"] = excerpt.line(incomplete)
    return element(
        "properties",
        *(element("property", name=name, value=value or "-") for name, value in said.items()),
    )


def _cases(package: str, results: list[model.Result]) -> Iterator[markupsafe.Markup]:
    for result in results:
        when = f" ({result.when})" if result.when else ""
        inside = () if result.ok else (_failure(result),)
        yield element(
            "testcase",
            *inside,
            classname=f"{package}.{result.machine}.{result.check}",
            name=f"{excerpt.line(result.subject)}{when}",
            time=_NONE,
        )


def _failure(result: model.Result) -> markupsafe.Markup:
    expected = excerpt.line(result.expected) or "(nothing)"
    actual = excerpt.line(result.actual) or "(nothing)"
    typed = "\n".join(result.commands[: excerpt.LINES])
    text = "\n".join((
        f"expected: {excerpt.cut(result.expected)}",
        f"actual: {excerpt.cut(result.actual)}",
        f"see: {wording.command(excerpt.cut(result.by_hand))}",
        f"repair: {wording.command(excerpt.cut(result.repair))}",
        *((f"commands:\n{excerpt.cut(typed)}",) if typed else ()),
    ))  # fmt: skip
    return element(
        "failure", text, type=result.check, message=f"expected {expected}, found {actual}"
    )
