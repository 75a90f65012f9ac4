"""Halt, start, verify, render and doctor."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from labkit import errors, system
from labkit.lifecycle import doctor, halt, render, start, verify
from labkit.providers import base

if TYPE_CHECKING:
    import pathlib
    from typing import TypeAlias

    from labkit.lifecycle import context
    from labkit.ssh import session as sessions

    # Classes of conftest.py, which tests do not import.
    Double: TypeAlias = Any

_BOTH = {"ansible-01": base.State.RUNNING, "web-01": base.State.RUNNING}


def test_halt(lab: context.Context, provider: Double) -> None:
    provider.states = dict(_BOTH)
    halt.halt(lab, lab.lab.machines)
    assert set(provider.states.values()) == {base.State.STOPPED}


def test_halt_tries_all_and_says_what_failed(lab: context.Context, provider: Double) -> None:
    provider.states = dict(_BOTH)
    provider.broken["ansible-01"] = errors.ProviderError("it does not listen")
    with pytest.raises(errors.ProviderError, match=r"^it does not listen$"):
        halt.halt(lab, lab.lab.machines)
    assert provider.states["web-01"] is base.State.STOPPED


def test_start(lab: context.Context, provider: Double, session: Double) -> None:
    provider.states = dict.fromkeys(_BOTH, base.State.STOPPED)
    start.start(lab, lab.lab.machines)
    assert provider.states == _BOTH
    assert provider.asked[:2] == ["preflight", "prepare"]
    assert session.still_open == 0


def test_start_of_what_was_never_made(lab: context.Context, provider: Double) -> None:
    provider.states = {"ansible-01": base.State.STOPPED, "web-01": base.State.ABSENT}
    with pytest.raises(errors.LabError) as caught:
        start.start(lab, lab.lab.machines)
    assert (caught.value.message, caught.value.hint) == (
        "web-01 has not been made yet",
        "'lab.up' makes it",
    )
    assert provider.asked == []


def test_start_fails_when_a_machine_does(
    lab: context.Context, provider: Double, session: Double
) -> None:
    provider.states = dict.fromkeys(_BOTH, base.State.STOPPED)
    provider.broken["web-01"] = errors.ProviderError("no")
    with pytest.raises(errors.ProviderError, match=r"^no$"):
        start.start(lab, lab.lab.machines)
    assert provider.states["ansible-01"] is base.State.RUNNING
    assert session.still_open == 0


@pytest.mark.usefixtures("fine")
def test_verify_closes_what_it_opened(lab: context.Context, session: Double) -> None:
    closed: list[str] = []

    def close(self: sessions.Session) -> None:
        closed.append(self.endpoint.machine)

    session.close = close
    session.down = ("web-01",)
    report = verify.verify(lab, lab.lab.machines)
    assert [(each.machine, each.ok) for each in report.results] == [
        ("ansible-01", True),
        ("ansible-01", True),
        ("web-01", False),
    ]
    assert closed == ["ansible-01", "web-01"]


def test_render_takes_the_folders_own_template(lab: context.Context) -> None:
    (written,) = render.render(lab)
    assert written == lab.space.path / "Vagrantfile"
    assert "web-01" in written.read_text()
    (lab.folder / "Vagrantfile.j2").write_text("# {{ lab.name | ruby }}\n")
    render.render(lab)
    assert re.fullmatch(r"""# ["']memory["']\n""", written.read_text())


def test_doctor(
    lab: context.Context,
    provider: Double,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: pathlib.Path,
) -> None:
    provider.findings = [base.Finding("port 1", ok=True, detail="free")]

    def missing(*_programs: str) -> tuple[str, ...]:
        return ("qemu-img", "mke2fs")

    monkeypatch.setattr(system, "missing", missing)
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "not" / "yet"))
    programs, disk, port = doctor.doctor(lab)
    assert programs == base.Finding(
        "programs",
        ok=False,
        detail="not installed: qemu-img, mke2fs",
        hint="apt-get install -y --no-install-recommends e2fsprogs qemu-utils",
    )
    assert disk.detail.endswith(f" GiB free for {tmp_path}/not/yet")
    assert port == provider.findings[0]
