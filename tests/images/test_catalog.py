"""The catalogue of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labkit import errors
from labkit.images import catalog, listing

if TYPE_CHECKING:
    import pathlib

CLOUD = """\
kind: cloud
user: alma
files:
  x86_64:
    url: https://example.test/disk.qcow2
    sha256: "{digest}"
"""


def lab(folder: pathlib.Path, name: str, text: str) -> pathlib.Path:
    (folder / "images").mkdir(exist_ok=True)
    (folder / "images" / name).write_text(text, encoding="utf-8")
    return folder


def fault(folder: pathlib.Path, text: str) -> str:
    with pytest.raises(errors.LabError) as caught:
        catalog.get("mine", folder=lab(folder, "mine.yml", text))
    assert caught.value.exit_code is errors.ExitCode.COULD_NOT_RUN
    return caught.value.message.replace(str(folder / "images"), "")


def test_what_is_shipped() -> None:
    assert listing.names() == ("almalinux-9", "debian-12")


@pytest.mark.parametrize("name", listing.names())
def test_every_shipped_image_is_valid(name: str) -> None:
    assert catalog.get(name).kind in {"cloud", "debian"}


def test_the_cloud_image_is_pinned_for_both_processors() -> None:
    recipe = catalog.get("almalinux-9")
    assert isinstance(recipe, catalog.CloudRecipe)
    assert sorted(recipe.files) == ["aarch64", "x86_64"]
    for machine, file in recipe.files.items():
        assert file.url.endswith(f"-20251118.{machine}.qcow2")


def test_a_lab_folder_adds_and_replaces(tmp_path: pathlib.Path) -> None:
    lab(tmp_path, "mine.yml", CLOUD.format(digest="a" * 64))
    lab(tmp_path, "debian-12.yml", CLOUD.format(digest="b" * 64))
    assert listing.names(folder=tmp_path) == ("almalinux-9", "debian-12", "mine")
    assert catalog.get("mine", folder=tmp_path).user == "alma"
    assert catalog.get("debian-12", folder=tmp_path).kind == "cloud"
    assert catalog.get("debian-12").kind == "debian"


def test_a_folder_without_images_adds_nothing(tmp_path: pathlib.Path) -> None:
    assert listing.names(folder=tmp_path) == listing.names()


def test_an_unknown_name_comes_with_the_nearest() -> None:
    with pytest.raises(errors.LabError) as caught:
        catalog.get("debian12")
    assert caught.value.message == "there is no image 'debian12'"
    assert caught.value.hint == (
        "did you mean debian-12? there are: almalinux-9, debian-12; "
        "a file images/NAME.yml beside lab.yml adds one"
    )


def test_a_name_is_no_path() -> None:
    with pytest.raises(errors.LabError, match=r"^there is no image '\.\./catalog/debian-12'$"):
        catalog.get("../catalog/debian-12")


def test_a_digest_must_be_one(tmp_path: pathlib.Path) -> None:
    assert fault(tmp_path, CLOUD.format(digest="abc")) == (
        "/mine.yml: cloud.files.x86_64.sha256: String should match pattern '^[0-9a-f]{64}$'"
    )


def test_plain_http_is_refused(tmp_path: pathlib.Path) -> None:
    text = CLOUD.format(digest="a" * 64).replace("https:", "http:")
    assert fault(tmp_path, text).startswith("/mine.yml: cloud.files.x86_64.url: ")


def test_all_faults_are_named_at_once(tmp_path: pathlib.Path) -> None:
    text = CLOUD.format(digest="a" * 64).replace("user: alma", "usr: alma")
    assert fault(tmp_path, text).splitlines() == [
        "/mine.yml: cloud.user: Field required",
        "/mine.yml: cloud.usr: Extra inputs are not permitted",
    ]


def test_no_yaml(tmp_path: pathlib.Path) -> None:
    assert fault(tmp_path, "kind: [").startswith("/mine.yml: cannot be read as YAML: ")


def test_an_unknown_kind(tmp_path: pathlib.Path) -> None:
    assert fault(tmp_path, "kind: vhd\n") == (
        "/mine.yml: the file: Input tag 'vhd' found using 'kind' does not match any of the "
        "expected tags: 'debian', 'cloud'"
    )


@pytest.mark.parametrize("package", ["-y", "a b", "a,b", "$(id)", "./x.deb"])
def test_a_package_is_a_package_name(tmp_path: pathlib.Path, package: str) -> None:
    text = (listing.SHIPPED / "debian-12.yml").read_text(encoding="utf-8")
    changed = text.replace("  - kmod\n", f'  - "{package}"\n')
    assert changed != text
    assert "String should match pattern" in fault(tmp_path, changed)
