"""From the steps of each machine to chapters, in which nothing is said twice."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import TYPE_CHECKING

from labkit.explain import model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labkit.families import base as family_base
    from labkit.profiles import load


@dataclasses.dataclass(slots=True)
class _Entry:
    """One entry of a profile, and the machines that share each way to it."""

    step: load.Step
    reason: str
    ways: dict[tuple[str, ...], list[str]]


def chapters(
    steps: Mapping[str, Sequence[load.Step]],
    families: Mapping[str, family_base.Family],
    language: str,
    stand_ins: Mapping[str, str],
) -> tuple[model.Chapter, ...]:
    """Return one chapter a profile, in the order in which every machine goes through them.

    Args:
        steps: Of each machine.
        families: Of each machine.
        language: Of the reasons and titles.
        stand_ins: Texts in commands, and what is shown in their places.
    """
    profiles: dict[str, dict[tuple[str, str], _Entry]] = {}
    members: dict[str, list[str]] = {}
    for profile in _order([[_profile(each) for each in found] for found in steps.values()]):
        profiles[profile], members[profile] = {}, []
    for machine, found in steps.items():
        for step in found:
            profile, reason = _profile(step), step.reason(language)
            fresh = _Entry(step, reason, {})
            entry = profiles[profile].setdefault((step.origin, reason), fresh)
            if machine not in members[profile]:
                members[profile].append(machine)
            typed = step.operation.manual(families[machine])
            commands = tuple(_shown(each, stand_ins) for each in typed)
            entry.ways.setdefault(commands, []).append(machine)
    return tuple(
        model.Chapter(
            profile=profile,
            title=next(iter(entries.values())).step.title(language),
            machines=tuple(members[profile]),
            steps=tuple(told for entry in entries.values() if (told := _told(entry)).variants),
        )
        for profile, entries in profiles.items()
        if any(any(entry.ways) for entry in entries.values())
    )


def _told(entry: _Entry) -> model.Step:
    variants = tuple(
        model.Variant(tuple(machines), commands)
        for commands, machines in entry.ways.items()
        if commands
    )
    return model.Step(entry.step.kind, entry.step.tags, entry.reason, variants)


def _profile(step: load.Step) -> str:
    path = pathlib.Path(step.origin.rpartition(":")[0])
    return "/".join(path.with_suffix("").parts[-2:])


def _order(machines: Sequence[Sequence[str]]) -> list[str]:
    """Merge the machines' orders: what follows a profile somewhere stands after it."""
    merged: list[str] = []
    for profiles in machines:
        place = 0
        for profile in dict.fromkeys(profiles):
            if profile in merged:
                place = merged.index(profile) + 1
            else:
                merged.insert(place, profile)
                place += 1
    return merged


def _shown(command: str, stand_ins: Mapping[str, str]) -> str:
    for key, words in stand_ins.items():
        command = command.replace(key, words)
    return command
