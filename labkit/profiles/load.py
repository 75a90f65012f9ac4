"""From the profiles of a machine to its operations, in the order in which they are applied."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import TYPE_CHECKING, cast

import jinja2
import pydantic

from labkit import content, errors, operations
from labkit.profiles import templates, values
from labkit.spec import document, source, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.operations import base
    from labkit.plan import model
    from labkit.ssh import keyring

_BESIDE = frozenset({"why"})
"""Keys of an entry beside the one that names its kind."""


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One operation of a machine, and why it is there."""

    kind: str
    operation: base.AnyOperation
    why: str
    origin: str
    """File and line, as editors open them."""

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
    lab: model.Lab, machine: model.Machine, keys: keyring.Keyring, folder: pathlib.Path
) -> tuple[Step, ...]:
    """Return the steps for a machine: its profiles, its cards after the first of them.

    Raises:
        errors.FileError: A profile is wrong; carries all of its problems.
        errors.LabError: A profile does not exist.
    """
    known = values.of(lab, machine, keys)
    first, *others = machine.profiles
    found = list(_profile(folder, "provision", first, known))
    for nic in machine.nics:
        found += _profile(folder, "network", nic.kind, {**known, "nic": nic})
    for profile in others:
        found += _profile(folder, "provision", profile, known)
    return tuple(found)


def _profile(folder: pathlib.Path, kind: str, name: str, known: values.Values) -> tuple[Step, ...]:
    path = content.find(folder, kind, f"{name}.yml")
    if path is None:
        names = content.names(folder, kind)
        raise errors.LabError(
            f"there is no profile {kind}/{name}.yml",
            hint=words.nearest(name, names, otherwise="there are:"),
        )
    read = document.compose(source.read(path), str(path))
    problems = list(read.problems)
    found: list[Step] = []
    for index, entry in enumerate(_entries(read, problems)):
        step = _step(read, index, entry, known, problems)
        if step:
            found.append(step)
    if problems:
        raise errors.FileError(problems)
    return tuple(found)


def _entries(read: document.Document, problems: list[errors.Problem]) -> tuple[object, ...]:
    data = cast("dict[str, object]", read.data)
    for key in data:
        if key != "operations":
            hint = "a profile has the one key 'operations'"
            problems.append(
                read.problem(read.locate_key((key,)), f"unknown key {words.show(key)}", hint)
            )
    entries = data.get("operations", ())
    if not isinstance(entries, tuple):
        where = read.locate(("operations",))
        problems.append(read.problem(where, "'operations' is a list", "begin each with '- why:'"))
        return ()
    return cast("tuple[object, ...]", entries)


def _step(
    read: document.Document,
    index: int,
    entry: object,
    known: values.Values,
    problems: list[errors.Problem],
) -> Step | None:
    path = ("operations", index)
    where = read.locate(path)
    keys = (
        [key for key in cast("dict[str, object]", entry) if key not in _BESIDE]
        if isinstance(entry, dict)
        else []
    )
    if len(keys) != 1 or "why" not in cast("dict[str, object]", entry):
        message = "an operation has 'why' and one kind"
        hint = f"kinds are {words.one_of(sorted(operations.kinds()))}"
        problems.append(read.problem(where, message, hint))
        return None
    kind = keys[0]
    if kind not in operations.kinds():
        hint = words.nearest(kind, operations.kinds(), otherwise="kinds are:")
        where = read.locate_key((*path, kind))
        problems.append(read.problem(where, f"unknown operation {words.show(kind)}", hint))
        return None
    arguments = cast("dict[str, object]", entry)[kind]
    try:
        why = str(templates.fill(cast("dict[str, object]", entry)["why"], known))
        operation = _operation(kind, arguments, known, pathlib.Path(read.file))
    except pydantic.ValidationError as error:
        problems.extend(_explain(error, read, (*path, kind)))
        return None
    except (jinja2.TemplateError, errors.LabError) as error:
        where = read.locate((*path, kind))
        names = "names are: lab, machine, nic (network/ only), keys, hosts, known_hosts"
        hint = error.hint if isinstance(error, errors.LabError) else names
        problems.append(read.problem(where, f"cannot be filled in: {error}", hint))
        return None
    return Step(kind, operation, why, f"{read.file}:{where.line}")


def _operation(
    kind: str, arguments: object, known: values.Values, profile: pathlib.Path
) -> base.AnyOperation:
    filled = templates.fill(arguments, known)
    if isinstance(filled, dict) and "template" in filled:
        # `template: NAME` is `content:` with the text of templates/NAME beside the profile.
        given = dict(cast("dict[str, object]", filled))
        path = profile.parent / "templates" / pathlib.PurePath(str(given.pop("template"))).name
        if not path.is_file():
            raise errors.LabError(
                f"there is no template '{path.name}'", hint=f"templates are files in {path.parent}"
            )
        filled = {**given, "content": templates.render(source.read(path), known)}
    return operations.kinds()[kind].model_validate(filled)


def _explain(
    error: pydantic.ValidationError, read: document.Document, path: tuple[str | int, ...]
) -> Iterator[errors.Problem]:
    fields = sorted(operations.kinds()[str(path[-1])].model_fields)
    for detail in error.errors(include_url=False):
        inner = (*path, *detail["loc"])
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
