"""Where sessions have their media, and what follows when a media worker is gone."""

from __future__ import annotations

from sqlalchemy import select

from cases.actor import SystemActor
from cases.sessions import participants_of
from cases.states import SessionState
from cases.tables import Session
from cases.unit import Unit


async def forget_media(unit: Unit, worker: str, epoch: str) -> None:
    """A worker is gone: everybody who was on it needs a fresh peer."""
    for session in await _placed_on(unit, worker, epoch):
        await _lose_media(unit, session)


async def move_media(unit: Unit, worker: str, epoch: str) -> None:
    """A worker is to leave but lives: its people's pages replace their peers one by one.

    Nothing is lost, so the log says nothing; the first fresh peer chooses the new worker.
    """
    for session in await _placed_on(unit, worker, epoch):
        session.media_worker = session.media_epoch = None
        unit.changes.lost_peers += [
            (session.id, person.id)
            for person in await participants_of(unit.tx, session.id)
            if person.peer_id is not None
        ]


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


async def _placed_on(unit: Unit, worker: str, epoch: str) -> list[Session]:
    rows = await unit.tx.execute(
        select(Session)
        .where(
            Session.media_worker == worker,
            Session.media_epoch == epoch,
            Session.state != SessionState.ENDED,
        )
        .with_for_update()
    )
    return list(rows.scalars())


async def _lose_media(unit: Unit, session: Session) -> None:
    session.media_worker = session.media_epoch = None
    for person in await participants_of(unit.tx, session.id):
        if person.peer_id is None:
            continue
        person.peer_id = None
        await unit.record(session.id, "peer_lost", {"participant_id": person.id}, SystemActor())
        unit.changes.lost_peers.append((session.id, person.id))
    unit.changes.sessions.add(session.id)
