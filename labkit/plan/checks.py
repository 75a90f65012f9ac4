"""Which machines a check of lab.yml asks, and for what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from labkit.plan import model
from labkit.spec import own_checks

if TYPE_CHECKING:
    from labkit.spec import model as spec_model


def plan(lab: spec_model.LabFile, name: str) -> model.OwnCheck:
    """Return the plan of one check: every machine by its name, and by its address where asked."""
    entry = lab.checks[name]
    kind = next(kind for kind in own_checks.KINDS if getattr(entry, kind) is not None)
    wanted: dict[str, Any] = getattr(entry, kind).model_dump()
    if wanted.get("machine") is not None:
        wanted["machine"] = str(lab.machines[wanted["machine"]].hostonly)
    asked = entry.machines or tuple(lab.machines)
    machines = (
        machine
        for machine, said in lab.machines.items()
        if machine in asked or set(said.roles) & set(asked)
    )
    return model.OwnCheck(name, cast("model.CheckKind", kind), tuple(sorted(machines)), wanted)
