"""Where sessions have their media, as what, and what follows when a media worker is gone."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import SystemActor
from cases.session_access import participants_of
from cases.states import ParticipantRole, SessionState, Voice
from cases.tables import Participant, Session
from cases.unit import LostPeer, Unit
from cases.voices import media_role


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
            LostPeer(session.id, person.id, person.peer_id, gone=True)
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


async def roles_in_room(
    tx: AsyncSession, session_id: str
) -> tuple[str, str, dict[str, str]] | None:
    """Where a session's media is and what everybody in it is; None when it has none."""
    session = await tx.get(Session, session_id)
    if session is None or session.state == SessionState.ENDED:
        return None
    if session.media_worker is None or session.media_epoch is None:
        return None
    roles = {
        person.id: media_role(
            ParticipantRole(person.role),
            in_charge=person.staff_id == session.host_staff_id,
            voice=Voice(person.voice) if person.voice else None,
            has_media=person.peer_id is not None,
        )
        for person in await participants_of(tx, session_id)
        # A host who has gone keeps no claim to the host's place.
        if person.role != ParticipantRole.HOST
        or person.staff_id in (session.host_staff_id, session.successor_staff_id)
    }
    return session.media_worker, session.media_epoch, roles


async def crowded_sessions(tx: AsyncSession) -> list[str]:
    """The sessions with more people than a buyer and a host, whose wiring may change."""
    rows = await tx.scalars(
        select(Participant.session_id)
        .join(Session, Session.id == Participant.session_id)
        .where(
            Session.state != SessionState.ENDED,
            or_(
                Participant.role == ParticipantRole.OBSERVER,
                Session.successor_staff_id.is_not(None),
            ),
        )
        .distinct()
    )
    return list(rows)


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
