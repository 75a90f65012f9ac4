"""What labkit survives: every fault test, counted, as docs/explanation/figures/reliability.md.

`./lab bench reliability` runs all of tests/faults and tests/hostile, the slow ones too. A row is a
test with all its cases. How many faults a case has met it says itself (record_property of pytest):
`rounds` is the count, and any other property is a remark.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
from xml.etree import ElementTree as ET

REPOSITORY = pathlib.Path(__file__).parents[1]
FIGURES = REPOSITORY / "docs" / "explanation" / "figures" / "reliability.md"
FOLDERS = ("tests/faults", "tests/hostile")


@dataclasses.dataclass
class Row:
    """One test with all its cases."""

    module: str
    name: str
    met: int = 0
    held: int = 0
    seconds: float = 0.0
    remarks: list[str] = dataclasses.field(default_factory=list[str])


def run(more: list[str], report: pathlib.Path) -> int:
    """Run the tests; return pytest's exit status."""
    folders = [folder for folder in FOLDERS if (REPOSITORY / folder).is_dir()]
    words = ["-m", "pytest", "-q", "-o", "junit_family=xunit1", f"--junitxml={report}"]
    return subprocess.call([sys.executable, *words, *folders, *more], cwd=REPOSITORY)


def read(report: pathlib.Path) -> list[Row]:
    """Collect the rows of a report, in the order of the tests."""
    rows: dict[tuple[str, str], Row] = {}
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314 - pytest's own
        if "name" not in case.attrib:
            continue  # pytest's word for a run that was interrupted
        name = case.attrib["name"].partition("[")[0]
        module = f"{case.attrib['classname'].replace('.', '/')}.py"
        row = rows.setdefault((module, name), Row(module, name))
        said = {each.attrib["name"]: each.attrib["value"] for each in case.iter("property")}
        rounds = int(said.pop("rounds", 1))
        row.seconds += float(case.attrib["time"])
        skipped = case.find("skipped")
        if skipped is not None:
            row.remarks.append(f"not run: {skipped.attrib.get('message', '')}")
            continue
        failed = case.find("failure") is not None or case.find("error") is not None
        row.met += rounds
        row.held += 0 if failed else rounds
        row.remarks += [f"{key}: {value}" for key, value in said.items()]
    return list(rows.values())


def render(rows: list[Row]) -> str:
    """Return the page."""
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    lines = [
        "# What labkit survives",
        "",
        "Made by `./lab bench reliability`; nothing here is typed in.",
        f"Host: {system}, Python {platform.python_version()}.",
    ]
    modules = dict.fromkeys(row.module for row in rows)
    for module in modules:
        lines += ["", f"## {_title(module)}", "", f"`{module}`", ""]
        lines += ["| fault | met | held | seconds | |", "| --- | ---: | ---: | ---: | --- |"]
        for row in rows:
            if row.module == module:
                words = row.name.removeprefix("test_").replace("_", " ")
                remarks = "; ".join(dict.fromkeys(row.remarks))
                lines.append(
                    f"| {words} | {row.met} | {row.held} | {row.seconds:.0f} | {remarks} |"
                )
    met, held = sum(row.met for row in rows), sum(row.held for row in rows)
    return "\n".join([*lines, "", f"In all: {met} met, {held} held.", ""])


def _title(module: str) -> str:
    """Return the first line of a module's docstring."""
    text = (REPOSITORY / module).read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(text)) or module).splitlines()[0].rstrip(".")


def main() -> None:
    """Run, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", type=pathlib.Path, help="a JUnit report that is there already")
    given, more = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        report: pathlib.Path = given.report or pathlib.Path(folder) / "report.xml"
        status = 0 if given.report else run(more, report)
        rows = read(report)
    page = render(rows)
    print(page)
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    FIGURES.write_text(page, encoding="utf-8")
    sys.exit(status or any(row.held < row.met for row in rows))


if __name__ == "__main__":
    main()
