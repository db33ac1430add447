"""What participants say and switch during a session, written to its log."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases import case_words, sessions
from cases.actor import Actor, SystemActor
from cases.case_access import not_found
from cases.log import LoggedEvent
from cases.session_access import see_as_host, see_as_participant
from cases.states import ParticipantRole, Presence, SessionState
from cases.tables import Case, Finding, Participant, Session
from cases.unit import Unit
from runtime.clock import Clock
from runtime.errors import CaseError
from runtime.ids import new_id


async def note(
    unit: Unit,
    actor: Actor,
    session_id: str,
    kind: str,
    payload: Mapping[str, object],
    client_id: str,
) -> LoggedEvent:
    """Log a message or a marker; a marker without a time is of now.

    Raises:
        CaseError: ``not_found``, ``already_ended``; for a marker what ``see_as_host`` raises.
    """
    case, _me = await _open_session(unit, actor, session_id)
    if kind == "marker":
        await see_as_host(unit.tx, actor, session_id)
        if payload.get("at_ms") is None:
            payload = {**payload, "at_ms": int(unit.now.timestamp() * 1000)}
    event = await unit.record(session_id, kind, payload, actor, client_id=client_id)
    if kind in case_words.SPOKEN:
        await case_words.add_words(unit.tx, unit.keys, case, event)
    return event


async def set_media(
    unit: Unit, actor: Actor, session_id: str, camera: bool, microphone: bool, client_id: str
) -> LoggedEvent:
    """Note whether somebody's camera and microphone are on.

    Raises:
        CaseError: ``not_found``, ``already_ended``.
    """
    _case, me = await _open_session(unit, actor, session_id)
    me.camera, me.microphone = camera, microphone
    unit.changes.sessions.add(session_id)
    said = {"camera": camera, "microphone": microphone}
    return await unit.record(session_id, "media_state", said, actor, client_id=client_id)


async def state_finding(
    unit: Unit, actor: Actor, session_id: str, words: str, client_id: str
) -> LoggedEvent:
    """The host states a finding.

    Raises:
        CaseError: ``not_found``, ``already_ended``, or what ``see_as_host`` raises.
    """
    await _open_session(unit, actor, session_id)
    await see_as_host(unit.tx, actor, session_id)
    finding_id = new_id("fnd")
    event = await unit.record(
        session_id,
        "finding",
        {"finding_id": finding_id, "words": words},
        actor,
        client_id=client_id,
    )
    if event.payload is not None and event.payload.get("finding_id") == finding_id:
        unit.tx.add(Finding(id=finding_id, session_id=session_id, created_at=unit.now))
    return event


async def answer_finding(
    unit: Unit,
    actor: Actor,
    session_id: str,
    finding_id: str,
    answer: str,
    words: str,
    client_id: str,
) -> LoggedEvent:
    """The buyer answers a finding; a later answer replaces it, and the log keeps both.

    Raises:
        CaseError: ``not_found`` (also for a finding of another session), ``already_ended``.
    """
    await _open_session(unit, actor, session_id)
    finding = (
        await unit.tx.execute(
            select(Finding).where(Finding.id == finding_id, Finding.session_id == session_id)
        )
    ).scalar_one_or_none()
    if finding is None:
        raise not_found()
    finding.answer, finding.answered_at = answer, unit.now
    said = {"finding_id": finding_id, "answer": answer, "words": words}
    return await unit.record(session_id, "finding_answer", said, actor, client_id=client_id)


async def arrive(unit: Unit, actor: Actor, session_id: str, socket_id: str) -> Participant:
    """A participant's socket has connected; an older socket of theirs is replaced.

    Raises:
        CaseError: ``not_found`` (404).
    """
    session, _case, me = await see_as_participant(unit.tx, actor, session_id, lock=True)
    if me.socket_id is not None and me.socket_id != socket_id:
        unit.changes.replaced_sockets.append(me.socket_id)
    me.socket_id = socket_id
    # A page that is merely open again says nothing about somebody who hung up.
    if me.presence != Presence.LEFT:
        await sessions.set_presence(unit, session, me, Presence.HERE, actor)
    me.seen_at = unit.now
    return me


async def drop_out(unit: Unit, participant_id: str, socket_id: str) -> bool:
    """A socket has been gone for a while: unless another took over, its owner is away."""
    me = await unit.tx.get(Participant, participant_id, with_for_update=True)
    if me is None or me.socket_id != socket_id:
        return False
    me.socket_id = None
    await _away(unit, me)
    return True


async def mark_absent(unit: Unit, participant_id: str, socket_id: str | None) -> None:
    """The sweeper's word on somebody whose socket died with its process."""
    me = await unit.tx.get(Participant, participant_id, with_for_update=True)
    if me is None or me.socket_id != socket_id:
        return
    me.socket_id = None
    await _away(unit, me)


async def people_here(tx: AsyncSession) -> list[Participant]:
    """Every person who is said to be there, in all open sessions."""
    rows = await tx.execute(
        select(Participant)
        .join(Session, Session.id == Participant.session_id)
        .where(
            Session.state != SessionState.ENDED,
            Participant.presence == Presence.HERE,
            # A camera has no page that could tell of it.
            Participant.role != ParticipantRole.BENCH,
        )
    )
    return list(rows.scalars())


async def refresh_seen(tx: AsyncSession, participant_ids: list[str], clock: Clock) -> None:
    """Note that these people's sockets are alive now."""
    if participant_ids:
        await tx.execute(
            update(Participant)
            .where(Participant.id.in_(participant_ids))
            .values(seen_at=clock.now())
        )


async def _away(unit: Unit, me: Participant) -> None:
    session = await unit.tx.get(Session, me.session_id)
    if session is None or me.presence != Presence.HERE:
        return
    seen_at = me.seen_at
    await sessions.set_presence(unit, session, me, Presence.AWAY, SystemActor())
    me.seen_at = seen_at


async def _open_session(unit: Unit, actor: Actor, session_id: str) -> tuple[Case, Participant]:
    session, case, me = await see_as_participant(unit.tx, actor, session_id)
    if session.state == SessionState.ENDED:
        raise CaseError("already_ended", "This inspection has ended.")
    return case, me
