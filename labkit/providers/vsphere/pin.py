"""Which certificate a vCenter must show: one that a known authority signed, or exactly this one.

pyVmomi looks at a thumbprint only after the certificate was found to be no good, and at none where
verification is off (9.1.1.0), so labkit compares the digest itself and then trusts this one
certificate alone. Verification is never off.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
from typing import TYPE_CHECKING

from labkit import errors

if TYPE_CHECKING:
    import pathlib

_TIMEOUT = 20.0
"""Seconds for a vCenter to show its certificate."""


def digest(text: str) -> str:
    """Return a SHA-256 digest as lower-case digits without colons."""
    return text.replace(":", "").lower()


def shown(server: str, port: int) -> bytes:
    """Return the certificate that a server shows, in DER; nothing is sent to it, and none trusted.

    Raises:
        errors.UnreachableError: There is no such server.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # looked at, not used: this connection ends right here
    try:
        with (
            socket.create_connection((server, port), _TIMEOUT) as plug,
            context.wrap_socket(plug, server_hostname=server) as wrapped,
        ):
            return wrapped.getpeercert(binary_form=True) or b""
    except OSError as error:
        raise unreachable(server, port, error) from error


def unreachable(server: str, port: int, error: OSError) -> errors.UnreachableError:
    """Return the sentence for a vCenter that does not answer."""
    return errors.UnreachableError(
        f"the vCenter {server}:{port} does not answer: {error.strerror or error}",
        hint="look at providers.vsphere.server, at the network and at a VPN",
    )


def pinned(server: str, port: int, sha256: str) -> ssl.SSLContext:
    """Return what trusts the server's certificate if its digest is the given one, and no other.

    Raises:
        errors.ProviderError: It shows another certificate.
        errors.UnreachableError: There is no such server.
    """
    certificate = shown(server, port)
    found = hashlib.sha256(certificate).hexdigest()
    if found != digest(sha256):
        raise errors.ProviderError(
            f"the vCenter {server}:{port} shows another certificate than lab.yml says: its sha256 "
            f"is {found}",
            hint="nothing was sent to it; ask the vCenter's administrator whether it was renewed",
        )
    context = ssl.create_default_context(cadata=ssl.DER_cert_to_PEM_cert(certificate))
    # The certificate itself is the anchor, whoever signed it and whatever names are in it.
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def signed(ca: pathlib.Path | None) -> ssl.SSLContext:
    """Return what trusts a certificate that the authorities in a file signed for the server's name.

    Args:
        ca: A file with certificates (PEM); without it, the authorities that the host trusts.

    Raises:
        errors.LabError: The file is none with certificates.
    """
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise errors.LabError(
            f"{ca} cannot be used: {error.strerror or 'it has no certificate'}",
            hint="write the certificates that sign the vCenter's there (PEM), or give its sha256",
        ) from error
