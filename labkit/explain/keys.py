"""Keys for explaining: nobody's, since a person makes their own.

A profile is filled in with them as with real ones. Where one of them is shown, words take its
place, such as `<host key of k8s-master-01>`.
"""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

from labkit import secret
from labkit.ssh import keyring, keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labkit.explain import words
    from labkit.plan import model

# Looks like base64, as each place for a key demands, and is no key.
_MARK = "labkit/explains/without/keys/{:06d}="
_PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\n(none)\n-----END OPENSSH PRIVATE KEY-----\n"
_LOGIN, _ANSIBLE, _FIRST_HOST = range(3)


def nobodys(lab: model.Lab) -> keyring.Keyring:
    """Return keys that stand for the ones which a person will make."""
    hosts = {machine.name: _pair(_FIRST_HOST + index) for index, machine in enumerate(lab.machines)}
    return keyring.Keyring(
        login=_pair(_LOGIN, f" labkit@{lab.name}"),
        login_file=pathlib.Path("login"),
        ansible=_pair(_ANSIBLE, f" ansible@{lab.name}"),
        hosts=hosts,
    )


def _pair(number: int, comment: str = "") -> keys.KeyPair:
    public = f"ssh-ed25519 {_MARK.format(number)}{comment}"
    return keys.KeyPair(secret.Secret(_PRIVATE), public)


def stand_ins(lab: model.Lab, say: words.Words) -> Mapping[str, str]:
    """Return, for each public key of `nobodys`, the words in its place."""
    ring = nobodys(lab)
    hosts = {pair.public: say("key_host", machine=name) for name, pair in ring.hosts.items()}
    return {
        ring.login.public: say("key_login"),
        ring.ansible.public: say("key_ansible"),
        **hosts,
    }
