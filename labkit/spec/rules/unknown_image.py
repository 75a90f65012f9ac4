"""Each image is in the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.spec import resolve, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.spec import context as contexts
    from labkit.spec import load


def check(spec: load.Spec, context: contexts.Context) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    for path, settings in resolve.written(spec.lab):
        if settings.image is not None and settings.image not in context.images:
            hint = words.nearest(settings.image, context.images, otherwise="the images are")
            message = f"unknown image {words.show(settings.image)}"
            yield spec.problem((*path, "image"), message, hint)
