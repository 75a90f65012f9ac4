"""Which QEMU is new enough."""

from __future__ import annotations

import pytest

from labkit import system
from labkit.providers import base
from labkit.providers.qemu import preflight, program

_TOO_OLD = "cannot keep other users out of the host-only segment"
_HINT = "install QEMU 7.2 or newer, or use another provider"


@pytest.mark.parametrize(
    ("said", "finding"),
    [
        (
            "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)\nCopyright (c)\n",
            base.Finding("QEMU", ok=True, detail="7.2"),
        ),
        ("QEMU emulator version 10.1.0\n", base.Finding("QEMU", ok=True, detail="10.1")),
        (
            "QEMU emulator version 6.2.0 (Debian 1:6.2+dfsg-2ubuntu6)\n",
            base.Finding("QEMU", ok=False, detail=f"6.2 {_TOO_OLD}", hint=_HINT),
        ),
        (
            "something else\n",
            base.Finding(
                "QEMU", ok=True, detail="it says: something else", doubt=base.Verdict.UNKNOWN
            ),
        ),
    ],
)
def test_releases(said: str, finding: base.Finding, monkeypatch: pytest.MonkeyPatch) -> None:
    def present(*_names: str) -> tuple[str, ...]:
        return ()

    def run(words: list[str]) -> str:
        assert words == ["qemu-system-x86_64", "--version"]
        return said

    monkeypatch.setattr(system, "missing", present)
    monkeypatch.setattr(program, "run", run)
    assert preflight.release() == (finding,)


def test_one_that_is_not_installed_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> tuple[str, ...]:
        return (name,)

    monkeypatch.setattr(system, "missing", missing)
    assert preflight.release() == ()
