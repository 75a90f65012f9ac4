"""What a profile says beside its operations: its title, why each one is there, and tags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from labkit.spec import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labkit import errors
    from labkit.spec import document, place

LANGUAGES = {"en": "English", "ja": "Japanese"}
"""The languages of reasons. English is always there and stands in for one that is missing."""

BESIDE = frozenset({"why", "tags"})
"""Keys of an entry beside the one that names its kind."""

_TAG = re.compile(r"[a-z0-9][a-z0-9_-]*")
_TAG_HINT = "a tag is a word of small letters, digits, '-' and '_'"


def texts(
    read: document.Document, path: place.Path, given: object, problems: list[errors.Problem]
) -> Mapping[str, str]:
    """Return a reason or a title in each language that it is given in, not filled in yet.

    Args:
        read: The profile.
        path: Where it stands.
        given: A text in English, or a mapping of languages to texts.
        problems: Gets what is wrong.
    """
    if read.is_broken(path):
        return {}
    name = f"'{path[-1]}'"
    found = cast("dict[str, object]", given) if isinstance(given, dict) else {"en": given}
    where = read.locate(path)
    choices = f"languages are {words.one_of(LANGUAGES, 'and')}"
    if "en" not in found:
        problems.append(read.problem(where, f"{name} has no text in English", "write it as 'en:'"))
    for language, text in found.items():
        if language not in LANGUAGES:
            hint = words.nearest(language, LANGUAGES, otherwise="languages are:")
            unknown = f"unknown language {words.show(language)}"
            problems.append(read.problem(read.locate_key((*path, language)), unknown, hint))
        elif read.is_broken((*path, language)):
            continue
        elif not isinstance(text, str) or not text.strip():
            where = read.locate((*path, language))
            problems.append(read.problem(where, f"{name} is a text, or one a language", choices))
    return {language: text for language, text in found.items() if isinstance(text, str)}


def tags(
    read: document.Document, path: place.Path, given: object, problems: list[errors.Problem]
) -> tuple[str, ...]:
    """Return an entry's own tags.

    Args:
        read: The profile.
        path: Where `tags` stands in it.
        given: A list of words.
        problems: Gets what is wrong.
    """
    if read.is_broken(path):
        return ()
    if not isinstance(given, tuple):
        hint = "write them as 'tags: [network, dns]'"
        problems.append(read.problem(read.locate(path), "'tags' is a list of words", hint))
        return ()
    found: list[str] = []
    for index, tag in enumerate(cast("tuple[object, ...]", given)):
        if isinstance(tag, str) and _TAG.fullmatch(tag):
            found.append(tag)
        elif not read.is_broken((*path, index)):
            message = f"{words.show(tag)} is not a tag"
            problems.append(read.problem(read.locate((*path, index)), message, _TAG_HINT))
    return tuple(found)
