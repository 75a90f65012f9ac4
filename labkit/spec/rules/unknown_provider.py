"""The provider exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.spec import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.spec import context as contexts
    from labkit.spec import load


def check(spec: load.Spec, context: contexts.Context) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    provider = spec.lab.provider
    if provider not in context.providers:
        hint = words.nearest(provider, context.providers, otherwise="the providers are")
        yield spec.problem(("provider",), f"unknown provider {words.show(provider)}", hint)
