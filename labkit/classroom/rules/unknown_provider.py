"""Each provider is one that labkit knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.spec import context, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.classroom import load


def check(spec: load.Spec) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    places = {("provider",): spec.file.provider} | {
        ("hosts", name, "provider"): host.provider for name, host in spec.file.hosts.items()
    }
    for path, provider in places.items():
        if provider is not None and provider not in context.PROVIDERS:
            hint = words.nearest(provider, context.PROVIDERS, otherwise="providers are:")
            message = f"unknown provider {words.show(provider)}"
            yield spec.document.problem(spec.document.locate(path), message, hint)
