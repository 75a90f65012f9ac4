"""Vagrant's version."""

from __future__ import annotations

import pytest

from labkit import errors
from labkit.vagrant import version


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Vagrant 2.3.4\n", (2, 3, 4)),
        ("warning: old Ruby\nVagrant 2.3.8.dev\n", (2, 3, 8)),
        ("Vagrant 2.4.10", (2, 4, 10)),
    ],
)
def test_what_it_says(said: str, expected: version.Version) -> None:
    assert version.parse(said) == expected


def test_something_else() -> None:
    with pytest.raises(errors.ProviderError) as caught:
        version.parse("Segmentation fault\n")
    assert caught.value.message == (
        "'vagrant --version' says 'Segmentation fault', which is no version"
    )
    assert caught.value.hint == (
        "install Vagrant anew: https://developer.hashicorp.com/vagrant/install"
    )


def test_too_old() -> None:
    version.require((2, 4, 9), (2, 4, 9))
    with pytest.raises(errors.ProviderError) as caught:
        version.require((2, 3, 4), (2, 4, 9), "VirtualBox 7.2")
    assert caught.value.message == ("Vagrant 2.3.4 is too old: VirtualBox 7.2 needs 2.4.9 or newer")
    assert caught.value.hint == (
        "install a newer one: https://developer.hashicorp.com/vagrant/install"
    )


def test_a_release_of_virtualbox() -> None:
    assert version.of("7.2.22r170995") == (7, 2, 22)
