"""From the profiles of a machine to its operations, in the order in which they are applied."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import TYPE_CHECKING, cast

import jinja2
import pydantic

from labkit import content, errors, operations
from labkit.profiles import entry as entries
from labkit.profiles import shelf as shelves
from labkit.profiles import templates, values
from labkit.secrets import store
from labkit.spec import document, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labkit.operations import base
    from labkit.plan import model
    from labkit.ssh import keyring


_KEYS = ("operations", "title")
_NAMES = "names are: lab, machine, nic (network/ only), keys, hosts, known_hosts, secrets"


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One operation of a machine, and why it is there."""

    kind: str
    operation: base.AnyOperation
    why: str
    """In English."""
    origin: str
    """File and line, as editors open them."""
    tags: tuple[str, ...] = ()
    """The profile's name, the kind, and what the entry says besides; each one once."""
    reasons: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    """`why` in each language that it is given in."""
    titles: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    """What the profile is called, in each language; empty where it has no title."""

    def reason(self, language: str) -> str:
        """Return why it is there, in English where the profile does not speak the language."""
        return self.reasons.get(language, self.why)

    def title(self, language: str) -> str:
        """Return what the profile is called, if need be by its folder's and its own name."""
        profile = "/".join(pathlib.Path(self.origin.rpartition(":")[0]).with_suffix("").parts[-2:])
        return self.titles.get(language) or self.titles.get("en") or profile

    def changes(self, output: str) -> tuple[base.Change, ...]:
        """Compare a probe's print with what is wanted.

        Raises:
            errors.LabError: The machine printed what the operation cannot read.
        """
        try:
            return self.operation.changes(output)
        except errors.LabError:
            raise
        except Exception as error:  # a machine may print anything
            message = f"what it printed cannot be read ({type(error).__name__})"
            raise errors.LabError(message) from error


def steps(
    lab: model.Lab,
    machine: model.Machine,
    keys: keyring.Keyring,
    shelf: shelves.Shelf,
    secrets: store.Store | None = None,
) -> tuple[Step, ...]:
    """Return the steps for a machine: its profiles, its cards after the first of them.

    Args:
        lab: The plan.
        machine: The machine of it.
        keys: The lab's keys.
        shelf: The lab folder's profiles.
        secrets: Gives the lab's secrets; without it they are read from where lab.yml says.

    Raises:
        errors.FileError: A profile is wrong; carries all of its problems.
        errors.LabError: A profile does not exist.
    """
    secrets = secrets or store.Store(lab.secrets, shelf.folder)
    known = values.of(lab, machine, keys, secrets, shelf.everybody)
    first, *others = machine.profiles
    found = list(_profile(shelf, "provision", first, known))
    for nic in machine.nics:
        found += _profile(shelf, "network", nic.kind, {**known, "nic": nic})
    for profile in others:
        found += _profile(shelf, "provision", profile, known)
    return tuple(found)


def _profile(shelf: shelves.Shelf, kind: str, name: str, known: values.Values) -> tuple[Step, ...]:
    read = shelf.profile(kind, name)
    if read is None:
        names = content.names(shelf.folder, kind)
        raise errors.LabError(
            f"there is no profile {kind}/{name}.yml",
            hint=words.nearest(name, names, otherwise="there are:"),
        )
    problems = list(read.problems)
    titles = _titles(read, known, problems)
    reading = _Reading(read, known, shelf, problems)
    found: list[Step] = []
    for index, entry in enumerate(_entries(read, problems)):
        step = _step(reading, index, entry)
        if step:
            found.append(dataclasses.replace(step, titles=titles))
    if problems:
        raise errors.FileError(problems)
    return tuple(found)


def _titles(
    read: document.Document, known: values.Values, problems: list[errors.Problem]
) -> Mapping[str, str]:
    data = cast("dict[str, object]", read.data)
    if "title" not in data:
        return {}
    given = entries.texts(read, ("title",), data["title"], problems)
    try:
        return {language: str(templates.fill(text, known)) for language, text in given.items()}
    except jinja2.TemplateError as error:
        problems.append(
            read.problem(read.locate(("title",)), f"cannot be filled in: {error}", _NAMES)
        )
        return {}


def _entries(read: document.Document, problems: list[errors.Problem]) -> tuple[object, ...]:
    data = cast("dict[str, object]", read.data)
    for key in data:
        if key not in _KEYS:
            hint = words.nearest(key, _KEYS, otherwise="keys are:")
            problems.append(
                read.problem(read.locate_key((key,)), f"unknown key {words.show(key)}", hint)
            )
    entries = data.get("operations", ())
    if read.is_broken(("operations",)):
        return ()
    if not isinstance(entries, tuple):
        where = read.locate(("operations",))
        problems.append(read.problem(where, "'operations' is a list", "begin each with '- why:'"))
        return ()
    return cast("tuple[object, ...]", entries)


@dataclasses.dataclass(frozen=True, slots=True)
class _Reading:
    """One profile on its way to steps."""

    read: document.Document
    known: values.Values
    shelf: shelves.Shelf
    problems: list[errors.Problem]


def _step(reading: _Reading, index: int, entry: object) -> Step | None:
    read, known, problems = reading.read, reading.known, reading.problems
    path = ("operations", index)
    given = cast("dict[str, object]", entry) if isinstance(entry, dict) else {}
    kind = _kind(read, path, given, problems)
    if kind is None:
        return None
    before = len(problems)
    whys = entries.texts(read, (*path, "why"), given["why"], problems)
    tags = entries.tags(read, (*path, "tags"), given.get("tags", ()), problems)
    try:
        reasons = {language: str(templates.fill(why, known)) for language, why in whys.items()}
        operation = _operation(kind, given[kind], reading)
    except pydantic.ValidationError as error:
        problems.extend(_explain(error, read, (*path, kind)))
        return None
    except (jinja2.TemplateError, errors.LabError) as error:
        where = read.locate((*path, kind))
        hint = error.hint if isinstance(error, errors.LabError) else _NAMES
        problems.append(read.problem(where, f"cannot be filled in: {error}", hint))
        return None
    if len(problems) > before or "en" not in reasons:
        return None
    origin = f"{read.file}:{read.locate(path).line}"
    every = dict.fromkeys((pathlib.Path(read.file).stem, kind, *tags))
    return Step(kind, operation, reasons["en"], origin, tuple(every), reasons)


def _kind(
    read: document.Document,
    path: tuple[str | int, ...],
    entry: dict[str, object],
    problems: list[errors.Problem],
) -> str | None:
    """Return the entry's kind; None when the entry is not `why` and one known kind."""
    keys = [key for key in entry if key not in entries.BESIDE]
    unknown = [key for key in keys if key not in operations.names()]
    if "why" in entry and len(keys) - len(unknown) == 1:
        choices = (*entries.BESIDE, *operations.names())
        for key in unknown:
            hint = words.nearest(key, choices, otherwise="keys are why, tags and one of:")
            where = read.locate_key((*path, key))
            problems.append(read.problem(where, f"unknown key {words.show(key)}", hint))
        return next(key for key in keys if key not in unknown)
    if len(keys) != 1 or "why" not in entry:
        message = "an operation has 'why' and one kind"
        hint = f"kinds are {words.one_of(sorted(operations.names()))}"
        problems.append(read.problem(read.locate(path), message, hint))
        return None
    hint = words.nearest(keys[0], operations.names(), otherwise="kinds are:")
    where = read.locate_key((*path, keys[0]))
    problems.append(read.problem(where, f"unknown operation {words.show(keys[0])}", hint))
    return None


def _operation(kind: str, arguments: object, reading: _Reading) -> base.AnyOperation:
    filled = templates.fill(arguments, reading.known)
    given = dict(cast("dict[str, object]", filled)) if isinstance(filled, dict) else {}
    if "template" in given and not isinstance(given["template"], document.Broken):
        # `template: NAME` is `content:` with the text of templates/NAME beside the profile.
        path = (
            pathlib.Path(reading.read.file).parent
            / "templates"
            / pathlib.PurePath(str(given.pop("template"))).name
        )
        if not path.is_file():
            raise errors.LabError(
                f"there is no template '{path.name}'", hint=f"templates are files in {path.parent}"
            )
        filled = {**given, "content": templates.render(reading.shelf.template(path), reading.known)}
    return operations.kind(kind).model_validate(filled)


def _explain(
    error: pydantic.ValidationError, read: document.Document, path: tuple[str | int, ...]
) -> Iterator[errors.Problem]:
    fields = sorted(operations.kind(str(path[-1])).model_fields)
    for detail in error.errors(include_url=False):
        inner = (*path, *detail["loc"])
        if read.is_broken(inner):
            continue  # it has been said what is wrong with the value
        name = str(detail["loc"][-1]) if detail["loc"] else ""
        if detail["type"] == "extra_forbidden":
            hint = words.nearest(name, fields, otherwise="keys are:")
            message = f"unknown key {words.show(name)}"
            yield read.problem(read.locate_key(inner), message, hint)
        else:
            text = detail["msg"].removeprefix("Value error, ")
            if detail["type"] == "model_type":
                text = "this is a mapping of keys to values"
            message = ": ".join(filter(None, (".".join(map(str, detail["loc"])), text)))
            yield read.problem(read.locate(inner), message, f"keys are {words.one_of(fields)}")
