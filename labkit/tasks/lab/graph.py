"""`lab.graph`."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

from labkit import console, errors, visible, workspace
from labkit.report import mermaid, topology
from labkit.spec import words
from labkit.tasks import base

if TYPE_CHECKING:
    import invoke.context

_FORMATS = {"svg": topology.render, "mermaid": mermaid.render}
_ENDINGS = {".svg": "svg", ".mmd": "mermaid", ".mermaid": "mermaid"}


@base.task(
    format="svg or mermaid; without it what the file's ending says, else svg",
    output="write to this file instead of printing",
)
def graph(
    _: invoke.context.Context,
    file: str = "",
    provider: str = "",
    format: str = "",
    output: str = "",
) -> None:
    """Draw the networks and machines of the plan; needs no machine and touches nothing."""
    path = pathlib.Path(output) if output else None
    render = _FORMATS[_format(format, path)]
    drawn = str(render(base.open_lab(file, provider).lab)).rstrip("\n")
    if path is None:
        print(drawn)
        return
    workspace.write(path, f"{drawn}\n", mode=0o644)
    console.out.print(str(path), soft_wrap=True, markup=False)


def _format(given: str, path: pathlib.Path | None) -> str:
    """Return the format that is asked for; LAB_FORMAT is for tasks that have tables.

    Raises:
        errors.LabError: There is no such format.
    """
    name = given or (_ENDINGS.get(path.suffix.lower(), "svg") if path else "svg")
    if name not in _FORMATS:
        raise errors.LabError(
            f"there is no format '{visible.line(name)}'",
            hint=f"formats are {words.one_of(_FORMATS, 'and')}",
        )
    return name
