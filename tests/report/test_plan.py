"""The plan for people; its document has a golden file in tests/plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.report import plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import rich.console

    from labkit.plan import model

    Shown = Callable[[Iterable[rich.console.RenderableType]], str]


def test_tables(shown: Shown, default_lab: model.Lab) -> None:
    lines = shown(plan.tables(default_lab)).splitlines()
    assert lines[0] == "lab k8s-manual on qemu"
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if "│" in line]
    assert cells[0] == ["ansible-01", "ansible", "debian-12", "1", "512", "4", "127.0.0.1:30777"]
    assert cells[4] == [
        "ansible-01", "nat", "46:45:a7:45:76:30", "10.0.2.51/24", "10.0.2.2", "10.0.2.3",
    ]  # fmt: skip
    assert cells[5] == ["ansible-01", "hostonly", "22:35:9e:8a:30:56", "192.168.56.51/24", "", ""]
    assert len(cells) == 4 + 8
