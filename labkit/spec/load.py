"""From `lab.yml` to a validated spec, or to every problem in it at once."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any, cast

import pydantic

from labkit import errors
from labkit.images import listing
from labkit.spec import context as contexts
from labkit.spec import document as documents
from labkit.spec import messages, model, roles, rules, source

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator, Mapping

    from labkit.spec import host as hosts
    from labkit.spec import place

MOST = 100
"""Problems that are told at once; finding the right word for each of thousands takes minutes."""


@dataclasses.dataclass(frozen=True, slots=True)
class Spec:
    """What a lab file says, and where it says it."""

    lab: model.LabFile
    document: documents.Document

    @property
    def file(self) -> str:
        """The file's name, as problems show it."""
        return self.document.file

    def locate(self, path: place.Path) -> place.Position:
        """Return the place of a value, or of its nearest ancestor that the file has."""
        match path:
            # The model knows a role by its own name only, the file perhaps by an alias.
            case ("roles", str(role), *rest):
                written = ((*path[:1], name, *rest) for name in roles.spellings(role))
                path = next((each for each in written if each[:2] in self.document.places), path)
            case _:
                pass
        return self.document.locate(path)

    def problem(self, path: place.Path, message: str, hint: str = "") -> errors.Problem:
        """Make the problem of a value: for the rules here, and for later stages."""
        return self.document.problem(self.locate(path), message, hint)


def load(path: pathlib.Path, host: hosts.Host | None = None) -> Spec:
    """Read a lab file and check all that can be checked without making anything.

    Args:
        path: The file.
        host: What the lab will run on; None leaves out the rules about it.

    Raises:
        errors.FileError: The file is wrong; carries all of its problems.
        errors.LabError: The file is missing or cannot be read.
    """
    text = source.read(path)
    names, disks = listing.names(folder=path.parent), listing.disks(folder=path.parent)
    return parse(text, str(path), host, images=names, disks=disks)


def parse(
    text: str,
    name: str = "lab.yml",
    host: hosts.Host | None = None,
    *,
    images: tuple[str, ...] | None = None,
    disks: Mapping[str, int] | None = None,
) -> Spec:
    """Do the same for a text.

    Args:
        text: The content of a lab file.
        name: The file name that problems show.
        host: What the lab will run on; None leaves out the rules about it.
        images: The images that exist; None means those that labkit ships.
        disks: GiB of those images whose size is known.

    Raises:
        errors.FileError: The text is wrong; carries all of its problems.
    """
    document = documents.compose(text, name)
    known = listing.names() if images is None else images
    context = contexts.Context(known, host, disks=disks or {})
    lab, wrong = _validate(document)
    spec = Spec(lab, document) if lab else None
    breaches = rules.check(spec, context) if spec else ()
    found = itertools.chain(document.problems, wrong, breaches)
    problems = tuple(itertools.islice(dict.fromkeys(itertools.islice(found, 2 * MOST)), MOST + 1))
    if spec and not problems:
        return spec
    raise errors.FileError(most(problems))


def _validate(
    document: documents.Document,
) -> tuple[model.LabFile | None, Iterator[errors.Problem]]:
    """Return what the rules can judge, if anything, and what is wrong with single values."""
    try:
        return model.LabFile.model_validate(document.data), iter(())
    except pydantic.ValidationError as error:
        lab = _salvage(cast("dict[str, Any]", document.data), error)
        return lab, messages.explain(error, document)


def most(problems: tuple[errors.Problem, ...]) -> tuple[errors.Problem, ...]:
    """Cut a long list off, and say so where it ends."""
    if len(problems) <= MOST:
        return problems
    *kept, _ = problems
    last = max(kept)
    message = f"there are more problems than these {MOST}"
    hint = "mend these, and look again"
    return (*kept, errors.Problem(last.file, last.line, last.column, message, hint))


def _salvage(data: dict[str, Any], error: pydantic.ValidationError) -> model.LabFile | None:
    """Leave out the wrong machines and the unknown keys, so that the rules can judge the rest.

    Returns:
        None when something else is wrong: a default in its place could make the rules see faults
        that are not there. A machine that is left out can only hide some.
    """
    left_out: set[place.Path] = set()
    for detail in error.errors(include_url=False, include_input=False):
        match detail["loc"]:
            case ("machines", str(name), *_) if detail["type"] != "extra_forbidden":
                left_out.add(("machines", name))
            case path if detail["type"] == "extra_forbidden":
                left_out.add(path)
            case _:
                return None
    try:
        return model.LabFile.model_validate(_without(data, left_out, ()))
    except pydantic.ValidationError:
        return None


def _without(data: dict[str, Any], left_out: set[place.Path], path: place.Path) -> dict[str, Any]:
    """Copy nested mappings without the keys at some paths."""
    return {
        key: _without(cast("dict[str, Any]", value), left_out, (*path, key))
        if isinstance(value, dict)
        else value
        for key, value in data.items()
        if (*path, key) not in left_out
    }
