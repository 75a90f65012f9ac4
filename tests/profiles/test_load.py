"""From profiles to operations."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

import pytest

from labkit import content, errors, operations, secret
from labkit.profiles import entry, load, shelf

if TYPE_CHECKING:
    from collections.abc import Callable

    from labkit.plan import model
    from labkit.ssh import keyring

_ROOT = pathlib.Path(__file__).parents[2]
_CASES = pathlib.Path(__file__).parents[1] / "cases" / "profiles"
_NAMES = sorted(file.stem for file in _CASES.glob("*.yml"))


@pytest.mark.parametrize("name", _NAMES)
def test_refused(name: str, refused: Callable[[str], str]) -> None:
    text = (_CASES / f"{name}.yml").read_text(encoding="utf-8")
    expected = (_CASES / f"{name}.expect").read_text(encoding="utf-8")
    assert refused(text) + "\n" == expected


def test_each_expectation_has_its_profile() -> None:
    assert len(_NAMES) >= 20
    assert sorted(file.stem for file in _CASES.glob("*.expect")) == _NAMES


@pytest.mark.parametrize("file", ["lab.yml", "examples/notes/lab.yml"])
def test_the_shipped_profiles_load_for_every_machine(
    file: str,
    plan_of: Callable[[str], model.Lab],
    make_keys: Callable[[model.Lab], keyring.Keyring],
    tmp_path: pathlib.Path,
) -> None:
    lab = plan_of((_ROOT / file).read_text(encoding="utf-8"))
    for machine in lab.machines:
        steps = load.steps(lab, machine, make_keys(lab), shelf.Shelf(tmp_path))
        assert {step.kind for step in steps} <= set(operations.kinds())
        names = [step.origin.rpartition(":")[0] for step in steps]
        folders = dict.fromkeys(pathlib.Path(name).parts[-2:] for name in names)
        own = [("provision", f"{profile}.yml") for profile in machine.profiles]
        cards = [("network", "nat.yml"), ("network", "hostonly.yml")]
        assert list(folders) == [own[0], *cards, *own[1:]]
        assert all(step.why and "{{" not in step.why for step in steps)


def test_every_shipped_profile_is_loaded_by_some_machine_or_role(
    plan_of: Callable[[str], model.Lab],
    make_keys: Callable[[model.Lab], keyring.Keyring],
    tmp_path: pathlib.Path,
) -> None:
    profiles = content.names(tmp_path, "provision")
    text = (
        "lab: all\nmachines:\n  m:\n    nat: 10.0.2.20\n    hostonly: 192.168.56.20\n"
        f"    profiles: [{', '.join(profiles)}]\n"
    )
    lab = plan_of(text)
    steps = load.steps(lab, lab.machines[0], make_keys(lab), shelf.Shelf(tmp_path))
    seen = {pathlib.Path(step.origin.rpartition(":")[0]).stem for step in steps}
    assert seen == {*profiles, "nat", "hostonly"}


def test_values_arrive_with_their_types(load_base: Callable[[str], tuple[load.Step, ...]]) -> None:
    steps = load_base(
        "operations:\n"
        "  - why: For {{ machine.name }}\n"
        "    hostname:\n"
        '      name: "{{ machine.name }}"\n'
        "  - why: Plain\n"
        "    hosts:\n"
        '      entries: "{{ hosts }}"\n'
        "  - why: Both\n"
        "    file:\n"
        "      path: /etc/{{ lab.name }}\n"
        '      content: "{ {{ machine.cpus }} }"\n'
    )
    assert [step.why for step in steps] == ["For k8s-master-01", "Plain", "Both"]
    assert [step.kind for step in steps] == ["hostname", "hosts", "file"]
    assert [step.origin.rpartition(":")[2] for step in steps] == ["2", "5", "8"]
    dumped = [step.operation.model_dump() for step in steps]
    assert dumped[0] == {"name": "k8s-master-01"}
    entries = {str(address): names for address, names in dumped[1]["entries"].items()}
    assert entries["192.168.56.51"] == ("ansible-01.lab.internal", "ansible-01")
    assert len(entries) == 4
    assert (dumped[2]["path"], dumped[2]["content"]) == ("/etc/k8s-manual", "{ 1 }")


def test_a_template_lies_beside_its_profile(
    load_base: Callable[[str], tuple[load.Step, ...]], tmp_path: pathlib.Path
) -> None:
    folder = tmp_path / "provision" / "templates"
    folder.mkdir(parents=True)
    text = "{% for each in lab.machines %}\n  {{ each.name }}\n{% endfor %}\n"
    (folder / "names.j2").write_text(text)
    # A template of another folder is out of reach: only the name counts.
    (tmp_path / "names.j2").write_text("outside")
    (step,) = load_base(
        "operations:\n  - why: x\n    file: {path: /etc/names, template: ../../names.j2}\n"
    )
    assert step.operation.model_dump()["content"] == (
        "  ansible-01\n  k8s-master-01\n  k8s-minion-01\n  k8s-minion-02\n"
    )


def test_a_secret_arrives_whole_and_shows_nowhere(
    load_base: Callable[[str], tuple[load.Step, ...]],
) -> None:
    (step,) = load_base(
        "operations:\n"
        "  - why: A key\n"
        "    file:\n"
        "      path: /root/key\n"
        '      content: "{{ keys.ansible.private }}"\n'
    )
    found = step.operation.model_dump()["content"]
    assert found == secret.Secret("PRIVATE-OF-ansible\n")
    for shown in (repr(step), str(step), repr(step.operation), str(step.operation)):
        assert "PRIVATE" not in shown


def test_no_step_of_the_default_lab_shows_a_secret(
    default_lab: model.Lab,
    make_keys: Callable[[model.Lab], keyring.Keyring],
    tmp_path: pathlib.Path,
) -> None:
    machine = default_lab.machine("ansible-01")
    steps = load.steps(default_lab, machine, make_keys(default_lab), shelf.Shelf(tmp_path))
    assert any("Secret(***)" in repr(step) for step in steps)
    assert "PRIVATE" not in repr(steps)
    changes = [change for step in steps if step.kind == "file"
               for change in step.operation.changes("")]  # fmt: skip
    assert len(changes) >= 4
    assert "PRIVATE" not in repr(changes)


def test_an_unknown_profile(
    plan_of: Callable[[str], model.Lab],
    make_keys: Callable[[model.Lab], keyring.Keyring],
    tmp_path: pathlib.Path,
) -> None:
    text = (
        "lab: x\nmachines:\n  m: {nat: 10.0.2.20, hostonly: 192.168.56.20, profiles: [ansibel]}\n"
    )
    lab = plan_of(text)
    with pytest.raises(errors.LabError) as caught:
        load.steps(lab, lab.machines[0], make_keys(lab), shelf.Shelf(tmp_path))
    assert caught.value.message == "there is no profile provision/ansibel.yml"
    assert caught.value.hint == "did you mean 'ansible'?"


def test_tags_are_the_profile_the_kind_and_what_the_entry_says(
    load_base: Callable[[str], tuple[load.Step, ...]],
) -> None:
    one, two = load_base(
        "operations:\n"
        "  - why: Plain\n    hostname: {name: a}\n"
        "  - why: Tagged\n    tags: [dns, base, dns]\n    hostname: {name: a}\n"
    )
    assert one.tags == ("base", "hostname")
    assert two.tags == ("base", "hostname", "dns")


def test_reasons_and_titles_in_several_languages(
    load_base: Callable[[str], tuple[load.Step, ...]],
) -> None:
    one, two = load_base(
        "title: {en: 'For {{ lab.name }}', ja: '{{ lab.name }}用'}\n"
        "operations:\n"
        "  - why: {en: 'On {{ machine.name }}', ja: '{{ machine.name }}では'}\n"
        "    hostname: {name: a}\n"
        "  - why: English only\n    hostname: {name: a}\n"
    )
    assert (one.why, one.reason("en"), one.reason("ja")) == (
        "On k8s-master-01",
        "On k8s-master-01",
        "k8s-master-01では",
    )
    assert (two.why, two.reason("ja")) == ("English only", "English only")
    assert (two.title("en"), two.title("ja")) == ("For k8s-manual", "k8s-manual用")


def test_a_profile_without_a_title_is_called_by_its_name(
    load_base: Callable[[str], tuple[load.Step, ...]],
) -> None:
    (step,) = load_base("operations:\n  - why: x\n    hostname: {name: a}\n")
    assert step.title("ja") == "provision/base"


def test_a_text_of_several_lines_arrives_as_it_is(
    load_base: Callable[[str], tuple[load.Step, ...]],
) -> None:
    (step,) = load_base(
        "operations:\n  - why: x\n    file:\n      path: /etc/motd\n"
        "      content: |\n        one\n        \ttwo {{ machine.name }}\n"
    )
    assert step.operation.model_dump()["content"] == "one\n\ttwo k8s-master-01\n"


@pytest.mark.parametrize("file", ["lab.yml", "examples/notes/lab.yml"])
def test_the_shipped_profiles_speak_every_language(
    file: str,
    plan_of: Callable[[str], model.Lab],
    make_keys: Callable[[model.Lab], keyring.Keyring],
    tmp_path: pathlib.Path,
) -> None:
    lab = plan_of((_ROOT / file).read_text(encoding="utf-8"))
    for machine in lab.machines:
        for step in load.steps(lab, machine, make_keys(lab), shelf.Shelf(tmp_path)):
            assert set(step.reasons) == set(step.titles) == set(entry.LANGUAGES), step.origin


def test_a_profile_that_is_no_text(
    tmp_path: pathlib.Path, load_base: Callable[[str], tuple[load.Step, ...]]
) -> None:
    path = tmp_path / "provision" / "base.yml"
    path.parent.mkdir()
    path.write_bytes(b"#" * (1 + 2**20))
    with pytest.raises(errors.LabError) as caught:
        load_base("#" * (1 + 2**20))
    assert caught.value.message == f"{path} is bigger than 1 MiB"
    assert caught.value.hint == "a profile is a few kilobytes; is this the right file?"
