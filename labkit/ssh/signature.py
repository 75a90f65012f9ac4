"""Signatures by SSH keys, as `ssh-keygen -Y sign` makes and `ssh-keygen -Y verify` checks them.

Sources: PROTOCOL.sshsig of OpenSSH; RFC 8709 (Ed25519 in SSH); RFC 4251, section 5 (strings).
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import struct
from typing import TYPE_CHECKING

from cryptography import exceptions
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from labkit import errors

if TYPE_CHECKING:
    from labkit import secret

_MAGIC = b"SSHSIG"
_VERSION = 1
_KIND = b"ssh-ed25519"
_HASH = b"sha512"
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_WIDTH = 70
"""Characters of a line, as ssh-keygen writes them."""


class SignatureError(errors.LabError, ValueError):
    """A signature or a key is not what it should be."""

    exit_code = errors.ExitCode.NO


@dataclasses.dataclass(frozen=True, slots=True)
class PublicKey:
    """An Ed25519 public key."""

    raw: bytes
    """Its 32 bytes (RFC 8032)."""

    @property
    def blob(self) -> bytes:
        """The key as SSH sends it."""
        return _string(_KIND) + _string(self.raw)

    @property
    def line(self) -> str:
        """The key as authorized_keys has it, without a comment."""
        return f"{_KIND.decode()} {base64.b64encode(self.blob).decode()}"

    @property
    def fingerprint(self) -> str:
        """What `ssh-keygen -l` shows of it."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")
        return f"SHA256:{digest}"


def public(line: str) -> PublicKey:
    """Read a line of a `.pub` file, or of authorized_keys.

    Raises:
        SignatureError: It is no Ed25519 key.
    """
    words = line.split()
    refused = SignatureError(
        "this is no ed25519 public key", hint="it begins with 'ssh-ed25519 AAAA'"
    )
    if len(words) < 2 or words[0] != _KIND.decode():  # noqa: PLR2004 - kind and key
        raise refused
    try:
        return _key(base64.b64decode(words[1], validate=True))
    except ValueError:
        raise refused from None


def sign(private: secret.Secret, message: bytes, namespace: str) -> str:
    """Sign a message for one purpose, which the namespace names; the same one always equally.

    Raises:
        SignatureError: The key is no Ed25519 key.
    """
    key = serialization.load_ssh_private_key(private.reveal().encode(), password=None)
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise SignatureError("the lab's key is no ed25519 key")
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    made = key.sign(_signed(message, namespace))
    parts = (PublicKey(raw).blob, namespace.encode(), b"", _HASH, _string(_KIND) + _string(made))
    return _armour(_MAGIC + struct.pack(">I", _VERSION) + b"".join(map(_string, parts)))


def verify(signature: str, message: bytes, namespace: str) -> PublicKey:
    """Return the key that signed a message.

    Raises:
        SignatureError: This is no signature, or not one of this message for this purpose.
    """
    signer, made = _read(signature, namespace)
    try:
        key = ed25519.Ed25519PublicKey.from_public_bytes(signer.raw)
        key.verify(made, _signed(message, namespace))
    except (exceptions.InvalidSignature, ValueError):
        raise SignatureError("the signature is not one of this text") from None
    return signer


def _armour(blob: bytes) -> str:
    text = base64.b64encode(blob).decode()
    lines = (text[start : start + _WIDTH] for start in range(0, len(text), _WIDTH))
    return "\n".join((_BEGIN, *lines, _END, ""))


def _read(signature: str, namespace: str) -> tuple[PublicKey, bytes]:
    refused = SignatureError("this is no SSH signature by an ed25519 key")
    try:
        blob = base64.b64decode("".join(signature.split("\n")[1:-2]), validate=True)
    except ValueError:
        raise refused from None
    if _armour(blob) != signature:  # one text for one signature
        raise refused
    head = _MAGIC + struct.pack(">I", _VERSION)
    parts = _strings(blob.removeprefix(head))
    if not blob.startswith(head) or len(parts) != len(("key", "name", "", "hash", "signature")):
        raise refused
    key, name, reserved, algorithm, made = parts
    inner = _strings(made)
    if (reserved, algorithm) != (b"", _HASH) or inner[:1] != [_KIND] or len(inner) != 2:  # noqa: PLR2004 - kind and signature
        raise refused
    if name != namespace.encode():
        raise SignatureError("the signature was made for another purpose")
    return _key(key), inner[1]


def _signed(message: bytes, namespace: str) -> bytes:
    digest = hashlib.sha512(message).digest()
    return _MAGIC + b"".join(map(_string, (namespace.encode(), b"", _HASH, digest)))


def _key(blob: bytes) -> PublicKey:
    parts = _strings(blob)
    if len(parts) != 2 or parts[0] != _KIND or len(parts[1]) != 32:  # noqa: PLR2004 - RFC 8709, section 4
        raise SignatureError("this is no SSH signature by an ed25519 key")
    return PublicKey(parts[1])


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def _strings(blob: bytes) -> list[bytes]:
    """Read strings until the end; none at all where the blob is not made of them."""
    found: list[bytes] = []
    while blob:
        if len(blob) < 4:  # noqa: PLR2004 - a length is four bytes
            return []
        (length,) = struct.unpack(">I", blob[:4])
        if length > len(blob) - 4:
            return []
        found.append(blob[4 : 4 + length])
        blob = blob[4 + length :]
    return found
