"""The ssh_config of a lab: `ssh -F FILE MACHINE` reaches a machine and trusts only its own key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from labkit import errors

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Sequence

    from labkit.providers import base

# Free of blanks, of the pattern characters of Host (*, ?, !) and of what ssh expands (%, $, ~).
_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:-]*")
# ssh_config(5) has one way to write each of these in some releases and none in others.
_INCLUDED = re.compile(r"(/|[A-Za-z]:/)[\w./@+,:~ -]*\*\.conf")
"""Free of patterns but the last one, of quotes, and of what some releases expand."""
_UNWRITABLE = re.compile(r'["\\\x00-\x1f\x7f]|\$\{')


def render(lab: str, endpoints: Sequence[base.Endpoint], *, short: bool = True) -> str:
    """Write the ssh_config of a lab.

    Args:
        lab: The lab's name.
        endpoints: Its machines.
        short: Know each machine by its name and by `LAB-MACHINE`; else by the latter alone, which
            stays unique where the files of several labs are included into one.

    Raises:
        errors.LabError: A path or a name cannot be written in an ssh_config.
    """
    lines = ["# Written by labkit. Use: ssh -F THIS-FILE MACHINE"]
    for endpoint in sorted(endpoints, key=lambda endpoint: endpoint.machine):
        name = _word(endpoint.machine)
        full = f"{_word(lab)}-{name}"
        host = f"Host {name} {full}" if short else f"Host {full}"
        jump = f"{full}.jump" if endpoint.gateway else ""
        lines += ["", host, *_settings(endpoint, jump)]
        if endpoint.gateway:
            lines += ["", f"Host {jump}", *_settings(endpoint.gateway)]
    return "\n".join(lines) + "\n"


def include(pattern: pathlib.PurePath) -> str:
    """Write the line that includes other files, without its line break.

    Raises:
        errors.LabError: The path cannot be written so that every release of ssh reads it alike.
    """
    text = pattern.as_posix()
    if not _INCLUDED.fullmatch(text):
        raise errors.LabError(
            f"the path {text!r} cannot be included into an ssh_config",
            hint="use 'ssh -F' with the lab's own ssh_config instead",
        )
    return f'Include "{text}"' if " " in text else f"Include {text}"


def _settings(endpoint: base.Endpoint | base.Gateway, jump: str = "") -> list[str]:
    alias = getattr(endpoint, "alias", "")
    return [
        f"    HostName {_word(endpoint.host)}",
        f"    Port {endpoint.port:d}",
        f"    User {_word(endpoint.user)}",
        f"    IdentityFile {_path(endpoint.key)}",
        "    IdentitiesOnly yes",
        "    IdentityAgent none",
        f"    UserKnownHostsFile {_path(endpoint.known_hosts)}",
        "    StrictHostKeyChecking yes",
        "    ForwardAgent no",
        *([f"    HostKeyAlias {_word(alias)}"] if alias else ()),
        f"    ProxyJump {jump or 'none'}",
        "    LogLevel ERROR",
    ]


def _word(text: str) -> str:
    if not _WORD.fullmatch(text):
        raise errors.LabError(
            f"{text!r} cannot be written in an ssh_config",
            hint="names are letters, digits, dots and hyphens",
        )
    return text


def _path(path: pathlib.Path) -> str:
    # Windows' ssh reads forward slashes too, and a backslash would escape what follows it.
    text = path.as_posix()
    if found := _UNWRITABLE.search(text):
        raise errors.LabError(
            f"the path {text!r} cannot be written in an ssh_config, because of {found.group()!r}",
            hint="move the lab to a folder whose path has no such character",
        )
    # Percent signs start tokens (ssh_config(5), TOKENS).
    return '"' + text.replace("%", "%%") + '"'
