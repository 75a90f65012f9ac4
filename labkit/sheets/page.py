"""All sheets as one HTML file, a sheet a page of paper; it needs no network and no script."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

import labkit
from labkit.explain import words
from labkit.report import html

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from labkit.sheets import model

FOLDER = pathlib.Path(__file__).with_name("texts")


def render(classroom: str, sheets: Sequence[model.Sheet], language: str, day: dt.date) -> str:
    """Return the file's text.

    Args:
        classroom: The class's name.
        sheets: In the order of their pages.
        language: `en` or `ja`.
        day: When it is made, for people who find it later.
    """
    style = html.ours("sheets.css")
    return html.template("sheets.html.j2").render(
        classroom=classroom,
        sheets=sheets,
        text=words.of(language, FOLDER),
        version=labkit.__version__,
        day=day.isoformat(),
        style=style,
        policy=html.policy((style,), ""),
    )
