"""Fetching a vendor's image, over file://, which takes the same way as https://."""

from __future__ import annotations

import hashlib
import http.server
import platform
import threading
from typing import TYPE_CHECKING

import pytest

from labkit import errors
from labkit.images import catalog, cloud

if TYPE_CHECKING:
    import pathlib

CONTENT = b"QFI\xfb" + bytes(range(256)) * 9000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def recipe(url: str, digest: str = DIGEST) -> catalog.CloudRecipe:
    return catalog.CloudRecipe.model_validate(
        {"kind": "cloud", "user": "alma", "files": {"x86_64": {"url": url, "sha256": digest}}}
    )


@pytest.fixture(autouse=True)
def x86_64(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")


@pytest.fixture
def vendor(tmp_path: pathlib.Path) -> pathlib.Path:
    file = tmp_path / "vendor.qcow2"
    file.write_bytes(CONTENT)
    return file


@pytest.fixture
def work(tmp_path: pathlib.Path) -> pathlib.Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def refused(given: catalog.CloudRecipe, work: pathlib.Path) -> errors.LabError:
    with pytest.raises(errors.LabError) as caught:
        cloud.fetch(given, work, lambda _text: None)
    assert list(work.iterdir()) == []
    return caught.value


def test_the_right_file_is_kept(vendor: pathlib.Path, work: pathlib.Path) -> None:
    said: list[str] = []
    cloud.fetch(recipe(vendor.as_uri()), work, said.append)
    assert (work / "disk.qcow2").read_bytes() == CONTENT
    assert said == [f"fetching {vendor.as_uri()}"]


def test_progress_is_told(
    vendor: pathlib.Path, work: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(cloud, "EVERY", 0.0)
    cloud.fetch(recipe(vendor.as_uri()), work, said.append)
    assert said[1:] == [f"fetched {done} of 2 MiB" for done in (1, 2, 2)]


def test_another_digest_names_both(vendor: pathlib.Path, work: pathlib.Path) -> None:
    error = refused(recipe(vendor.as_uri(), "0" * 64), work)
    assert error.message == (
        f"{vendor.as_uri()} is not the file that the catalogue means:\n"
        f"    expected sha256 {'0' * 64}\n    found    sha256 {DIGEST}"
    )
    assert error.hint == (
        "fetch again in case it broke off; if the vendor replaced the file, put the new digest "
        "into images/NAME.yml beside lab.yml"
    )


def test_a_truncated_file_has_another_digest(vendor: pathlib.Path, work: pathlib.Path) -> None:
    vendor.write_bytes(CONTENT[:-1])
    assert (
        "is not the file that the catalogue means" in refused(recipe(vendor.as_uri()), work).message
    )


def test_a_missing_file(tmp_path: pathlib.Path, work: pathlib.Path) -> None:
    url = (tmp_path / "no.qcow2").as_uri()
    error = refused(recipe(url), work)
    assert error.message.startswith(f"cannot fetch {url}: ")
    assert "No such file or directory" in error.message


def test_a_directory(tmp_path: pathlib.Path, work: pathlib.Path) -> None:
    url = tmp_path.as_uri()
    assert refused(recipe(url), work).message.startswith(f"cannot fetch {url}: ")


def test_what_is_no_qcow2(vendor: pathlib.Path, work: pathlib.Path) -> None:
    vendor.write_bytes(b"<html>")
    error = refused(recipe(vendor.as_uri(), hashlib.sha256(b"<html>").hexdigest()), work)
    assert error.message == f"{vendor.as_uri()} is not a qcow2 file"


def test_another_processor(work: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    error = refused(recipe("https://vendor.test/x"), work)
    assert error.message == "this image does not exist for riscv64"
    assert error.hint == "there are files for: x86_64"


class BrokenOff(http.server.BaseHTTPRequestHandler):
    """Promises more than it sends."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[:100_000])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        pass


def test_a_connection_that_breaks_off(work: pathlib.Path) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), BrokenOff) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        file = catalog.CloudFile.model_construct(
            url=f"http://127.0.0.1:{server.server_port}/x", sha256=DIGEST
        )
        with pytest.raises(errors.LabError, match="is not the file that the catalogue means"):
            cloud.download(file, work / "disk.qcow2", lambda _text: None)
        thread.join()
