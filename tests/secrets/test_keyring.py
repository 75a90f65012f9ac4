"""The user's keyring: the real package with a keyring of the test's own, and ways to have none."""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

import pytest

from labkit import errors
from labkit.secrets import keyring

if TYPE_CHECKING:
    from collections.abc import Generator


def _refused(service: str = "labkit", user: str = "admin") -> tuple[str, str]:
    with pytest.raises(errors.LabError) as caught:
        keyring.read(service, user)
    return caught.value.message, caught.value.hint


def test_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)  # what makes an import fail
    assert _refused() == (
        "the Python package keyring is not installed",
        "pip install 'labkit[keyring]'",
    )


class _Error(Exception):
    """Stands for keyring.errors.KeyringError."""


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str | Exception]:
    """Put a keyring of entries in the place of the package; an exception is raised."""
    entries: dict[tuple[str, str], str | Exception] = {}

    def get_password(service: str, user: str) -> str | None:
        found = entries.get((service, user))
        if isinstance(found, Exception):
            raise found
        return found

    package, failures = types.ModuleType("keyring"), types.ModuleType("keyring.errors")
    vars(package)["get_password"] = get_password
    vars(failures)["KeyringError"] = _Error
    monkeypatch.setitem(sys.modules, "keyring", package)
    monkeypatch.setitem(sys.modules, "keyring.errors", failures)
    return entries


def test_an_entry(fake: dict[tuple[str, str], str | Exception]) -> None:
    fake["labkit", "admin"] = "planted"
    assert keyring.read("labkit", "admin") == "planted"


def test_no_entry(fake: dict[tuple[str, str], str | Exception]) -> None:
    fake["labkit", "other"] = "planted"
    assert _refused() == (
        "the keyring has no entry for the user 'admin' of the service 'labkit'",
        "make one: keyring set labkit admin",
    )


@pytest.mark.parametrize(
    ("said", "shown"), [("it is\x1b[2J locked", "it is\\x1b[2J locked"), ("", "_Error")]
)
def test_locked(said: str, shown: str, fake: dict[tuple[str, str], str | Exception]) -> None:
    fake["labkit", "admin"] = _Error(said)
    assert _refused() == (
        f"the keyring cannot be asked: {shown}",
        "unlock it, or name an environment variable instead",
    )


@pytest.fixture
def package() -> Generator[Any]:
    """Return the real package, with its keyring as it was afterwards."""
    found: Any = pytest.importorskip("keyring")
    before = found.get_keyring()
    yield found
    found.set_keyring(before)


def test_the_real_package(package: Any) -> None:  # noqa: ANN401 - it may not be installed
    backend: Any = importlib.import_module("keyring.backend")
    entries = {("labkit", "admin"): "planted"}

    class Memory(backend.KeyringBackend):
        """Keeps its entries in memory."""

        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            return entries.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            raise NotImplementedError

    package.set_keyring(Memory())
    assert keyring.read("labkit", "admin") == "planted"
    assert _refused(user="nobody") == (
        "the keyring has no entry for the user 'nobody' of the service 'labkit'",
        "make one: keyring set labkit nobody",
    )


def test_the_real_package_without_a_keyring(package: Any) -> None:  # noqa: ANN401 - see above
    fail: Any = importlib.import_module("keyring.backends.fail")
    package.set_keyring(fail.Keyring())
    message, hint = _refused()
    assert message.startswith("the keyring cannot be asked: No recommended backend was available.")
    assert hint == "unlock it, or name an environment variable instead"
