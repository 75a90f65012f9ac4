"""Reports, and a console that writes to a text."""

from __future__ import annotations

import io
import pathlib
from typing import TYPE_CHECKING

import pytest
import rich.console

from labkit.report import model
from tests.report import sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from labkit.plan import model as plans
    from labkit.ssh import keyring


@pytest.fixture
def shown() -> Callable[[Iterable[rich.console.RenderableType]], str]:
    """Return what prints as the tasks do, here to a terminal without colours."""

    def show(parts: Iterable[rich.console.RenderableType]) -> str:
        text = io.StringIO()
        console = rich.console.Console(
            file=text, width=100, force_terminal=True, color_system=None, highlight=False,
            emoji=False, legacy_windows=False,
        )  # fmt: skip
        for part in parts:
            console.print(part, soft_wrap=True)
        return "\n".join(line.rstrip() for line in text.getvalue().split("\n"))

    return show


@pytest.fixture
def report() -> model.Report:
    good = model.Result("web-01", "names", "address of web-02", ok=True)
    bad = model.Result(
        "web-02", "names", "address of web-01", ok=False,
        expected="192.168.56.61", actual="", by_hand="getent hosts web-01",
        repair="'lab.apply --only web-02 --tags hosts'",
    )  # fmt: skip
    down = model.Result("web-03", "answer", "answers", ok=False, actual="web-03 is down")
    return model.Report("demo", (good, good, bad, down), 1.23, ("ansible",))


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    """Return the repository."""
    return pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="session")
def healthy(
    default_lab: plans.Lab,
    make_keys: Callable[[plans.Lab], keyring.Keyring],
    root: pathlib.Path,
) -> model.Report:
    """Return the report of the default lab in which everything is as it should be."""
    return sample.healthy(default_lab, make_keys(default_lab), root)


@pytest.fixture(scope="session")
def broken(healthy: model.Report) -> model.Report:
    """Return the same with eight failures."""
    return sample.broken(healthy)
