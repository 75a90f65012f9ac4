"""No account takes Vagrant's published keys, and root gets in by key only.

The private halves of those two keys are in Vagrant's own repository, so a machine that still takes
one is open to everybody who reaches its SSH port.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import shell
from labkit.checks import base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.converge import script
    from labkit.plan import model

# The files keys/vagrant.pub.rsa and keys/vagrant.pub.ed25519 of hashicorp/vagrant.
KEYS = {
    "RSA": "AAAAB3NzaC1yc2EAAAABIwAAAQEA6NF8iallvQVp22WDkTkyrtvp9eWW6A8YVr+kz4TjGYe7gHzIw+ni"
    "NltGEFHzD8+v1I2YJ6oXevct1YeS0o9HZyN1Q9qgCgzUFtdOKLv6IedplqoPkcmF0aYet2PkEDo3MlTB"
    "ckFXPITAMzF8dJSIFo9D8HfdOV0IAdx4O7PtixWKn5y2hMNG0zQPyUecp4pzC6kivAIhyfHilFR61RGL"
    "+GPXQ2MWZWFYbAGjyiYJnAmCP3NOTd0jMZEnDkbUvxhMmBYSdETk1rRgm+R4LOzFUGaHqHDLKLX+FIPK"
    "cF96hrucXzcWyLbIbEgE98OHlnVYCzRdK8jlqm8tehUc9c9WhQ==",
    "Ed25519": "AAAAC3NzaC1lZDI1NTE5AAAAIN1YdxBpNlzxDqfJyw/QKow1F+wvG9hXGoqiysfJOn5Y",
}
"""Vagrant's published public keys, without their kind and comment."""

_SETTINGS = ("permitrootlogin", "passwordauthentication", "kbdinteractiveauthentication")
_WITHOUT_PASSWORD = {"no", "prohibit-password", "without-password", "forced-commands-only"}
"""Values of PermitRootLogin with which no password of root's is taken (sshd_config(5))."""
_MARK = "--- sshd"
_ASK = "sshd -T -C user=root,host=host,addr=127.0.0.1"
# sshd says nothing without its folder in /run, which systemd removes when the server is stopped. So
# that nothing changes on the machine, it gets one in a /run that only it sees (unshare(1)).
_ASK_STOPPED = shell.argv(
    "unshare", "--mount", "sh", "-c",
    f"mount -t tmpfs none /run && mkdir -m 0755 /run/sshd && {_ASK}",
)  # fmt: skip
# The first value that sshd reads counts, and both families read this folder first.
_KEYS_ONLY = (
    "echo 'PermitRootLogin prohibit-password' > /etc/ssh/sshd_config.d/00-root-by-key.conf && "
    "{ systemctl reload ssh || systemctl reload sshd; }"
)


class InsecureKey(base.Check):
    """authorized_keys of every account (sshd(8)), and the settings that hold for root."""

    def probe(self, lab: model.Lab, machine: model.Machine) -> str:
        """Print the files that hold one of the keys, then what sshd would do for root.

        The two names in each home are the default of AuthorizedKeysFile (sshd_config(5)).
        """
        del lab, machine
        look = shell.argv("grep", "-lsF", *(word for key in KEYS.values() for word in ("-e", key)))
        return (
            # The shell looks itself, and one grep reads all files: a process a home would be felt
            # on an emulated machine. A home stands there twice when two accounts share it.
            "set --; seen=:\n"
            f"getent passwd | {{ while IFS=: read -r _ _ _ _ _ home _; do\n"
            'case $seen in *":$home:"*) continue ;; esac; seen="$seen$home:"\n'
            'for file in "$home/.ssh/authorized_keys" "$home/.ssh/authorized_keys2"; do\n'
            '[ -f "$file" ] && set -- "$@" "$file"\ndone\ndone\n'
            f'[ $# = 0 ] || {look} -- "$@"; }}\n'
            f"echo '{_MARK}'\n"
            f"{{ {_ASK} || {_ASK_STOPPED}; }} 2> /dev/null | grep -E '^({'|'.join(_SETTINGS)}) '"
        )

    def read(
        self, lab: model.Lab, machine: model.Machine, answer: script.Answer
    ) -> Iterator[base.Seen]:
        """No file may be named; in one way or another sshd must refuse root's passwords."""
        del lab, machine
        files, _, said = answer.output.partition(f"{_MARK}\n")
        found = files.split()
        # A key's end is enough to know it by, and short enough for a table.
        ends = [key[-24:] for key in KEYS.values()]
        look = shell.argv("grep", "-nF", *(word for end in ends for word in ("-e", end)))
        drop = shell.argv("sed", "-i", *(word for end in ends for word in ("-e", f"\\|{end}|d")))
        named = shell.argv(*found) or "FILE"
        yield base.equal(
            "Vagrant's published keys open no account", "", " ".join(found),
            f"{look} {named}", f"{drop} {named}",
        )  # fmt: skip
        pairs = (line.split(" ", 1) for line in said.splitlines() if " " in line)
        settings = {name: value for name, value in pairs if name in _SETTINGS}
        asks = any(settings.get(name) != "no" for name in _SETTINGS[1:])
        lets = settings.get("permitrootlogin") not in _WITHOUT_PASSWORD
        shown = ", ".join(f"{name} {settings.get(name, '?')}" for name in _SETTINGS)
        yield base.Seen(
            "root gets in by key only",
            ok=not (asks and lets),
            expected="permitrootlogin prohibit-password, or no way to give a password",
            actual=shown,
            by_hand=_ASK,
            repair=_KEYS_ONLY,
        )
