"""Chapters: nothing is said twice, and every machine's own order holds."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

from labkit import families, operations
from labkit.explain import chapters
from labkit.profiles import load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labkit.explain import model
    from labkit.plan import model as plan

_ALL = ("ansible-01", "k8s-master-01", "k8s-minion-01", "k8s-minion-02")


def _step(path: str, origin: str, why: str = "It is so", **titles: str) -> load.Step:
    operation = operations.kinds()["directory"].model_validate({"path": path})
    reasons = {"en": why, "ja": f"{why}。"}
    return load.Step("directory", operation, why, origin, ("t",), reasons, titles)


def _chapters(
    steps: dict[str, Sequence[load.Step]], language: str = "en"
) -> tuple[model.Chapter, ...]:
    debian = families.of("debian")
    assert debian
    return chapters.chapters(steps, dict.fromkeys(steps, debian), language, {})


def test_the_default_lab(explain: Callable[..., model.Explanation]) -> None:
    found = explain()
    assert [(each.profile, each.machines) for each in found.chapters] == [
        ("provision/base", _ALL),
        ("network/nat", _ALL),
        ("network/hostonly", _ALL),
        ("provision/ansible", ("ansible-01",)),
    ]
    base = found.chapters[0]
    # What lab.yml leaves empty takes no command, and no step.
    kinds = [step.kind for step in base.steps]
    assert kinds == [
        "hostname", "hosts", "sysctl", "file", "selinux", "time_zone", "clock", "authorized_key",
    ]  # fmt: skip
    hostname, hosts = base.steps[:2]
    assert [variant.machines for variant in hostname.variants] == [(name,) for name in _ALL]
    assert [variant.machines for variant in hosts.variants] == [_ALL]
    assert hostname.tags == ("base", "hostname", "names")


def test_every_command_of_every_machine_is_there_in_its_order(
    explain: Callable[..., model.Explanation], default_lab: plan.Lab
) -> None:
    whole = explain()
    for name in _ALL:
        alone = explain(name)
        assert [each.variants[0].machines for each in alone.chapters[0].steps] == [(name,)] * 8
        typed = [variant.commands for variant in _variants(alone)]
        shared = [each.commands for each in _variants(whole) if name in each.machines]
        assert typed == shared
    assert default_lab.machines[0].name == _ALL[0]


def _variants(explanation: model.Explanation) -> list[model.Variant]:
    steps = itertools.chain.from_iterable(each.steps for each in explanation.chapters)
    return list(itertools.chain.from_iterable(step.variants for step in steps))


def test_machines_with_the_same_commands_stand_together() -> None:
    one, two = _step("/a", "p/x.yml:1"), _step("/b", "p/x.yml:1")
    (chapter,) = _chapters({"m1": [one], "m2": [two], "m3": [one]})
    (step,) = chapter.steps
    assert [(each.machines, each.commands[0]) for each in step.variants] == [
        (("m1", "m3"), "mkdir -p /a"),
        (("m2",), "mkdir -p /b"),
    ]


def test_another_reason_is_another_step() -> None:
    (chapter,) = _chapters(
        {"m1": [_step("/a", "p/x.yml:1", "One")], "m2": [_step("/a", "p/x.yml:1", "Two")]}
    )
    assert [step.reason for step in chapter.steps] == ["One", "Two"]


def test_orders_of_machines_are_merged() -> None:
    a, b, c = (_step(f"/{name}", f"p/{name}.yml:1") for name in "abc")
    found = _chapters({"m1": [a, c], "m2": [a, b, c], "m3": [b]})
    assert [chapter.profile for chapter in found] == ["p/a", "p/b", "p/c"]
    assert [chapter.machines for chapter in found] == [("m1", "m2"), ("m2", "m3"), ("m1", "m2")]


def test_reasons_and_titles_in_a_language() -> None:
    step = _step("/a", "p/x.yml:1", en="Folders", ja="ディレクトリ")
    (english,), (japanese,) = _chapters({"m": [step]}), _chapters({"m": [step]}, "ja")
    assert (english.title, english.steps[0].reason) == ("Folders", "It is so")
    assert (japanese.title, japanese.steps[0].reason) == ("ディレクトリ", "It is so。")
    bare = dataclasses.replace(step, titles={}, reasons={})
    (chapter,) = _chapters({"m": [bare]}, "ja")
    assert (chapter.title, chapter.steps[0].reason) == ("p/x", "It is so")


def test_a_profile_that_takes_no_command_is_no_chapter() -> None:
    nothing = operations.kinds()["packages"].model_validate({})
    step = load.Step("packages", nothing, "None", "p/x.yml:1")
    assert _chapters({"m": [step]}) == ()
