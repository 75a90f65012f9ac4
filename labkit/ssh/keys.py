"""Ed25519 keys in OpenSSH's format (RFC 8709), made on the host that runs labkit."""

from __future__ import annotations

import dataclasses

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from labkit import secret


@dataclasses.dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key, which nobody sees, and the public one with its comment."""

    private: secret.Secret
    public: str


def generate(comment: str) -> KeyPair:
    """Make a new key pair without a passphrase."""
    key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return KeyPair(secret.Secret(private.decode()), f"{public.decode()} {comment}")
