"""What tests of several packages share: the default lab as a plan, and keys for it."""

from __future__ import annotations

import os
import pathlib
import shutil
import tempfile
from typing import TYPE_CHECKING

import pytest

from labkit import child, secret
from labkit.lifecycle import context
from labkit.plan import build, model
from labkit.spec import load
from labkit.ssh import keyring, keys
from tests import programs as fakes

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = pathlib.Path(__file__).parents[1]


@pytest.fixture(scope="session")
def spec_of() -> Callable[[str], load.Spec]:
    """Return the parser of lab files, without a host and with the images that are shipped."""
    return load.parse


@pytest.fixture(scope="session")
def plan_of(spec_of: Callable[[str], load.Spec]) -> Callable[[str], model.Lab]:
    """Return what makes a plan of a lab file's text."""
    return lambda text: build.build(spec_of(text))


@pytest.fixture(scope="session")
def default_lab(plan_of: Callable[[str], model.Lab]) -> model.Lab:
    """Return the plan of the default lab."""
    return plan_of((ROOT / "lab.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def make_keys(tmp_path_factory: pytest.TempPathFactory) -> Callable[[model.Lab], keyring.Keyring]:
    """Return what gives a lab keys that are the same in every run."""
    folder = tmp_path_factory.mktemp("keys")

    def pair(name: str) -> keys.KeyPair:
        return keys.KeyPair(
            secret.Secret(f"PRIVATE-OF-{name}\n"), f"ssh-ed25519 AAAA{name.encode().hex()} {name}"
        )

    return lambda lab: keyring.Keyring(
        login=pair("login"),
        login_file=folder / "login",
        ansible=pair("ansible"),
        hosts={machine.name: pair(machine.name) for machine in lab.machines},
    )


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> fakes.Programs:
    """Let no program run: those that the test announces answer what it says."""
    made = fakes.Programs()
    monkeypatch.setattr(child, "run", made.run)
    monkeypatch.setattr(shutil, "which", made.find)
    return made


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return a lab folder with the default lab.yml."""
    made = tmp_path / "lab"
    made.mkdir()
    shutil.copyfile(ROOT / "lab.yml", made / "lab.yml")
    return made


@pytest.fixture
def opened(folder: pathlib.Path) -> context.Context:
    """Return the default lab, opened in a folder of its own."""
    return context.open_lab(folder / "lab.yml")


# Where images come from is the host's affair; everything else is what the tests are about.
_KEPT = {"LAB_CACHE", "LAB_INSTALL", "LAB_MIRROR"}


def pytest_configure() -> None:
    """Forget what the shell, or the `lab` script that runs the tests, has set.

    Labs of tests are entered in a registry of their own, and not in that of whoever runs them.
    """
    os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="labkit-tests-")
    for name in [name for name in os.environ if name.startswith("LAB_")]:
        if name not in _KEPT:
            del os.environ[name]


def pytest_unconfigure() -> None:
    """Remove the registry of the tests' labs."""
    shutil.rmtree(os.environ["XDG_STATE_HOME"], ignore_errors=True)
