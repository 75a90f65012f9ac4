"""What every mapping of a lab file has in common."""

from __future__ import annotations

import pydantic


class Model(pydantic.BaseModel):
    """Nothing is converted, nothing is ignored, nothing changes afterwards."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", strict=True)
