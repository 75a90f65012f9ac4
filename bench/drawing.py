"""Bars on a logarithmic scale, as SVG (W3C SVG 1.1). Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from xml.sax import saxutils

if TYPE_CHECKING:
    from collections.abc import Mapping

_COLOURS = ("#2c7fb8", "#7f7f7f", "#e6862e", "#c0392b")
_WIDTH, _LEFT, _RIGHT = 760, 120, 70
_BAR, _GAP, _TITLE, _AXIS = 20, 26, 44, 34


def bars(title: str, groups: Mapping[str, Mapping[str, float]]) -> str:
    """Draw a bar for each name in each group; longer is more.

    Raises:
        ValueError: There is nothing to draw, or a value is not above zero.
    """
    values = [value for group in groups.values() for value in group.values()]
    low = 10 ** math.floor(math.log10(min(values)))
    high = 10 ** math.ceil(math.log10(max(values) * 1.001))
    scale = (_WIDTH - _LEFT - _RIGHT) / math.log10(high / low)
    names = list(dict.fromkeys(name for group in groups.values() for name in group))
    parts: list[str] = []
    y = _TITLE
    for label, group in groups.items():
        parts.append(_text(8, y + _BAR * len(group) / 2 + 5, label))
        for name, value in group.items():
            width = scale * math.log10(value / low)
            colour = _COLOURS[names.index(name) % len(_COLOURS)]
            parts.append(
                f'<rect x="{_LEFT}" y="{y:.0f}" width="{width:.1f}" height="{_BAR - 4}" '
                f'fill="{colour}"/>'
            )
            parts.append(_text(_LEFT + width + 6, y + _BAR - 8, f"{value:.2f} {name}", size=12))
            y += _BAR
        y += _GAP
    height = y + _AXIS - _GAP
    lines = _axis(low, high, scale, y - _GAP)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH + 60} {height}" '
        f'font-family="sans-serif" font-size="13">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join((_text(8, 22, title, size=16), *lines, *parts))
        + "\n</svg>\n"
    )


def _axis(low: float, high: float, scale: float, bottom: float) -> list[str]:
    parts: list[str] = []
    for power in range(round(math.log10(low)), round(math.log10(high)) + 1):
        x = _LEFT + scale * (power - math.log10(low))
        parts.append(
            f'<line x1="{x:.1f}" y1="{_TITLE - 8}" x2="{x:.1f}" y2="{bottom}" stroke="#ddd"/>'
        )
        parts.append(_text(x - 8, bottom + 18, f"{10.0**power:g} s", size=12))
    return parts


def _text(x: float, y: float, text: str, *, size: int = 13) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="#222">'
        f"{saxutils.escape(text)}</text>"
    )
