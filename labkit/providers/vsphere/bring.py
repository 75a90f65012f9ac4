"""What is done to one machine, as generators for the window: each yields what it needs.

Bringing up is looking, taking the one step that leads on, and looking again. A run that was cut
short at any point therefore goes on from there, and nothing is done twice.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from labkit import errors
from labkit.providers.vsphere import api, faults, inventory, specs, stamp, wanted, window

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from labkit.images import seed as seeds

_MOST = 12
"""Steps of one machine; more are a machine that does not become what is wanted."""
_SHUTDOWN = 120.0
"""Seconds that a guest has to shut down; services that hang are given up by systemd after 90."""
_LOOK = 1.0
_Step = wanted.Step


@dataclasses.dataclass(frozen=True, slots=True)
class Hands:
    """What steps need beside the machine."""

    field: int
    """The key of the custom attribute."""
    place: Callable[[], specs.Place]
    """Where to clone to; looked up when there is something to clone."""
    identity: seeds.Seed
    search: Sequence[str]
    mark: Callable[[api.Ref, stamp.Stamp], None]


def bring(
    want: wanted.Wanted, ref: api.Ref | None, hands: Hands
) -> Generator[window.Need, Any, inventory.Machine]:
    """Make a machine what it shall be, and power it on; returns how it was last seen."""
    before: wanted.Step | None = None
    for _ in range(_MOST):
        seen = yield from look(ref, hands.field)
        if seen is not None:
            require_ours(seen, want.stamp)
        step = wanted.step(want, seen)
        if step is _Step.NOTHING and seen is not None:
            return seen
        if step is before:
            raise errors.ProviderError(
                f"{want.name}: {step.value} had no effect",
                hint="look at the machine's events in the vCenter's window",
            )
        before = step
        answer = yield from _take(step, want, seen, hands)
        if step is _Step.CLONE:
            ref = answer
    raise errors.ProviderError(
        f"{want.name} does not become what it shall be", hint="run 'lab.up' again"
    )


def look(
    ref: api.Ref | None, field: int | None, after: float = 0.0
) -> Generator[window.Need, Any, inventory.Machine | None]:
    """Read all of a machine; None when there is none."""
    if ref is None:
        return None
    found = yield window.Look(ref, after)
    return inventory.machine(found, field) if found is not None else None


def require_ours(seen: inventory.Machine, own: stamp.Stamp) -> None:
    """Refuse to change a machine of somebody else.

    Raises:
        errors.ProviderError: It is.
    """
    if seen.stamp is None or not seen.stamp.is_of(own):
        raise errors.ProviderError(
            f"the machine '{seen.name}' on the vCenter is not this lab's",
            hint="labkit leaves it alone; rename it, or give the lab another name",
        )


def _take(
    step: wanted.Step, want: wanted.Wanted, seen: inventory.Machine | None, hands: Hands
) -> Generator[window.Need, Any, Any]:
    try:
        return (yield _begin(step, want, seen, hands))
    except faults.FaultError as error:
        raise errors.ProviderError(f"{want.name}: {error.message}", hint=error.hint) from error


def _begin(
    step: wanted.Step, want: wanted.Wanted, seen: inventory.Machine | None, hands: Hands
) -> window.Start:
    if seen is None:
        place = hands.place()
        spec = specs.clone(want, place)
        source = place.template.ref
        return window.Start(
            step.value, "CloneVM", lambda: source.CloneVM_Task(place.folder, want.name, spec)
        )
    ref = seen.ref
    if step is _Step.STAMP:
        return window.Start(step.value, "SetField", lambda: hands.mark(ref, want.stamp))
    calls: Mapping[wanted.Step, tuple[str, Callable[[], Any]]] = {
        _Step.RECONFIGURE: (
            "ReconfigVM",
            lambda: ref.ReconfigVM_Task(specs.reconfigure(want, seen)),
        ),
        _Step.CUSTOMIZE: (
            "CustomizeVM",
            lambda: ref.CustomizeVM_Task(specs.customization(want, hands.identity, hands.search)),
        ),
        _Step.POWER_ON: ("PowerOnVM", lambda: ref.PowerOnVM_Task(None)),
    }
    return window.Start(step.value, *calls[step])


def stop(ref: api.Ref, own: stamp.Stamp, field: int | None) -> Generator[window.Need, Any, bool]:
    """Ask the guest to shut down, and wait; returns False where it had to be switched off."""
    seen = yield from look(ref, field)
    if seen is None or not seen.running:
        return True
    require_ours(seen, own)
    if seen.tools:
        yield window.Start("shutting down", "ShutdownGuest", ref.ShutdownGuest)
        for _ in range(int(_SHUTDOWN / _LOOK)):
            seen = yield from look(ref, field, _LOOK)
            if seen is None or not seen.running:
                return True
    yield window.Start("switching off", "PowerOffVM", ref.PowerOffVM_Task)
    return False


def destroy(ref: api.Ref, own: stamp.Stamp, field: int | None) -> Generator[window.Need, Any, None]:
    """Remove a machine and its disks; the template's disk under a linked one stays."""
    seen = yield from look(ref, field)
    if seen is None:
        return
    require_ours(seen, own)
    if seen.running:
        yield window.Start("switching off", "PowerOffVM", ref.PowerOffVM_Task)
    try:
        yield window.Start("removing", "Destroy", ref.Destroy_Task)
    except faults.GoneError:
        return


def save(
    ref: api.Ref, own: stamp.Stamp, field: int | None, name: str
) -> Generator[window.Need, Any, None]:
    """Save a machine, with its memory when it runs."""
    seen = yield from look(ref, field)
    if seen is None:
        raise errors.ProviderError("there is no such machine on the vCenter", hint="run 'lab.up'")
    require_ours(seen, own)
    memory = seen.running
    yield window.Start(
        "saving",
        "CreateSnapshot",
        lambda: ref.CreateSnapshot_Task(name, "made by labkit", memory, False),
    )


def restore(
    ref: api.Ref, own: stamp.Stamp, field: int | None, name: str
) -> Generator[window.Need, Any, None]:
    """Bring a machine back to a snapshot; it runs afterwards when it ran then."""
    seen = yield from look(ref, field)
    if seen is None or name not in seen.snapshot_refs:
        raise errors.ProviderError(f"it has no snapshot '{name}'")
    require_ours(seen, own)
    saved = seen.snapshot_refs[name]
    yield window.Start("going back", "RevertToSnapshot", lambda: saved.RevertToSnapshot_Task(None))


def discard(
    ref: api.Ref, own: stamp.Stamp, field: int | None, name: str
) -> Generator[window.Need, Any, None]:
    """Remove a snapshot; the ones that were taken after it stay."""
    seen = yield from look(ref, field)
    if seen is None or name not in seen.snapshot_refs:
        return
    require_ours(seen, own)
    saved = seen.snapshot_refs[name]
    yield window.Start(
        "removing the snapshot",
        "RemoveSnapshot",
        lambda: saved.RemoveSnapshot_Task(False),
    )
