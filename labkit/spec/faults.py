"""How a validator says what is wrong with a value."""

from __future__ import annotations

import pydantic_core

TYPE = "labkit"
"""The pydantic error type whose context holds the final words."""


def wrong(message: str, hint: str) -> pydantic_core.PydanticCustomError:
    """Make the error with which a validator says exactly what the person will read."""
    return pydantic_core.PydanticCustomError(TYPE, "{message}", {"message": message, "hint": hint})
