"""Where sessions have their media, and what follows when a media worker is gone."""

from __future__ import annotations

from sqlalchemy import select

from cases.actor import SystemActor
from cases.sessions import participants_of
from cases.states import SessionState
from cases.tables import Session
from cases.unit import LostPeer, Unit


async def forget_media(unit: Unit, worker: str, epoch: str) -> None:
    """A worker is gone: everybody who was on it needs a fresh peer."""
    rows = await unit.tx.execute(
        select(Session)
        .where(
            Session.media_worker == worker,
            Session.media_epoch == epoch,
            Session.state != SessionState.ENDED,
        )
        .with_for_update()
    )
    for session in rows.scalars():
        await _lose_media(unit, session)


async def forget_dead_media(unit: Unit, alive: frozenset[tuple[str, str]]) -> None:
    """After a restart of ``web``: find the sessions whose worker died meanwhile."""
    rows = await unit.tx.execute(
        select(Session)
        .where(Session.media_worker.is_not(None), Session.state != SessionState.ENDED)
        .with_for_update()
    )
    for session in rows.scalars():
        if (session.media_worker or "", session.media_epoch or "") not in alive:
            await _lose_media(unit, session)


async def _lose_media(unit: Unit, session: Session) -> None:
    session.media_worker = session.media_epoch = None
    for person in await participants_of(unit.tx, session.id):
        if person.peer_id is None:
            continue
        lost = LostPeer(session.id, person.id, person.peer_id, gone=True)
        person.peer_id = None
        person.connection = "lost"
        await unit.record(session.id, "peer_lost", {"participant_id": person.id}, SystemActor())
        unit.changes.lost_peers.append(lost)
    unit.changes.sessions.add(session.id)
