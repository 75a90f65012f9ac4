"""No secret is in a variable that programs need: labkit takes it out of the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit import errors
    from labkit.spec import context as contexts
    from labkit.spec import load

# environ(7), locale(7), ld.so(8), what Windows' own programs need, and our own.
_NAMES = frozenset(
    {
        *("COLUMNS", "COMSPEC", "DISPLAY", "HOME", "LANG", "LANGUAGE", "LINES", "LOGNAME", "PATH"),
        *("PATHEXT", "PWD", "SHELL", "SSH_AUTH_SOCK", "SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "TERM"),
        *("TMP", "TMPDIR", "TZ", "USER", "USERPROFILE", "VIRTUAL_ENV", "WINDIR"),
    }
)
_BEGINNINGS = ("DBUS_", "LAB_", "LC_", "LD_", "PYTHON", "XDG_")


def check(spec: load.Spec, _context: contexts.Context) -> Iterator[errors.Problem]:
    """Yield a problem for each breach."""
    for name, source in spec.lab.secrets.items():
        variable = (source.env or "").upper()
        if variable in _NAMES or variable.startswith(_BEGINNINGS):
            yield spec.problem(
                ("secrets", name, "env"),
                f"{source.env} is a variable that programs need, and no place for a secret",
                "choose a name of your own, for example REGISTRY_TOKEN",
            )
