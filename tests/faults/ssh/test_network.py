"""A real sshd behind a bad network: survived, or a clear error in time; never a false success."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import pytest

from bench import proxy
from labkit import errors
from labkit.converge import engine
from labkit.operations import file
from labkit.profiles import load
from labkit.ssh import keys, session

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

    from labkit.providers import base

    Endpoints = Callable[..., base.Endpoint]
    Record = Callable[[str, object], None]

pytestmark = pytest.mark.e2e

_FILES = 12
_KIB = 1024
_FIRST = 1
"""The first byte: a connection that breaks before it says anything."""
_NUMBERS = itertools.count()


class Machine:
    """Twelve files of two kilobytes that are to be made on the server, and are looked at here."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder / f"machine-{next(_NUMBERS)}"
        self.folder.mkdir()
        self.content = "".join(f"line {n} of a file\n" for n in range(100))

    def steps(self) -> tuple[load.Step, ...]:
        return tuple(
            load.Step(
                "file",
                file.File(path=str(self.folder / f"{n}"), content=self.content),
                "why",
                f"x.yml:{n}",
            )
            for n in range(_FILES)
        )

    def done(self) -> bool:
        found = sorted(path.read_text() for path in self.folder.iterdir())
        return found == [self.content] * _FILES


@pytest.fixture
def machine(tmp_path: pathlib.Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    _set_timeouts(monkeypatch, 20.0)


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    _set_timeouts(monkeypatch, 3.0)


def _set_timeouts(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    for name in ("_PROBE_TIMEOUT", "_APPLY_TIMEOUT", "_RETURN_TIMEOUT"):
        monkeypatch.setattr(engine, name, seconds)


def _converge(endpoint: base.Endpoint, machine: Machine) -> engine.Outcome:
    with session.Session(endpoint) as opened:
        return engine.Machine(opened, machine.steps()).converge()


@pytest.fixture
def traffic(endpoint: Endpoints, tmp_path: pathlib.Path) -> int:
    """Return how many bytes a whole run sends in fair weather."""
    machine = Machine(tmp_path)
    with proxy.between(proxy.HOST, endpoint().port, proxy.Way()) as relay:
        assert _converge(endpoint(port=relay.port), machine).round_trips == 2
    assert machine.done()
    return relay.traffic.up + relay.traffic.down


def _sample(traffic: int, step: int) -> range:
    """Return the bytes at which something happens; the last kilobyte is left to the farewell."""
    return range(_FIRST, traffic - _KIB, step)


def _survives(endpoint: Endpoints, tmp_path: pathlib.Path, at: int) -> None:
    machine = Machine(tmp_path)
    with proxy.between(proxy.HOST, endpoint().port, proxy.Way(reset_after=at, faulty=1)) as relay:
        _converge(endpoint(port=relay.port), machine)
    # How much is sent differs a little: the very last bytes may have come through before.
    sent = relay.traffic.up + relay.traffic.down
    assert relay.traffic.connections == (2 if sent >= at else 1), at
    assert machine.done(), at


@pytest.mark.parametrize("step", [16, pytest.param(1, marks=pytest.mark.slow)])
def test_a_reset_at_each_so_many_kilobytes_is_survived(
    endpoint: Endpoints, tmp_path: pathlib.Path, traffic: int, step: int, record_property: Record
) -> None:
    places = _sample(traffic, step * _KIB)
    record_property("rounds", len(places))
    for at in places:
        _survives(endpoint, tmp_path, at)


def _ends(endpoint: Endpoints, machine: Machine, way: proxy.Way) -> bool:
    """Say whether all is done; it is not, only with a clear error, and in time."""
    start = time.monotonic()
    with proxy.between(proxy.HOST, endpoint().port, way) as relay:
        try:
            _converge(endpoint(port=relay.port), machine)
            said = ""
        except errors.UnreachableError as error:
            said = error.message
    assert time.monotonic() - start < 20, way
    if said:
        assert said.startswith(("web-01 ", "the connection to web-01 broke: "))
        return False
    assert machine.done(), way
    return True


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("step", [20, pytest.param(2, marks=pytest.mark.slow)])
def test_resets_that_go_on_are_an_error(
    endpoint: Endpoints, tmp_path: pathlib.Path, traffic: int, step: int, record_property: Record
) -> None:
    places = _sample(traffic, step * _KIB)
    record_property("rounds", len(places))
    ends = [_ends(endpoint, Machine(tmp_path), proxy.Way(reset_after=at)) for at in places]
    # Late in the traffic everything has been done already, and the next look finds it so.
    assert not any(ends[: len(ends) // 2])


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("step", [32, pytest.param(2, marks=pytest.mark.slow)])
def test_a_stall_at_each_so_many_kilobytes_is_given_up_or_survived(
    endpoint: Endpoints, tmp_path: pathlib.Path, traffic: int, step: int, record_property: Record
) -> None:
    places = _sample(traffic, step * _KIB)
    record_property("rounds", len(places))
    ends = [
        _ends(endpoint, Machine(tmp_path), proxy.Way(stall_after=at, faulty=1)) for at in places
    ]
    # A stall in the log-in is met by another log-in, one in the work is given up.
    assert not ends[len(ends) // 2]


@pytest.mark.parametrize("seed", range(3))
def test_a_slow_and_lossy_way_is_survived(endpoint: Endpoints, machine: Machine, seed: int) -> None:
    way = proxy.Way(delay=0.04, loss=0.05, seed=seed)
    with proxy.between(proxy.HOST, endpoint().port, way) as relay:
        assert _converge(endpoint(port=relay.port), machine).round_trips == 2
    assert machine.done()


@pytest.mark.parametrize("times", [5, pytest.param(100, marks=pytest.mark.slow)])
def test_a_changed_host_key_is_refused_before_any_command(
    endpoint: Endpoints, machine: Machine, times: int, record_property: Record
) -> None:
    record_property("rounds", times)
    for _ in range(times):
        wrong = endpoint(pinned=keys.generate("another").public)
        with pytest.raises(errors.UnreachableError, match="another host key"):
            _converge(wrong, machine)
    assert list(machine.folder.iterdir()) == []
