from __future__ import annotations

import os
import subprocess
import sys

import pytest

from labkit import errors
from labkit.secrets import env

NAME = "TEST_SECRETS_ENV_TOKEN"


@pytest.fixture(autouse=True)
def _none_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, "_TAKEN", {})
    monkeypatch.delenv(NAME, raising=False)


def test_not_set() -> None:
    with pytest.raises(errors.LabError) as caught:
        env.read(NAME)
    assert caught.value.message == f"the environment variable {NAME} is not set"
    assert caught.value.hint == (
        f"set it, without a trace in the shell's history: read -rs {NAME}; export {NAME}"
    )


def test_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "a b\n")
    assert env.read(NAME) == "a b\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows' environment is text")
def test_not_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, os.fsdecode(b"key \xff"))
    with pytest.raises(errors.LabError) as caught:
        env.read(NAME)
    assert caught.value.message == f"the environment variable {NAME} is not UTF-8 text"
    assert caught.value.hint == "set it to text"


def test_what_was_taken_is_not_inherited_and_can_still_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(NAME, "planted")
    env.take([NAME, f"{NAME}_NOT_SET"])
    program = f"import os; print({NAME!r} in os.environ)"
    child = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert child.stdout == "False\n"
    assert env.held() == ("planted",)
    assert env.read(NAME) == "planted"


def test_a_new_value_replaces_the_one_that_was_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "old")
    env.take([NAME])
    monkeypatch.setenv(NAME, "new")
    assert env.read(NAME) == "new"
    env.take([NAME])
    assert env.read(NAME) == "new"
