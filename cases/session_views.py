"""What is shown of a session: the snapshot a page starts from, and the events of its log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import hosting
from cases.actor import Actor, BuyerActor, ObserverActor
from cases.case_views import buyer_case_view, case_view
from cases.consenting import agreed_participants
from cases.handing_over import handover_of
from cases.keys import KeyRing
from cases.log import LoggedEvent, LogKind, Visibility, last_seq, read_events
from cases.participant_names import opened_name
from cases.session_access import participants_of, see_as_participant
from cases.states import ParticipantRole, SessionState
from cases.tables import Case, Participant, Session, Staff
from runtime.clock import Clock

Shown = dict[str, object]


def visible_to(actor: Actor) -> frozenset[Visibility]:
    """Which events somebody may read."""
    if isinstance(actor, (BuyerActor, ObserverActor)):
        return frozenset({Visibility.PARTIES})
    return frozenset({Visibility.PARTIES, Visibility.SELLER})


async def snapshot(
    tx: AsyncSession, keys: KeyRing, actor: Actor, session_id: str, clock: Clock
) -> Shown:
    """Everything a participant's page needs to show the session.

    Raises:
        CaseError: ``not_found`` (404).
    """
    session, case, me = await see_as_participant(tx, actor, session_id)
    people = await participants_of(tx, session_id)
    key = await keys.session_key(tx, session_id)
    return {
        "id": session.id,
        "case_id": session.case_id,
        "direction": session.direction,
        "created_at": session.created_at.isoformat(),
        "live_at": session.live_at.isoformat() if session.live_at else None,
        "ended_at": session.ended_at.isoformat() if session.ended_at else None,
        "waiting_since": session.waiting_since.isoformat() if session.waiting_since else None,
        "end_cause": session.end_cause,
        "you": {"participant_id": me.id, "role": me.role},
        **await changing_parts(tx, key, session, case, people),
        "case": await buyer_case_view(tx, keys, case.id)
        if isinstance(actor, (BuyerActor, ObserverActor))
        else await case_view(tx, keys, actor, case.id, clock.now()),
        "last_seq": await last_seq(tx, log=LogKind.SESSION, subject_id=session_id),
    }


async def changing_parts(
    tx: AsyncSession,
    key: bytes | None,
    session: Session,
    case: Case,
    people: Iterable[Participant],
) -> Shown:
    """What the socket's ``session`` message repeats whenever it changes.

    ``key`` is the session's; without it nobody has a name.
    """
    shown = list(people)
    place = await hosting.place_in_queue(tx, session, case)
    agreed = await agreed_participants(tx, session.id)
    return {
        "state": session.state,
        "participants": [
            {
                "id": person.id,
                "role": person.role,
                "name": opened_name(key, person),
                "locale": person.locale,
                "presence": person.presence,
                "camera": person.camera,
                "microphone": person.microphone,
                "connection": person.connection,
                "in_charge": person.staff_id is not None
                and person.role == ParticipantRole.HOST
                and person.staff_id == session.host_staff_id,
                "capacity": person.capacity,
                "voice": person.voice,
            }
            for person in shown
        ],
        "handover": await handover_of(tx, key, session),
        "queue": asdict(place) if place else None,
        "recording": session.state != SessionState.ENDED
        and any(
            person.peer_id is not None
            and (person.id in agreed or person.role == ParticipantRole.BENCH)
            for person in shown
        ),
    }


async def events_after(
    tx: AsyncSession,
    keys: KeyRing,
    session_id: str,
    visibilities: frozenset[Visibility],
    after: int,
    limit: int = 200,
) -> Shown:
    """The events after ``after`` that may be seen, at most ``limit``, and the newest number."""
    key = await keys.session_key(tx, session_id)
    events = await read_events(
        tx,
        log=LogKind.SESSION,
        subject_id=session_id,
        key=key,
        after=after,
        limit=limit,
        visibilities=visibilities,
    )
    return {
        "events": await show_events(tx, key, session_id, events),
        "last_seq": await last_seq(tx, log=LogKind.SESSION, subject_id=session_id),
    }


async def show_events(
    tx: AsyncSession, key: bytes | None, session_id: str, events: Iterable[LoggedEvent]
) -> list[Shown]:
    """Events as the protocol spells them, their actors by name: those in it need its ``key``."""
    people = await participants_of(tx, session_id)
    names: dict[str, Shown] = {}
    shown = []
    for event in events:
        if event.actor not in names:
            names[event.actor] = await _actor(tx, key, event.actor, people)
        shown.append(
            {
                "seq": event.seq,
                "kind": event.kind,
                "at": event.at.isoformat(),
                "actor": names[event.actor],
                "visibility": event.visibility,
                "client_id": event.client_id,
                "payload": event.payload or {},
            }
        )
    return shown


async def _actor(
    tx: AsyncSession, key: bytes | None, label: str, people: list[Participant]
) -> Shown:
    kind, _, subject_id = label.partition(":")
    for person in people:
        is_buyer = kind == "buyer" and person.device_id is not None
        is_observer = kind == "observer" and person.observer_link_id == subject_id
        if is_buyer or is_observer or (kind == "staff" and person.staff_id == subject_id):
            name = opened_name(key, person)
            return {"role": person.role, "name": name, "participant_id": person.id}
    known = (
        await tx.scalar(select(Staff.name).where(Staff.id == subject_id))
        if kind == "staff"
        else None
    )
    return {"role": kind, "name": known or "", "participant_id": None}
