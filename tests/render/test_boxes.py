from __future__ import annotations

import platform
import re
from typing import TYPE_CHECKING

import pytest

from labkit import errors
from labkit.render import boxes

if TYPE_CHECKING:
    import pathlib

BOX = """\
debian-12:
  virtualbox:
    x86_64:
      name: lab/debian
"""


def test_another_url_has_another_name() -> None:
    # Vagrant takes a box that it has by name and never looks at the url again.
    urls: dict[tuple[str, str, str], set[str | None]] = {}
    for providers in boxes.load().values():
        for provider, architectures in providers.items():
            for architecture, box in architectures.items():
                urls.setdefault((box.name, provider, architecture), set()).add(box.url)
    assert {key: found for key, found in urls.items() if len(found) > 1} == {}


@pytest.mark.parametrize("image", ["almalinux-9", "debian-12"])
def test_every_shipped_image_has_a_box_for_virtualbox(image: str) -> None:
    box = boxes.find(boxes.load(), image, "virtualbox", "x86_64")
    assert box.url is not None
    assert "/providers/virtualbox/amd64/" in box.url


def test_reads_a_digest_and_a_local_file(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "boxes.yml"
    path.write_text(f"{BOX}      url: file:///srv/debian.box\n      sha256: {'0a' * 32}\n")
    box = boxes.find(boxes.load(path), "debian-12", "virtualbox", "x86_64")
    assert box == boxes.Box("lab/debian", "file:///srv/debian.box", "0a" * 32)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("sha256: abc", "sha256: String should match pattern '^[0-9a-f]{64}$'"),
        ("url: http://a/b", r"url: String should match pattern '^(https|file)://\S+$'"),
        ("sha512: abc", "sha512: Unexpected keyword argument"),
    ],
)
def test_refuses_what_it_does_not_know(tmp_path: pathlib.Path, line: str, message: str) -> None:
    path = tmp_path / "boxes.yml"
    path.write_text(f"{BOX}      {line}\n")
    with pytest.raises(errors.LabError) as caught:
        boxes.load(path)
    assert caught.value.message == f"{path}: debian-12.virtualbox.x86_64.{message}"
    assert caught.value.hint == f"the comment at the top of {boxes.SHIPPED} says what belongs here"


def test_refuses_what_is_no_yaml(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "boxes.yml"
    path.write_text("a: [")
    with pytest.raises(errors.LabError, match=f"^{re.escape(str(path))} is no YAML: "):
        boxes.load(path)


def test_says_which_images_have_a_box(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "boxes.yml"
    path.write_text(BOX)
    with pytest.raises(errors.ProviderError) as caught:
        boxes.find(boxes.load(path), "plan9", "virtualbox", "x86_64")
    assert caught.value.message == (
        "no Vagrant box is known for image plan9 with virtualbox on x86_64"
    )
    assert caught.value.hint == "images with such a box: debian-12; add yours to boxes.yml"


@pytest.mark.parametrize(
    ("machine", "architecture"),
    [("AMD64", "x86_64"), ("x86_64", "x86_64"), ("arm64", "aarch64"), ("aarch64", "aarch64")],
)
def test_names_the_architecture_as_linux_does(
    monkeypatch: pytest.MonkeyPatch, machine: str, architecture: str
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert boxes.host_architecture() == architecture
