"""Expressions in profiles, and the template files beside them.

A value that is one expression, `"{{ machine.sysctl }}"`, becomes what the expression gives, with
its type; any other text is filled in as text. A name that does not exist is an error.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, TypeVar, cast

import jinja2
import jinja2.sandbox

from labkit import errors, secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from labkit.profiles import values

Result = TypeVar("Result")

_EXPRESSION = re.compile(r"\{\{((?:(?!\}\}).)*)\}\}", re.DOTALL)


class _Environment(jinja2.sandbox.ImmutableSandboxedEnvironment):
    """A profile may come from somebody else's lab folder: it gets values, not Python."""

    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        """Keep a secret closed: what is in a text shows in reports."""
        return not isinstance(obj, secret.Secret) and super().is_safe_attribute(obj, attr, value)


def _closed(value: object) -> object:
    if isinstance(value, secret.Secret):
        raise jinja2.TemplateRuntimeError("a secret is a whole value, not a part of a text")
    return value


def _not_stars(value: Result) -> Result:
    """Refuse what filters and operators make of a secret: stars are no password."""
    if isinstance(value, str) and secret.SHOWN in value:
        raise jinja2.TemplateRuntimeError("a secret is a whole value, not a part of a text")
    return value


_ENVIRONMENT = _Environment(
    undefined=jinja2.StrictUndefined,
    finalize=_closed,
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
    return _evaluate(lambda: _compiled(text).render(known))


# A lab's machines share their profiles, and compiling a text costs far more than filling it in.
@functools.lru_cache(maxsize=1024)
def _compiled(text: str) -> jinja2.Template:
    return _ENVIRONMENT.from_string(text)


@functools.lru_cache(maxsize=1024)
def _compiled_expression(text: str) -> Callable[..., object]:
    return _ENVIRONMENT.compile_expression(text, undefined_to_none=False)


def _evaluate(run: Callable[[], Result]) -> Result:
    try:
        return _not_stars(run())
    except (jinja2.TemplateError, errors.LabError):
        raise
    except Exception as error:  # an expression may raise whatever Python's operators raise
        message = f"{type(error).__name__}: {error}"
        raise jinja2.TemplateRuntimeError(message) from error


def _text(text: str, known: values.Values) -> object:
    if whole := _EXPRESSION.fullmatch(text.strip()):
        expression = _compiled_expression(whole[1].strip())
        found = _evaluate(lambda: expression(**known))
        if isinstance(found, jinja2.Undefined):
            str(found)  # a strict one complains, and says which name is missing
        return found
    return render(text, known) if "{" in text else text
