"""Which event may come next; a gap, a repetition or an older chain may not. Pure."""

from __future__ import annotations

import dataclasses

from labkit.events import model, standing


@dataclasses.dataclass(frozen=True, slots=True)
class State:
    """What is known of one lab's events."""

    chain: str = ""
    seq: int = 0
    digest: str = ""
    """Of the last event."""
    past: frozenset[str] = frozenset()
    """Chains that a newer one has taken the place of."""
    standing: standing.Standing = standing.NOTHING


def follow(state: State, event: model.Event) -> State:
    """Return the state after an event whose signature holds.

    Raises:
        model.RefusedError: It is not the next one.
    """
    if event.chain in state.past:
        raise model.RefusedError("an event of a lab that was made anew since")
    if event.chain != state.chain:
        if event.seq != 1:
            raise model.RefusedError(f"event {event.seq} of a lab whose first ones are missing")
        past = state.past | {state.chain} if state.chain else state.past
        return State(event.chain, 1, event.digest, past, standing.after(standing.NOTHING, event))
    if event.seq <= state.seq:
        raise model.RefusedError(f"event {event.seq} came before, {state.seq} was the last one")
    if event.seq > state.seq + 1:
        raise model.RefusedError(f"event {event.seq} after {state.seq}: some are missing between")
    if event.previous != state.digest:
        raise model.RefusedError(f"event {event.seq} follows another one than event {state.seq}")
    now = standing.after(state.standing, event)
    return dataclasses.replace(state, seq=event.seq, digest=event.digest, standing=now)
