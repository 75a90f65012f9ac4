"""Expressions in profiles, and the template files beside them.

A value that is one expression, `"{{ machine.sysctl }}"`, becomes what the expression gives, with
its type; any other text is filled in as text. A name that does not exist is an error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

import jinja2
import jinja2.sandbox

if TYPE_CHECKING:
    from labkit.profiles import values

_EXPRESSION = re.compile(r"\{\{((?:(?!\}\}).)*)\}\}", re.DOTALL)

# A profile may come from somebody else's lab folder: it gets values, not Python.
_ENVIRONMENT = jinja2.sandbox.ImmutableSandboxedEnvironment(
    undefined=jinja2.StrictUndefined,
    keep_trailing_newline=True,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,  # the texts are configuration files, not HTML
)


def fill(value: object, known: values.Values) -> object:
    """Fill in every text of a profile's data.

    Raises:
        jinja2.TemplateError: An expression is wrong, or names what does not exist.
    """
    match value:
        case str():
            return _text(value, known)
        case dict():
            items = cast("dict[object, object]", value)
            return {key: fill(item, known) for key, item in items.items()}
        case list() | tuple():
            return [fill(item, known) for item in cast("list[object]", value)]
        case _:
            return value


def render(text: str, known: values.Values) -> str:
    """Fill in a template file's text.

    Raises:
        jinja2.TemplateError: It is wrong, or names what does not exist.
    """
    return _ENVIRONMENT.from_string(text).render(known)


def _text(text: str, known: values.Values) -> object:
    if whole := _EXPRESSION.fullmatch(text.strip()):
        expression = _ENVIRONMENT.compile_expression(whole[1].strip(), undefined_to_none=False)
        found = expression(**known)
        if isinstance(found, jinja2.Undefined):
            str(found)  # a strict one complains, and says which name is missing
        return found
    return render(text, known) if "{" in text else text
