"""Warm hand-over: a host asks another, both are in the call for a while, then one of them.

Exactly one host is in charge at each moment (``sessions.host_staff_id``): the first until
they leave or are gone, then the second (until then ``sessions.successor_staff_id``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import desk, sessions
from cases.access_policy import Action, may
from cases.actor import Actor, StaffActor, SystemActor
from cases.case_access import facts_of, not_found
from cases.case_text import texts_of
from cases.handover_hosts import is_asked, ready_hosts, speaks
from cases.handover_states import OVER, RING_FOR, HandoverState, next_by_itself
from cases.hosting import first_items, session_of_host
from cases.keys import KeyRing
from cases.log import Visibility
from cases.participant_names import opened_name
from cases.sealing import open_text, seal_text
from cases.session_access import see_as_host, see_as_participant, see_session
from cases.states import ParticipantRole, Presence, SessionState
from cases.tables import Case, Handover, Participant, Session, Staff
from cases.unit import Unit
from runtime.errors import CaseError
from runtime.ids import new_id


@dataclass(frozen=True, slots=True)
class Request:
    """Whom a host asks: one person, or anyone who is ready and speaks a language."""

    staff_id: str | None
    language: str | None
    note: str


async def ask(unit: Unit, actor: StaffActor, session_id: str, request: Request) -> str:
    """The host in charge asks; who is asked hears of it at their desk. Gives the hand-over's id.

    Raises:
        CaseError: what ``see_as_host`` raises; ``not_live``, ``handover_under_way``,
            ``host_not_ready``, ``nobody_ready`` (409).
    """
    session, case, _me = await see_as_host(unit.tx, actor, session_id, lock=True)
    if session.state != SessionState.LIVE:
        raise CaseError("not_live", "There is no buyer to hand over yet.")
    if await _open_handover(unit.tx, session.id) is not None:
        raise CaseError("handover_under_way", "You are handing the buyer over already.")
    free = [staff for staff, busy in await ready_hosts(unit.tx, session, case) if not busy]
    if request.staff_id is not None:
        free = [staff for staff in free if staff.id == request.staff_id]
        if not free:
            raise CaseError("host_not_ready", "This host is not free right now.")
    elif not [staff for staff in free if speaks(staff.locale, request.language)]:
        raise CaseError("nobody_ready", "Nobody who could take over is free right now.")
    handover_id, key = new_id("hov"), await unit.session_key(session.id)
    handover = Handover(
        id=handover_id,
        session_id=session.id,
        from_staff_id=actor.staff_id,
        to_staff_id=request.staff_id,
        language=None if request.staff_id else request.language,
        sealed_note=seal_text(key, _bound_to(handover_id), request.note),
        state=HandoverState.RINGING,
        created_at=unit.now,
    )
    unit.tx.add(handover)
    await unit.tx.flush()
    await unit.record(
        session.id,
        "handover_asked",
        {
            "handover_id": handover.id,
            "to": free[0].name if request.staff_id else None,
            "language": handover.language,
            "note": request.note,
        },
        actor,
        visibility=Visibility.SELLER,
    )
    sessions.touch(unit, session, case)
    return handover.id


async def answer(unit: Unit, actor: StaffActor, handover_id: str, *, yes: bool) -> str:
    """Who was asked says yes, and is a host beside the first, or no; gives the session's id.

    A no of one of several who were asked changes nothing for the others.

    Raises:
        CaseError: ``not_found``, ``handover_over`` (410), ``one_at_a_time``,
            ``consent_required`` (409).
    """
    known = await unit.tx.get(Handover, handover_id)
    if known is None:
        raise not_found()
    seen = await see_session(unit.tx, actor, known.session_id, Action.HOST, lock=True)
    session, case = seen.session, seen.case
    handover = await unit.tx.get_one(Handover, handover_id, populate_existing=True)
    if not await is_asked(unit.tx, actor, handover):
        raise not_found()
    if yes and session.successor_staff_id == actor.staff_id:
        # Said twice: the first time the answer got lost.
        return session.id
    is_late = unit.now - handover.created_at >= RING_FOR
    if handover.state != HandoverState.RINGING or is_late or session.state != SessionState.LIVE:
        raise CaseError("handover_over", "This hand-over is over.", status=410)
    if not yes:
        if handover.to_staff_id is not None:
            await _give_up(unit, session, handover, HandoverState.REFUSED, actor)
            sessions.touch(unit, session, case)
        return session.id
    if await session_of_host(unit.tx, actor) is not None:
        raise CaseError("one_at_a_time", "Finish the inspection you are in first.")
    first = await unit.tx.get_one(Staff, handover.from_staff_id)
    handover.state = HandoverState.ACCEPTED
    session.successor_staff_id = actor.staff_id
    me = await sessions.seat_host(unit, actor, session)
    await unit.record(
        session.id,
        "handover_accepted",
        {
            "handover_id": handover.id,
            "from": first.name,
            "to": actor.name,
            "participant_id": me.id,
        },
        actor,
    )
    unit.changes.roles.add(session.id)
    sessions.touch(unit, session, case)
    await unit.tx.flush()
    return session.id


async def finish(unit: Unit, actor: StaffActor, session_id: str) -> None:
    """The first host leaves, and the second is in charge.

    Raises:
        CaseError: what ``see_as_host`` raises, ``successor_not_here`` (409).
    """
    session, case, _me = await see_as_host(unit.tx, actor, session_id, lock=True)
    handover = await _open_handover(unit.tx, session.id)
    successor = await _successor(unit.tx, session)
    if (
        handover is None
        or successor is None
        or successor.presence != Presence.HERE
        or successor.peer_id is None
    ):
        raise CaseError("successor_not_here", "The other host is not in the call yet.")
    await _complete(unit, session, case, handover, actor, "left")


async def take_back(unit: Unit, actor: StaffActor, session_id: str) -> None:
    """The first host thinks better of it, or the second steps back; nothing, when it is over.

    Raises:
        CaseError: ``not_found``, ``wrong_role`` (403).
    """
    session, case, me = await see_as_participant(unit.tx, actor, session_id, lock=True)
    if me.role != ParticipantRole.HOST:
        raise CaseError("wrong_role", "Only a host can do this.", status=403)
    handover = await _open_handover(unit.tx, session.id)
    if handover is None:
        return
    stepped_back = me.staff_id == session.successor_staff_id
    state = HandoverState.REFUSED if stepped_back else HandoverState.TAKEN_BACK
    await _give_up(unit, session, handover, state, actor)
    sessions.touch(unit, session, case)


async def move_on(unit: Unit, session_id: str) -> HandoverState | None:
    """Do what time and presence make of a session's hand-over, if one is under way."""
    actor = SystemActor()
    seen = await see_session(unit.tx, actor, session_id, Action.HOST, lock=True)
    handover = await _open_handover(unit.tx, session_id)
    if handover is None or seen.session.state == SessionState.ENDED:
        return None
    before = HandoverState(handover.state)
    first = await _host(unit.tx, seen.session)
    successor = await _successor(unit.tx, seen.session)
    after = next_by_itself(
        before,
        unit.now - handover.created_at,
        Presence(first.presence) if first else Presence.LEFT,
        Presence(successor.presence) if successor else None,
    )
    if after is HandoverState.DONE:
        await _complete(unit, seen.session, seen.case, handover, actor, "gone")
    elif after in OVER:
        await _give_up(unit, seen.session, handover, after, actor)
        sessions.touch(unit, seen.session, seen.case)
    return after


async def open_handovers(tx: AsyncSession) -> list[str]:
    """The sessions in which a hand-over is under way."""
    return list(await tx.scalars(select(Handover.session_id).where(Handover.ended_at.is_(None))))


async def handover_of(
    tx: AsyncSession, key: bytes | None, session: Session
) -> dict[str, object] | None:
    """What everybody in a session may know of its hand-over: names only once it was accepted.

    ``key`` is the session's.
    """
    if session.state != SessionState.LIVE:
        return None
    handover = await _open_handover(tx, session.id)
    if handover is None:
        return None
    successor = await _successor(tx, session)
    return {
        "handover_id": handover.id,
        "state": handover.state,
        "to": opened_name(key, successor) if successor else None,
        "until": (handover.created_at + RING_FOR).isoformat(),
    }


async def rings_for(
    tx: AsyncSession, keys: KeyRing, actor: StaffActor, now: datetime
) -> list[dict[str, object]]:
    """What rings at somebody's desk."""
    rows = (
        await tx.execute(
            select(Handover, Session, Case, Staff.name)
            .join(Session, Session.id == Handover.session_id)
            .join(Case, Case.id == Session.case_id)
            .join(Staff, Staff.id == Handover.from_staff_id)
            .where(
                Handover.state == HandoverState.RINGING,
                Handover.created_at > now - RING_FOR,
                Handover.from_staff_id != actor.staff_id,
            )
            .order_by(Handover.created_at)
        )
    ).all()
    mine = [
        row
        for row in rows
        if may(actor, Action.HOST, facts_of(row.Case)) and await is_asked(tx, actor, row.Handover)
    ]
    items = await first_items(tx, [row.Case.id for row in mine])
    texts = await texts_of(tx, keys, [row.Case for row in mine])
    opened = await keys.session_keys(tx, {row.Session.id for row in mine})
    return [
        {
            "handover_id": row.Handover.id,
            "session_id": row.Session.id,
            "from": row.name,
            "note": note_of(opened.get(row.Session.id), row.Handover),
            "buyer_name": texts[row.Case.id].buyer_name,
            "buyer_locale": row.Case.buyer_locale,
            "title": items[row.Case.id].listing.get("title", "") if row.Case.id in items else "",
            "until": (row.Handover.created_at + RING_FOR).isoformat(),
        }
        for row in mine
    ]


async def _complete(
    unit: Unit, session: Session, case: Case, handover: Handover, actor: Actor, cause: str
) -> None:
    first = await _host(unit.tx, session)
    successor = await _successor(unit.tx, session)
    assert successor is not None
    handover.state, handover.ended_at = HandoverState.DONE, unit.now
    session.host_staff_id, session.successor_staff_id = session.successor_staff_id, None
    if first is not None:
        if first.presence != Presence.LEFT:
            await sessions.set_presence(unit, session, first, Presence.LEFT, actor)
        sessions.go(unit, session, first)
    host = await unit.tx.get_one(Staff, successor.staff_id)
    if host.warehouse_id != case.warehouse_id:
        # Only people of its warehouse can take a bench camera away again.
        await sessions.take_cameras_away(unit, session.id, actor)
    key = await unit.session_key(session.id)
    said: dict[str, object] = {
        "from": opened_name(key, first) if first else "",
        "to": opened_name(key, successor),
        "participant_id": successor.id,
        "cause": cause,
    }
    await unit.record(session.id, "host_changed", said, actor)
    await desk.note_in_case(
        unit.tx,
        unit.keys,
        case.id,
        "handed_over",
        {"session_id": session.id, **said},
        actor,
        unit.now,
    )
    unit.changes.roles.add(session.id)
    sessions.touch(unit, session, case)
    await unit.tx.flush()


async def _give_up(
    unit: Unit, session: Session, handover: Handover, state: HandoverState, actor: Actor
) -> None:
    was_accepted = handover.state == HandoverState.ACCEPTED
    handover.state, handover.ended_at = state, unit.now
    successor = await _successor(unit.tx, session)
    if successor is not None:
        if successor.presence != Presence.LEFT:
            await sessions.set_presence(unit, session, successor, Presence.LEFT, actor)
        sessions.go(unit, session, successor)
        session.successor_staff_id = None
    await unit.record(
        session.id,
        "handover_ended",
        {"handover_id": handover.id, "outcome": state},
        actor,
        # What the buyer has not heard of did not happen for them.
        visibility=Visibility.PARTIES if was_accepted else Visibility.SELLER,
    )
    unit.changes.roles.add(session.id)
    await unit.tx.flush()


def note_of(key: bytes | None, handover: Handover) -> str:
    """What the first host wrote, with the session's key; nothing once it is erased."""
    return open_text(key, _bound_to(handover.id), handover.sealed_note) or ""


def _bound_to(handover_id: str) -> str:
    return f"handover:{handover_id}"


async def _open_handover(tx: AsyncSession, session_id: str) -> Handover | None:
    return (
        await tx.execute(
            select(Handover).where(Handover.session_id == session_id, Handover.ended_at.is_(None))
        )
    ).scalar_one_or_none()


async def _host(tx: AsyncSession, session: Session) -> Participant | None:
    return await _staff_in(tx, session.id, session.host_staff_id)


async def _successor(tx: AsyncSession, session: Session) -> Participant | None:
    return await _staff_in(tx, session.id, session.successor_staff_id)


async def _staff_in(tx: AsyncSession, session_id: str, staff_id: str | None) -> Participant | None:
    if staff_id is None:
        return None
    return (
        await tx.execute(
            select(Participant).where(
                Participant.session_id == session_id, Participant.staff_id == staff_id
            )
        )
    ).scalar_one_or_none()
