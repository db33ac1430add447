"""PURE. Why a session ends, and when one has gone stale (its moves are in ``states``)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cases.states import Presence, SessionState

NOBODY_HERE_FOR = timedelta(minutes=30)
WAITING_BUYER_AWAY_FOR = timedelta(minutes=5)


class EndCause(StrEnum):
    """Why a session ended."""

    VERDICT = "verdict"
    HOST_ENDED = "host_ended"
    BUYER_LEFT = "buyer_left"
    RELEASED = "released"
    BUYER_AWAY = "buyer_away"
    NOBODY_HERE = "nobody_here"


@dataclass(frozen=True, slots=True)
class Attendance:
    """One participant, as the sweeper sees them."""

    presence: Presence
    seen_at: datetime


def stale_cause(
    state: SessionState, attendance: Iterable[Attendance], created_at: datetime, now: datetime
) -> EndCause | None:
    """Say why a session should be ended by the sweeper, or ``None``.

    A waiting buyer who has been gone for five minutes loses their place; any other
    open session in which nobody has been for half an hour is over.
    """
    people = list(attendance)
    if state is SessionState.ENDED or any(p.presence is Presence.HERE for p in people):
        return None
    last_seen = max((person.seen_at for person in people), default=created_at)
    if state is SessionState.WAITING:
        return EndCause.BUYER_AWAY if now - last_seen >= WAITING_BUYER_AWAY_FOR else None
    return EndCause.NOBODY_HERE if now - last_seen >= NOBODY_HERE_FOR else None
