from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from labkit import errors, secret
from labkit.plan import model
from labkit.secrets import env, store

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

TOKEN = "TEST_SECRETS_STORE_TOKEN"  # noqa: S105 - a variable's name
SOURCES = {
    "token": model.SecretSource("env", TOKEN),
    "exam": model.SecretSource("file", "exam.key"),
    "admin": model.SecretSource("keyring", "admin", "labkit"),
}


@pytest.fixture(autouse=True)
def _none_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, "_TAKEN", {})
    monkeypatch.delenv(TOKEN, raising=False)


@pytest.fixture
def made(tmp_path: pathlib.Path) -> store.Store:
    return store.Store(SOURCES, tmp_path)


@pytest.fixture
def machine(default_lab: model.Lab) -> Callable[[str | None], model.Machine]:
    return lambda name: dataclasses.replace(default_lab.machines[0], sudo_password=name)


def _refused(made: store.Store, name: str) -> tuple[str, str]:
    with pytest.raises(errors.LabError) as caught:
        made[name]
    return caught.value.message, caught.value.hint


def test_each_source(
    made: store.Store, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, "from the environment")
    (tmp_path / "exam.key").touch(mode=0o600)
    (tmp_path / "exam.key").write_text("from a file\n")
    asked: list[tuple[str, str]] = []

    def keyring(service: str, user: str) -> str:
        asked.append((service, user))
        return "from the keyring"

    monkeypatch.setattr(store.keyring, "read", keyring)
    assert made["token"] == secret.Secret("from the environment")
    assert made["exam"] == secret.Secret("from a file\n")
    assert made["admin"] == made["admin"] == secret.Secret("from the keyring")
    assert asked == [("labkit", "admin")], "a keyring may ask the person: once is enough"


def test_an_error_names_the_secret(made: store.Store) -> None:
    assert _refused(made, "token") == (
        f"the secret 'token' cannot be read: the environment variable {TOKEN} is not set",
        f"set it, without a trace in the shell's history: read -rs {TOKEN}; export {TOKEN}",
    )


@pytest.mark.parametrize("value", ["", " ", "\n"])
def test_empty(value: str, made: store.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, value)
    assert _refused(made, "token") == ("the secret 'token' is empty", "set it to something")


def test_unknown(made: store.Store, tmp_path: pathlib.Path) -> None:
    assert _refused(made, "tokn") == ("lab.yml has no secret 'tokn'", "did you mean 'token'?")
    assert _refused(made, "\x1b[2J") == (
        "lab.yml has no secret '\\x1b[2J'",
        "its secrets are: admin, exam, token",
    )
    none = store.Store({}, tmp_path)
    assert _refused(none, "token") == ("lab.yml has no secret 'token'", "add it under 'secrets:'")


def test_blind(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blind = store.Store(SOURCES, tmp_path, blind=True)
    assert blind["exam"] == secret.Secret("(the secret exam)")
    monkeypatch.setenv(TOKEN, "from the environment")
    assert blind["token"] == secret.Secret("(the secret token)")
    assert _refused(blind, "tokn") == ("lab.yml has no secret 'tokn'", "did you mean 'token'?")


def test_shows_names_only(made: store.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "planted")
    assert made["token"].reveal() == "planted"
    assert repr(made) == str(made) == "Store(token, exam, admin)"


def test_variables() -> None:
    assert store.variables(SOURCES) == (TOKEN,)


def test_no_sudo_password(
    made: store.Store, machine: Callable[[str | None], model.Machine]
) -> None:
    assert store.sudo_password(made, machine(None)) is None


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_sudo_password_is_without_its_line_end(
    end: str,
    made: store.Store,
    tmp_path: pathlib.Path,
    machine: Callable[[str | None], model.Machine],
) -> None:
    (tmp_path / "exam.key").touch(mode=0o600)
    (tmp_path / "exam.key").write_bytes(f" a b {end}".encode())
    assert store.sudo_password(made, machine("exam")) == secret.Secret(" a b ")


@pytest.mark.parametrize("text", ["a\nb", "a\rb\n", "a\n\n"])
def test_a_sudo_password_is_one_line(
    text: str,
    made: store.Store,
    monkeypatch: pytest.MonkeyPatch,
    machine: Callable[[str | None], model.Machine],
) -> None:
    monkeypatch.setenv(TOKEN, text)
    with pytest.raises(errors.LabError) as caught:
        store.sudo_password(made, machine("token"))
    assert (caught.value.message, caught.value.hint) == (
        "the secret 'token' has several lines, and a password is one",
        "is it the right one for sudo_password?",
    )
