"""Remove a lab, and prove by looking that nothing of it is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import errors, parallel

if TYPE_CHECKING:
    from labkit.lifecycle import context


def destroy(lab: context.Context) -> tuple[str, ...]:
    """Remove every machine of the lab and its folder; return what was removed.

    Raises:
        errors.LeftoverError: Something could not be removed; names each thing.
    """
    lab.space.ledger.mend()
    if not lab.space.path.exists() and not lab.provider.leftovers():
        return ()
    lab.space.make()
    machines = {name: name for name in lab.provider.made()}
    done = parallel.each(machines, lab.provider.destroy)
    reasons = [f"{name}: {error}" for name, error in done.items() if isinstance(error, Exception)]
    left = [*reasons, *lab.provider.leftovers()]
    if not left:
        lab.space.remove()
        if lab.space.path.exists():
            left = [str(lab.space.path)]
    if left:
        raise errors.LeftoverError(
            f"not all of lab '{lab.lab.name}' could be removed: {'; '.join(left)}",
            hint="run 'lab.destroy' again; what is named above was not touched",
        )
    return tuple(machines)
