"""The privileges that the documents name are those that labkit asks for."""

from __future__ import annotations

import pathlib

from labkit.providers.vsphere import privileges

PAGE = pathlib.Path(__file__).parents[3] / "docs" / "how-to" / "vsphere.md"


def test_the_page_has_all_of_them() -> None:
    rows = [
        f"| {place} | {', '.join(f'`{each}`' for each in wanted)} |"
        for place, wanted in privileges.TABLE.items()
    ]
    head = "| on | privileges |\n| --- | --- |\n"
    assert head + "\n".join(rows) + "\n\n" in PAGE.read_text(encoding="utf-8")
