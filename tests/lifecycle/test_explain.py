"""Explaining makes nothing, and asks nobody."""

from __future__ import annotations

import pathlib
import socket
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from labkit import errors
from labkit.explain import json as rendering
from labkit.lifecycle import explain
from labkit.ssh import keyring

if TYPE_CHECKING:
    from labkit.lifecycle import context


def _typed(lab: context.Context, *names: str, own_keys: bool = True) -> str:
    found = explain.explain(lab, lab.choose(names), "en", own_keys=own_keys)
    return rendering.render(found)


def test_nothing_is_made_and_nobody_is_asked(
    opened: context.Context, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:  # noqa: ANN401
        pytest.fail("explain may only read")

    for owner, name in ((subprocess.Popen, "__init__"), (socket.socket, "connect"),
                        (pathlib.Path, "mkdir"), (pathlib.Path, "write_text")):  # fmt: skip
        monkeypatch.setattr(owner, name, refuse)
    assert "hostnamectl set-hostname ansible-01" in _typed(opened)
    assert [file.name for file in folder.iterdir()] == ["lab.yml"]


def test_keys_that_are_there_are_shown_by_their_public_halves(opened: context.Context) -> None:
    before = explain.explain(opened, opened.lab.machines, "en")
    assert before.stand_ins == (
        "<public key of Ansible>",
        *(f"<host key of {machine.name}>" for machine in opened.lab.machines),
    )
    opened.space.make()
    ring = keyring.ensure(opened.lab, opened.space)
    after = explain.explain(opened, opened.lab.machines, "en")
    assert after.stand_ins == ()
    typed = rendering.render(after)
    assert ring.ansible.public in typed
    assert all(" ".join(pair.public.split()[:2]) in typed for pair in ring.hosts.values())
    secrets = [ring.ansible.private, ring.login.private, *(p.private for p in ring.hosts.values())]
    for private in secrets:
        assert not [line for line in private.reveal().splitlines()[1:-1] if line in typed]
    assert ring.ansible.public not in _typed(opened, own_keys=False)


def test_stand_ins_are_those_that_the_commands_show(opened: context.Context) -> None:
    found = explain.explain(opened, opened.choose(["k8s-master-01"]), "ja")
    assert found.stand_ins == ("<Ansibleの公開鍵>",)


def test_secrets_of_the_lab_are_not_even_read(folder: pathlib.Path) -> None:
    from labkit.lifecycle import context as contexts  # noqa: PLC0415 - the module, not the type

    text = (folder / "lab.yml").read_text(encoding="utf-8")
    asked = "secrets:\n  token: {env: LABKIT_TEST_NO_SUCH_VARIABLE}\n"
    (folder / "lab.yml").write_text(text + asked, encoding="utf-8")
    (folder / "provision").mkdir()
    (folder / "provision" / "base.yml").write_text(
        "operations:\n  - why: A token\n    file:\n      path: /root/token\n"
        '      mode: "0600"\n      content: "{{ secrets.token }}"\n',
        encoding="utf-8",
    )
    opened = contexts.open_lab(folder / "lab.yml")
    (step,) = explain.explain(opened, opened.choose(["k8s-master-01"]), "en").chapters[0].steps
    assert step.variants[0].commands == (
        "[ -e /root/token ] || install -m 0600 -o root /dev/null /root/token",
        "# vi /root/token",
        "chmod 0600 /root/token",
    )


@pytest.mark.parametrize(
    ("image", "kind", "name"),
    [
        ("debian-12", "", "debian"),
        ("almalinux-9", "", "el"),
        ("rocky-9", "cloud", "el"),
        ("my-image", "debian", "debian"),
        ("classroom", "almalinux", "el"),
    ],
)
def test_family(tmp_path: pathlib.Path, image: str, kind: str, name: str) -> None:
    _image(tmp_path, image, kind)
    assert explain.family(image, tmp_path).name == name


def test_no_family(tmp_path: pathlib.Path) -> None:
    _image(tmp_path, "plan9-4", "cloud")
    with pytest.raises(errors.LabError) as caught:
        explain.family("plan9-4", tmp_path)
    assert caught.value.message == "nothing says which distribution the image 'plan9-4' is of"
    assert caught.value.hint == (
        "let its name begin with one of: almalinux, centos, debian, fedora, rhel, rocky, ubuntu"
    )


def _image(folder: pathlib.Path, name: str, kind: str) -> None:
    """Write an image that is built, or fetched and logged in to as the user of that name."""
    if not kind:
        return
    (folder / "images").mkdir()
    text = (
        f"kind: cloud\nuser: {kind}\nfiles:\n  x86_64:\n    url: https://images.example/x.qcow2\n"
        f"    sha256: '{'0' * 64}'\n"
    )
    if kind == "debian":
        root = pathlib.Path(__file__).parents[2] / "labkit" / "images" / "catalog"
        text = (root / "debian-12.yml").read_text(encoding="utf-8")
    (folder / "images" / f"{name}.yml").write_text(text, encoding="utf-8")
