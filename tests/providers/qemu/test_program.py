"""Programs that end, well or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labkit import errors
from labkit.providers.qemu import program

if TYPE_CHECKING:
    import pathlib


def test_what_it_printed(tmp_path: pathlib.Path) -> None:
    assert program.run(["sh", "-c", "pwd; echo no >&2"], cwd=tmp_path) == f"{tmp_path}\n"


def test_a_program_that_fails(tmp_path: pathlib.Path) -> None:
    script = tmp_path / "qemu-img"
    script.write_text("#!/bin/sh\necho warning >&2\necho 'no space left' >&2\nexit 3\n")
    script.chmod(0o755)
    with pytest.raises(errors.ProviderError) as caught:
        program.run([str(script), "create"])
    assert caught.value.message == f"{script} ended with status 3: warning\nno space left"


def test_a_file_that_it_finds_open(tmp_path: pathlib.Path) -> None:
    strange = tmp_path / "it's $(here)"
    strange.write_text("text")
    words = ["sh", "-c", 'cat <&7; echo " $1"', "sh", "a b"]
    assert program.run(words, descriptor=(7, strange)) == "text a b\n"
    with pytest.raises(errors.ProviderError, match=r"^sh ended with status "):
        program.run(words, descriptor=(7, tmp_path / "absent"))
