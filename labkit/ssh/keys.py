"""Ed25519 keys in OpenSSH's format (RFC 8709), made on the host that runs labkit."""

from __future__ import annotations

import dataclasses

from labkit import secret


@dataclasses.dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key, which nobody sees, and the public one with its comment."""

    private: secret.Secret
    public: str


def generate(comment: str) -> KeyPair:
    """Make a new key pair without a passphrase."""
    # Most runs read keys that are there, and this takes long.
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415

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
