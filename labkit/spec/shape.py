"""What every mapping of a lab file has in common."""

from __future__ import annotations

import pydantic


class Model(pydantic.BaseModel):
    """Nothing is converted, nothing is ignored, nothing changes afterwards.

    Only the mapping that holds all others is asked to validate, so only that one gets ready for it.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)
