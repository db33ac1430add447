"""Sessions that somebody has to look after because nobody is in them any more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action
from cases.actor import SystemActor
from cases.session_access import participants_of, see_session
from cases.session_states import Attendance, EndCause, stale_cause
from cases.sessions import end
from cases.states import ParticipantRole, Presence, SessionState
from cases.tables import Session
from cases.unit import Unit

_CLOSED_AT_ONCE = 100


async def end_if_stale(unit: Unit, session_id: str) -> EndCause | None:
    """End a session that nobody will come back to; says why, or ``None`` when it goes on."""
    actor = SystemActor()
    seen = await see_session(unit.tx, actor, session_id, Action.HOST, lock=True)
    people = await participants_of(unit.tx, session_id)
    relevant = [
        Attendance(Presence(p.presence), p.seen_at)
        for p in people
        # Of a waiting session only the buyer counts: a host who released it is gone. An
        # observer alone keeps nothing open.
        if p.role == ParticipantRole.BUYER
        or (p.role == ParticipantRole.HOST and seen.session.state != SessionState.WAITING)
    ]
    state = SessionState(seen.session.state)
    cause = stale_cause(state, relevant, seen.session.created_at, unit.now)
    if cause is not None:
        await end(unit, seen.session, seen.case, cause, actor)
    return cause


async def open_session_ids(tx: AsyncSession) -> list[str]:
    """Every session that has not ended."""
    return list(
        (await tx.execute(select(Session.id).where(Session.state != SessionState.ENDED))).scalars()
    )


async def unclosed_sessions(tx: AsyncSession, ended_before: datetime) -> list[tuple[str, str]]:
    """Sessions that ended but of which the recorder has not said its last word: id, cause."""
    rows = await tx.execute(
        select(Session.id, Session.end_cause)
        .where(
            Session.state == SessionState.ENDED,
            Session.ended_at < ended_before,
            Session.recorder_closed_at.is_(None),
        )
        .order_by(Session.ended_at.desc())
        .limit(_CLOSED_AT_ONCE)
    )
    return [(session_id, cause or EndCause.HOST_ENDED) for session_id, cause in rows]
