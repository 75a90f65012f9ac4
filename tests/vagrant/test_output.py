"""What Vagrant prints, as data."""

from __future__ import annotations

import pytest

from labkit import errors
from labkit.vagrant import output


def test_lines_with_commas_breaks_and_noise() -> None:
    said = (
        "/usr/lib/ruby/x.rb:1: warning: something, else, is, new\n"
        "1700000000,web-01,state-human-long,It runs.\\nTo stop it%!(VAGRANT_COMMA) halt it.\n"
        "1700000000,,ui,error,No\n"
    )
    assert list(output.lines(said)) == [
        output.Line("web-01", "state-human-long", ("It runs.\nTo stop it, halt it.",)),
        output.Line("", "ui", ("error", "No")),
    ]


def test_no_snapshots() -> None:
    said = (
        "1,web-01,ui,output,==> web-01: No snapshots have been taken yet!\n"
        "1,web-01,ui,detail,    web-01: You can take a snapshot using `vagrant snapshot save`.\n"
    )
    assert output.snapshots(said) == []


def test_a_machine_that_vagrant_does_not_tell_of() -> None:
    with pytest.raises(errors.ProviderError) as caught:
        output.ssh("Host web-01\n  HostName 127.0.0.1\n  User vagrant\n", ["web-02"])
    assert caught.value.message == "Vagrant does not say how to reach web-02"
    assert caught.value.hint == "'vagrant ssh-config' in the lab's folder shows what it says"
