"""PURE. Where a hand-over stands, and what time and presence make of it."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

from cases.states import Presence

RING_FOR: Final = timedelta(seconds=30)


class HandoverState(StrEnum):
    """Where a hand-over stands; all but the first two are over."""

    RINGING = "ringing"
    ACCEPTED = "accepted"  # both hosts are in the call, the first one in charge
    DONE = "done"  # the successor is in charge
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    TAKEN_BACK = "taken_back"
    SUCCESSOR_GONE = "successor_gone"


OVER: Final = frozenset(HandoverState) - {HandoverState.RINGING, HandoverState.ACCEPTED}


def next_by_itself(
    state: HandoverState, age: timedelta, host: Presence, successor: Presence | None
) -> HandoverState:
    """What becomes of a hand-over that nobody says anything about.

    While both hosts are gone nothing changes: whoever comes back first has the buyer.
    """
    if state is HandoverState.RINGING:
        return HandoverState.UNANSWERED if age >= RING_FOR else state
    if state is not HandoverState.ACCEPTED:
        return state
    if successor is Presence.HERE:
        return state if host is Presence.HERE else HandoverState.DONE
    if successor is Presence.LEFT or host is Presence.HERE:
        return HandoverState.SUCCESSOR_GONE
    return state
