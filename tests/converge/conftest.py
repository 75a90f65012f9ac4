"""The sandbox of the operations' tests."""

from __future__ import annotations

from tests.operations.conftest import place, sandbox, sandboxes

__all__ = ["place", "sandbox", "sandboxes"]
