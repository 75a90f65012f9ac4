"""What is written below the attributes of a class, for schemas and reference pages.

It is read from the source, and only where it is shown: reading it when a class is made, as pydantic
can, would cost each start of labkit a twentieth of a second.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap


def attributes(kind: type) -> dict[str, str]:
    """Return the docstrings below a class's attributes, by the attributes' names."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    found: dict[str, str] = {}
    for before, after in itertools.pairwise(getattr(body, "body", [])):
        match before, after:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = " ".join(text.split())
            case _:
                pass
    return found
