"""The embedded provider: plain QEMU processes, user networking, a shared segment, no root."""

from labkit.providers.qemu.provider import Provider

__all__ = ["Provider"]
