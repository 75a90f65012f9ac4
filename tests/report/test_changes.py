"""What differs inside machines, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import errors, secret
from labkit.converge import look
from labkit.operations import base, file
from labkit.profiles import load
from labkit.report import changes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MOTD = file.File(path="/etc/motd", content="new\nsame\n")


def _look(*seen: base.Change, error: errors.LabError | None = None) -> look.Look:
    step = load.Step("file", _MOTD, "A [greeting]", "provision/x.yml:3", ("x", "file"))
    return look.Look(step, seen, error=error)


_SHORT = base.Change("mode of /etc/motd", "0600", "0644", ("chmod 0644 /etc/motd",))
_LONG = base.Change("/etc/motd", "old\x1b[2J\nsame\n", "new\nsame\n", ("printf %s 'new\nx'",))
_LATER = base.Change("SELinux mode", "", "disabled", (), reboot=True)


def _render(
    shown: Callable[..., str],
    seen: Mapping[str, tuple[look.Look, ...] | Exception],
    *,
    commands: bool = False,
) -> str:
    return shown(changes.render(seen, verb="would change", nothing="as wanted", commands=commands))


def test_for_people(shown: Callable[..., str]) -> None:
    seen = {"web-01": (_look(_SHORT, _LONG, _LATER), _look()), "web-02": (_look(),)}
    assert _render(shown, seen).splitlines() == [
        "web-01: 3 would change",
        "  provision/x.yml:3 file: A [greeting]",
        "    mode of /etc/motd: 0600 -> 0644",
        "    /etc/motd",
        "      @@ -1,2 +1,2 @@",
        "      -old\\x1b[2J",
        "      +new",
        "       same",
        "    SELinux mode: (nothing) -> disabled (at the next boot)",
        "web-02: as wanted",
    ]


def test_commands_are_shown_when_asked_for(shown: Callable[..., str]) -> None:
    text = _render(shown, {"web-01": (_look(_LONG),)}, commands=True)
    assert text.splitlines()[-2:] == ["      $ printf %s 'new", "      $ x'"]


def test_what_cannot_be_told_and_who_does_not_answer(shown: Callable[..., str]) -> None:
    unknown = _look(error=errors.LabError("there is no unit 'chronyd'", hint="install it"))
    down = errors.UnreachableError("web-02 is stopped", hint="'lab.up' starts it")
    assert _render(shown, {"web-01": (unknown,), "web-02": down}).splitlines() == [
        "web-01: 1 would change",
        "  provision/x.yml:3 file: A [greeting]",
        "    cannot be told yet: there is no unit 'chronyd' (hint: install it)",
        "web-02: web-02 is stopped (hint: 'invoke lab.up' starts it)",
    ]


def test_a_long_difference_is_cut(shown: Callable[..., str]) -> None:
    change = base.Change("/x", "", "".join(f"{n}\n" for n in range(100)), ())
    lines = _render(shown, {"web-01": (_look(change),)}).splitlines()
    assert lines[-1] == "      ... and 61 lines more"


def test_for_programs() -> None:
    down = errors.UnreachableError("web-02 is stopped", hint="start it")
    assert changes.document({"web-01": (_look(_SHORT), _look()), "web-02": down}) == {
        "web-01": {
            "steps": [
                {
                    "kind": "file",
                    "why": "A [greeting]",
                    "origin": "provision/x.yml:3",
                    "tags": ["x", "file"],
                    "changes": [
                        {
                            "subject": "mode of /etc/motd",
                            "before": "0600",
                            "after": "0644",
                            "reboot": False,
                            "commands": ["chmod 0644 /etc/motd"],
                        }
                    ],
                    "error": None,
                }
            ]
        },
        "web-02": {"error": "web-02 is stopped", "hint": "start it"},
    }


def test_commands_that_hold_a_secret_are_never_shown(shown: Callable[..., str]) -> None:
    hidden = file.File(path="/root/key", content=secret.Secret("planted"))
    step = load.Step("file", hidden, "The key", "provision/x.yml:9")
    seen = (look.Look(step, hidden.changes("")),)
    assert "planted" in seen[0].commands
    text = _render(shown, {"web-01": seen}, commands=True)
    assert "(not shown: they hold a secret)" in text
    assert "planted" not in text + str(changes.document({"web-01": seen}))
