"""The real sshd of the tests of sessions."""

from __future__ import annotations

from tests.ssh.conftest import endpoint, server

__all__ = ["endpoint", "server"]
