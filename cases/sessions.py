"""Live inspections: taking, releasing, leaving and ending them; presence of the people."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases import desk
from cases.access_policy import Action, may
from cases.actor import Actor, BuyerActor, StaffActor
from cases.case_access import facts_of, not_found
from cases.case_note import note
from cases.handover_states import HandoverState
from cases.hosting import next_in_line, queue_ids, session_of_host
from cases.log import LogKind, Visibility
from cases.new_sessions import new_prefix, new_session
from cases.participant_names import opened_name, sealed_name
from cases.session_access import (
    buyer_in,
    open_session_of,
    participant_of,
    participants_of,
    see_as_host,
    see_as_participant,
    see_session,
)
from cases.session_states import EndCause
from cases.standing_consent import require_agreement
from cases.states import (
    CaseState,
    CaseTrigger,
    ParticipantRole,
    Presence,
    SessionState,
    SessionTrigger,
    next_session_state,
)
from cases.tables import (
    BenchCamera,
    Case,
    Consent,
    Event,
    EvidenceCheck,
    Handover,
    Participant,
    Session,
    Staff,
)
from cases.unit import LostPeer, Unit
from runtime.errors import CaseError
from runtime.ids import CaseId, new_id

EVIDENCE_CHECKED_AFTER: Final = timedelta(hours=1)
"""So long after its end a session is closed, sealed and in the store, or something is wrong."""


async def take(unit: Unit, actor: StaffActor, case_id: str | None) -> str:
    """A host takes a buyer, or with no case whoever has waited longest; gives the session's id.

    A case that was offered an inspection but whose buyer has not come is held.

    Raises:
        CaseError: ``one_at_a_time``, ``queue_empty``, ``already_taken``, ``consent_required``
            (409), ``not_found``.
    """
    mine = await session_of_host(unit.tx, actor)
    if mine is not None:
        if case_id is not None and mine.case_id == case_id:
            return mine.id
        raise CaseError("one_at_a_time", "Finish the inspection you are in first.")
    if case_id is None:
        case_id = await next_in_line(unit.tx, actor)
        if case_id is None:
            raise CaseError("queue_empty", "Nobody is waiting.")
    case = await unit.tx.get(Case, case_id)
    if case is None or not may(actor, Action.HOST, facts_of(case)):
        raise not_found()
    session = await open_session_of(unit.tx, case_id)
    if session is None:
        return await _hold(unit, actor, case)
    if session.state != SessionState.WAITING:
        raise CaseError("already_taken", "Another host has already taken this buyer.")
    session.state = next_session_state(SessionState.WAITING, SessionTrigger.HOST_TAKES)
    session.host_staff_id = actor.staff_id
    await seat_host(unit, actor, session)
    await go_live(unit, session, case, actor)
    await unit.record(session.id, "host_took", {"name": actor.name}, actor)
    touch(unit, session, case)
    await unit.tx.flush()
    return session.id


async def release(unit: Unit, actor: StaffActor, session_id: str) -> None:
    """The host gives the buyer back to the queue, at their old place.

    Raises:
        CaseError: ``not_found``, ``already_ended`` or ``wrong_state``.
    """
    seen = await see_session(unit.tx, actor, session_id, Action.HOST, lock=True)
    if seen.me is not None and seen.me.presence == Presence.LEFT and seen.session.live_at:
        # Said twice: the first time the answer got lost.
        return
    session, case, me = await see_as_host(unit.tx, actor, session_id, lock=True)
    if session.successor_staff_id is not None:
        raise CaseError("handover_under_way", "You are handing the buyer over already.")
    state = SessionState(session.state)
    after = next_session_state(state, SessionTrigger.HOST_RELEASES)
    await unit.record(session.id, "host_released", {}, actor)
    buyer = await buyer_in(unit.tx, session.id)
    if after is SessionState.ENDED or buyer is None or buyer.presence == Presence.LEFT:
        cause = EndCause.RELEASED if state is SessionState.HELD else EndCause.BUYER_LEFT
        await end(unit, session, case, cause, actor)
        return
    session.state = after
    session.host_staff_id = None
    # A camera of the warehouse goes with the host who showed it.
    await take_cameras_away(unit, session.id, actor)
    go(unit, session, me)
    # Nobody watches a buyer who waits.
    for person in await participants_of(unit.tx, session.id):
        if person.role == ParticipantRole.OBSERVER and person.presence != Presence.LEFT:
            await set_presence(unit, session, person, Presence.LEFT, actor)
            go(unit, session, person)
    await desk.move_case(
        unit.tx, unit.keys, CaseId(case.id), CaseTrigger.HOST_RELEASES, actor, unit.now
    )
    touch(unit, session, case)
    await unit.tx.flush()


async def hang_up(unit: Unit, actor: BuyerActor, session_id: str) -> None:
    """The buyer leaves: a waiting one gives up the place, in a call they may come back.

    Raises:
        CaseError: ``not_found``, ``already_ended``.
    """
    session, case, me = await see_as_participant(unit.tx, actor, session_id, lock=True)
    if session.state == SessionState.ENDED:
        raise CaseError("already_ended", "This inspection has already ended.")
    await set_presence(unit, session, me, Presence.LEFT, actor)
    if session.state == SessionState.WAITING:
        await end(unit, session, case, EndCause.BUYER_LEFT, actor)
    touch(unit, session, case)


async def finish(
    unit: Unit, actor: StaffActor, session_id: str, verdict: desk.Verdict, client_id: str
) -> None:
    """The host ends the inspection; repeating it with the same ``client_id`` changes nothing.

    Raises:
        CaseError: ``already_ended`` (409), ``not_found``.
    """
    session, case, _me = await see_as_host(unit.tx, actor, session_id, lock=True)
    if session.state == SessionState.ENDED:
        if await _was_said(unit.tx, actor, session_id, client_id):
            return
        raise CaseError("already_ended", "This inspection has already ended.")
    await unit.record(
        session.id,
        "verdict",
        desk.verdict_payload(verdict),
        actor,
        visibility=Visibility.SELLER,
        client_id=client_id,
    )
    cause = EndCause.VERDICT if verdict.outcome else EndCause.HOST_ENDED
    await end(unit, session, case, cause, actor)
    if verdict.outcome is not None:
        await desk.decide(unit.tx, unit.keys, actor, CaseId(case.id), verdict, unit.now)


async def end(unit: Unit, session: Session, case: Case, cause: EndCause, actor: Actor) -> None:
    """End a session, whatever state it is in; media and recorder are closed after the commit."""
    before = SessionState(session.state)
    session.state = next_session_state(before, SessionTrigger.END)
    session.ended_at = unit.now
    session.end_cause = cause
    await detach_cameras(unit, session.id)
    session.successor_staff_id = None
    await end_handover(unit.tx, session.id, HandoverState.TAKEN_BACK, unit.now)
    for person in await participants_of(unit.tx, session.id):
        person.peer_id = None
        if person.presence != Presence.LEFT:
            person.presence, person.left_at = Presence.LEFT, unit.now
    await unit.record(session.id, "ended", {"cause": cause}, actor)
    trigger = (
        CaseTrigger.INSPECTION_ENDS if before is SessionState.LIVE else CaseTrigger.BUYER_GIVES_UP
    )
    await desk.move_case(unit.tx, unit.keys, CaseId(case.id), trigger, actor, unit.now)
    if await _was_recorded(unit.tx, session.id):
        unit.changes.closed.append((session.id, cause))
        unit.tx.add(EvidenceCheck(session_id=session.id, next_at=unit.now + EVIDENCE_CHECKED_AFTER))
        await unit.outbox.enqueue(
            unit.tx, "seal_at_hang_up", f"seal_at_hang_up:{session.id}", session.id
        )
    else:
        # The recorder never heard of it, so there is no last word to wait for.
        session.recorder_closed_at = unit.now
        await unit.outbox.enqueue(unit.tx, "seal_session", f"seal_session:{session.id}", session.id)
    touch(unit, session, case)
    await unit.tx.flush()


async def go_live(unit: Unit, session: Session, case: Case, actor: Actor) -> None:
    """Buyer and host have met."""
    session.live_at = session.live_at or unit.now
    await desk.move_case(
        unit.tx, unit.keys, CaseId(case.id), CaseTrigger.HOST_MEETS, actor, unit.now
    )


async def set_presence(
    unit: Unit, session: Session, person: Participant, presence: Presence, actor: Actor
) -> None:
    """Note that somebody came, dropped out or left; nothing happens when that is known."""
    person.seen_at = unit.now
    if person.presence == presence or session.state == SessionState.ENDED:
        return
    person.presence = presence
    person.left_at = unit.now if presence is Presence.LEFT else None
    if presence is Presence.LEFT:
        _leave_media(unit, session, person)
    await unit.record(
        session.id, "presence", {"participant_id": person.id, "presence": presence}, actor
    )
    unit.changes.sessions.add(session.id)
    if session.state == SessionState.WAITING:
        unit.changes.desks.add(session.tenant_id)
        case = await unit.tx.get(Case, session.case_id)
        if case is not None:
            unit.changes.desks |= queue_ids(session, case)


async def note_joined(unit: Unit, person: Participant, actor: Actor) -> None:
    """Log that somebody, or a bench camera, has come in for the first time."""
    name = opened_name(await unit.session_key(person.session_id), person)
    said = {"participant_id": person.id, "role": person.role, "name": name}
    await unit.record(person.session_id, "joined", said, actor)


async def detach_cameras(unit: Unit, session_id: str) -> list[Participant]:
    """No bench camera is shown in the session any more; gives their participants in it."""
    cameras = await unit.tx.scalars(
        select(BenchCamera).where(BenchCamera.session_id == session_id).with_for_update()
    )
    shown = []
    for camera in cameras:
        person = await unit.tx.get(Participant, camera.participant_id)
        if person is not None:
            person.peer_id = None
            shown.append(person)
        camera.session_id = camera.participant_id = None
        unit.changes.moved_cameras.add(camera.id)
    return shown


async def take_cameras_away(unit: Unit, session_id: str, actor: Actor) -> None:
    """Show no bench camera in the session any more, and have its log say so."""
    shown = await detach_cameras(unit, session_id)
    key = await unit.session_key(session_id) if shown else None
    for person in shown:
        person.presence, person.left_at = Presence.LEFT, unit.now
        await unit.record(
            session_id,
            "bench_detached",
            {"participant_id": person.id, "name": opened_name(key, person)},
            actor,
        )
        unit.changes.sessions.add(session_id)


def go(unit: Unit, session: Session, person: Participant) -> None:
    """Somebody no longer takes part: their media and their socket end after the commit."""
    _leave_media(unit, session, person)
    person.presence, person.left_at = Presence.LEFT, unit.now
    if person.socket_id is not None:
        unit.changes.dropped_sockets.append(person.socket_id)
        person.socket_id = None


def renew_media(unit: Unit, session: Session, person: Participant) -> None:
    """End somebody's media and have their page make it anew, as what they are now."""
    lost = LostPeer(session.id, person.id, person.peer_id, gone=True)
    _leave_media(unit, session, person)
    unit.changes.lost_peers.append(lost)


async def end_handover(
    tx: AsyncSession, session_id: str, state: HandoverState, now: datetime
) -> None:
    """Note what became of a session's hand-over, if one is under way."""
    await tx.execute(
        update(Handover)
        .where(Handover.session_id == session_id, Handover.ended_at.is_(None))
        .values(state=state, ended_at=now)
    )


def touch(unit: Unit, session: Session, case: Case) -> None:
    """Have everybody concerned look again after the commit."""
    unit.changes.sessions.add(session.id)
    unit.changes.desks |= queue_ids(session, case)


def _leave_media(unit: Unit, session: Session, person: Participant) -> None:
    if person.peer_id and session.media_worker and session.media_epoch:
        unit.changes.closed_peers.append(
            (session.media_worker, session.media_epoch, person.peer_id)
        )
    person.peer_id = None


async def _hold(unit: Unit, actor: StaffActor, case: Case) -> str:
    if case.state not in (CaseState.INSPECTION_OFFERED, CaseState.INSPECTED):
        raise CaseError("wrong_state", "This buyer has not been invited.")
    key = await unit.keys.new_session_key(unit.tx, case)
    session_id = new_id("ses")
    prefix = await new_prefix(unit.tx, case.tenant_id, session_id)
    session = new_session(session_id, case, SessionState.HELD, key, unit.now, prefix)
    session.host_staff_id = actor.staff_id
    unit.tx.add(session)
    await unit.tx.flush()
    await unit.record(session.id, "session_opened", {"direction": session.direction}, actor)
    await seat_host(unit, actor, session)
    await unit.record(session.id, "host_took", {"name": actor.name}, actor)
    await note(unit.tx, unit.keys, case, "host_waits", {"session_id": session.id}, actor, unit.now)
    touch(unit, session, case)
    return session.id


async def seat_host(unit: Unit, actor: StaffActor, session: Session) -> Participant:
    """Make somebody a host of the session, or find that they are; an observer becomes one.

    Raises:
        CaseError: ``consent_required`` (409) for who has not agreed to being recorded.
    """
    await require_agreement(unit.tx, actor)
    staff = await unit.tx.get(Staff, actor.staff_id)
    person = await participant_of(unit.tx, actor, session.id)
    if person is None:
        participant_id, key = new_id("par"), await unit.session_key(session.id)
        person = Participant(
            id=participant_id,
            session_id=session.id,
            role=ParticipantRole.HOST,
            staff_id=actor.staff_id,
            sealed_name=sealed_name(key, participant_id, actor.name),
            locale=staff.locale if staff else "en",
            joined_at=unit.now,
        )
        unit.tx.add(person)
    elif person.role == ParticipantRole.OBSERVER:
        go(unit, session, person)
        person.role, person.voice, person.capacity = ParticipantRole.HOST, None, None
        person.removed_at = None
    person.presence, person.left_at, person.seen_at = Presence.HERE, None, unit.now
    await unit.tx.flush()
    return person


async def _was_recorded(tx: AsyncSession, session_id: str) -> bool:
    """Whether anybody ever agreed to being recorded in this session."""
    found = await tx.scalar(select(Consent.id).where(Consent.session_id == session_id).limit(1))
    return found is not None


async def _was_said(tx: AsyncSession, actor: Actor, session_id: str, client_id: str) -> bool:
    found = await tx.scalar(
        select(Event.seq).where(
            Event.log == LogKind.SESSION,
            Event.subject_id == session_id,
            Event.actor == actor.label,
            Event.client_id == client_id,
        )
    )
    return found is not None
