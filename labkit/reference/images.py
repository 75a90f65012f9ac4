"""The catalogue of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.images import catalog, listing
from labkit.reference import _markdown
from labkit.render import boxes

if TYPE_CHECKING:
    from collections.abc import Iterator

_INTRODUCTION = """
`image:` in [lab.yml](lab-file.md) names one of these, or a file `images/NAME.yml` beside lab.yml
([how to](../how-to/own-image.md)). An image is made once and kept in the cache under the digest of
its recipe.
"""


def page() -> str:
    """Return the page."""
    parts: list[str] = []
    for name in listing.names():
        recipe = catalog.get(name)
        parts += [f"## {name}"]
        parts += _debian(recipe) if isinstance(recipe, catalog.DebianRecipe) else _cloud(recipe)
        parts += _boxes(name)
    return _markdown.page("Images", _INTRODUCTION, *parts)


def _debian(recipe: catalog.DebianRecipe) -> Iterator[str]:
    yield (
        f"Built from the packages of Debian's release {_markdown.word(recipe.suite)}; at least "
        f"{recipe.disk_gib} GiB of disk, account {_markdown.word(recipe.user)}."
    )
    rows = [(architecture, package) for architecture, package in recipe.kernel.items()]
    yield _markdown.table(("architecture", "kernel"), rows)
    yield f"Packages: {', '.join(recipe.packages)}."


def _cloud(recipe: catalog.CloudRecipe) -> Iterator[str]:
    yield (
        "Fetched as the vendor's file, checked by its digest, set up by cloud-init; account "
        f"{_markdown.word(recipe.user)}."
    )
    rows = [(name, f"<{file.url}>", file.sha256) for name, file in recipe.files.items()]
    yield _markdown.table(("architecture", "file", "SHA-256"), rows)


def _boxes(name: str) -> Iterator[str]:
    rows = [
        (provider, architecture, _markdown.word(box.name), box.sha256 or "not pinned")
        for provider, by_architecture in boxes.load().get(name, {}).items()
        for architecture, box in by_architecture.items()
    ]
    if rows:
        yield "The Vagrant boxes that a rendered Vagrantfile names for it:"
        yield _markdown.table(("provider", "architecture", "box", "SHA-256"), rows)
