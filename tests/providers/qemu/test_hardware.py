"""A machine that runs, and what lab.yml says now."""

from __future__ import annotations

import pytest

from labkit import errors
from labkit.providers.qemu import command, hardware

_WANTED = ["qemu-system-x86_64", "-m", "512M", "-netdev", "dgram,id=hostonly"]


def test_the_same_machine() -> None:
    hardware.refuse_other("web-01", _WANTED, _WANTED)
    hardware.refuse_other("web-01", command.held(_WANTED), _WANTED)


def test_another_size() -> None:
    runs = [word.replace("512M", "256M") for word in _WANTED]
    with pytest.raises(errors.ProviderError) as caught:
        hardware.refuse_other("web-01", runs, _WANTED)
    assert caught.value.message == "web-01 runs with other hardware than lab.yml says now"
    assert caught.value.hint == "'lab.halt --only web-01', then 'lab.up' starts it with the new one"


def test_the_segment_of_an_older_labkit() -> None:
    runs = [*_WANTED[:-1], "socket,id=hostonly,mcast=239.14.18.63:27123,localaddr=127.0.0.1"]
    with pytest.raises(errors.ProviderError) as caught:
        hardware.refuse_other("web-01", runs, _WANTED)
    assert caught.value.message == (
        "web-01 runs on a segment that other users of this host can reach: "
        "an older labkit has started it"
    )
    assert caught.value.hint == (
        "'lab.halt', then 'lab.up' starts all machines on one that they cannot"
    )
