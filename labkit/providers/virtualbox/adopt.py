"""Make a machine of a box labkit's: the lab's login key opens it, the lab's host key is its own.

A box brings a key that everybody knows, which Vagrant replaces at the first boot, and a host key
that is the same for all who use the box, or new and unknown. The first connection takes what is
shown, over the loopback interface; it changes the host key to the one that labkit made for this
machine, and from then on no other is accepted.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import paramiko

from labkit import errors, shell
from labkit.providers import base
from labkit.ssh import patience as waiting
from labkit.ssh import session as sessions

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Sequence

    from labkit.images import carried
    from labkit.ssh import keys
    from labkit.vagrant import output

_TIMEOUT = 60.0
_BANNER = 5.0
"""Seconds that a server has to say its banner, however little time is left."""

# The server reads its keys when it starts. Programs of a session outlive that.
_SCRIPT = """\
set -e
umask 077
user={}
home=$(getent passwd "$user" | cut -d : -f 6)
mkdir -p "$home/.ssh"
key={}
grep -qxF "$key" "$home/.ssh/authorized_keys" 2> /dev/null ||
    printf '%s\\n' "$key" >> "$home/.ssh/authorized_keys"
chown -R "$user" "$home/.ssh"
! command -v restorecon > /dev/null || restorecon -R "$home/.ssh"
[ -d /etc/ssh ] || { echo 'there is no OpenSSH server: /etc/ssh is not there'; exit 1; }
printf '%s\\n' {} > /etc/ssh/ssh_host_ed25519_key.labkit
printf '%s\\n' {} > /etc/ssh/ssh_host_ed25519_key.pub
rm -f /etc/ssh/ssh_host_rsa_key* /etc/ssh/ssh_host_ecdsa_key* /etc/ssh/ssh_host_dsa_key*
mv /etc/ssh/ssh_host_ed25519_key.labkit /etc/ssh/ssh_host_ed25519_key
chmod 644 /etc/ssh/ssh_host_ed25519_key.pub
! command -v restorecon > /dev/null || restorecon /etc/ssh/ssh_host_ed25519_key*
"""
_RESTART = "systemctl restart ssh 2> /dev/null || systemctl restart sshd\n"

_FILE = """\
mkdir -p {}
printf %s {} > {}
chmod {} {}
mv {} {}
! command -v restorecon > /dev/null || restorecon {}"""
_AFTER = "! command -v nmcli > /dev/null || nmcli connection reload || :"


def script(user: str, login: str, host: keys.KeyPair, files: Sequence[carried.File] = ()) -> str:
    """Return what root runs on the machine; it holds the machine's private host key.

    Args:
        user: The account that the lab will log in as.
        login: The line of authorized_keys that opens it.
        host: The key that the machine will show.
        files: What the machine is born with besides.
    """
    private = host.private.reveal().strip()
    keys = shell.line(_SCRIPT, user, login, private, host.public.strip())
    after = [_AFTER] if files else []
    return keys + "".join(f"{each}\n" for each in (*map(_file, files), *after)) + _RESTART


def _file(file: carried.File) -> str:
    folder, new = file.path.rpartition("/")[0] or "/", f"{file.path}.labkit"
    mode = f"{file.mode:o}"
    return shell.line(_FILE, folder, file.text, new, mode, new, new, file.path, file.path)


def adopt(
    machine: str,
    ssh: output.Ssh,
    *,
    user: str,
    login: str,
    host: keys.KeyPair,
    files: Sequence[carried.File],
    scratch: pathlib.Path,
    patience: float,
    narrate: Callable[[str], None],
    alive: Callable[[], None],
) -> None:
    """Give a machine that Vagrant has just made the lab's keys.

    Args:
        machine: Its name.
        ssh: How Vagrant reaches it.
        user: The account that the lab will log in as.
        login: The line of authorized_keys that opens it.
        host: The key that the machine will show.
        files: What it is born with besides, where it was made of a baked box.
        scratch: A file for the key that it shows now.
        patience: Seconds until its SSH has to answer. Vagrant waits for a machine that it starts;
            one that a run before this has started may still be booting.
        narrate: Told whenever the last answer changes.
        alive: Raises when waiting has become pointless.

    Raises:
        errors.LabError: It does not answer, or could not be given its keys.
    """
    shown = waiting.until(
        lambda left: _shown(machine, ssh, max(_BANNER, min(_TIMEOUT, left))),
        timeout=patience, narrate=narrate, alive=alive,
    )  # fmt: skip
    text = f"[{ssh.host}]:{ssh.port} {shown.get_name()} {shown.get_base64()}\n"
    where = base.Endpoint(machine, ssh.host, ssh.port, ssh.user, _key(machine, ssh), scratch)
    scratch.write_text(text, encoding="utf-8")
    try:
        with sessions.Session(where) as session:
            session.open(_TIMEOUT)
            done = session.run(script(user, login, host, files), timeout=_TIMEOUT, label="keys")
    finally:
        scratch.unlink(missing_ok=True)
    if done.status:
        raise errors.ProviderError(
            f"{machine} could not be given the lab's keys: {done.output.strip()[-300:]}",
            hint="the box needs an OpenSSH server, systemd, and sudo without a password",
        )


def _key(machine: str, ssh: output.Ssh) -> pathlib.Path:
    for path in ssh.keys:
        if path.is_file():
            return path
    raise errors.ProviderError(
        f"Vagrant's key to {machine} is not there",
        hint="'lab.destroy', then 'lab.up' makes the machine anew",
    )


def _shown(machine: str, ssh: output.Ssh, timeout: float) -> paramiko.PKey:
    """Ask a server for its host key; nothing is sent to it."""
    try:
        with socket.create_connection((ssh.host, ssh.port), timeout) as plug:
            transport = paramiko.Transport(plug)
            try:
                transport.banner_timeout = timeout
                transport.start_client(timeout=timeout)
                return transport.get_remote_server_key()
            finally:
                transport.close()
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise errors.UnreachableError(
            f"{machine} does not answer on {ssh.host}:{ssh.port}: {error}"
        ) from error
