"""Getting a seat in a session: first find it, then make the media, then take it in one commit.

Media is made before anything is written, so that a refused recording or a bad offer
leaves no trace; whoever loses a race in between finds their seat again from the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import desk, links, sessions
from cases.actor import Actor, BuyerActor, StaffActor
from cases.case_text import text_of
from cases.consent_text import BUYER_WORDS, ConsentGiven
from cases.consenting import (
    current_consent,
    has_agreed,
    has_withdrawn,
    note_consent,
)
from cases.keys import KeyRing
from cases.life import nothing_to_show
from cases.links import Binding, LinkFound
from cases.new_sessions import new_prefix, new_session
from cases.participant_names import sealed_name
from cases.session_access import buyer_in, open_session_of, see_as_participant
from cases.session_states import EndCause
from cases.standing_consent import require_agreement
from cases.states import (
    CaseState,
    CaseTrigger,
    ParticipantRole,
    Presence,
    SessionState,
    SessionTrigger,
    Voice,
    next_session_state,
)
from cases.tables import Case, Participant, Session
from cases.unit import Unit
from cases.voices import media_role
from runtime.errors import CaseError, ProofcallError
from runtime.ids import CaseId, JoinLinkId, new_id

_NOT_SENDING = (Voice.SILENT, Voice.ASKS)


class SeatGone(ProofcallError):  # noqa: N818 - it says what happened, not whose fault it is
    """The session changed between finding the seat and taking it: find it again."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Everything that the recorder and a media worker must know before a person joins.

    ``key`` is the session's, 32 bytes; ``worker`` and ``epoch`` say where the session's
    media was placed when this was read. ``role`` is what the media is made as, see
    ``voices.media_role``; an observer's is always a listener's, until the others know.
    """

    case_id: str
    tenant_id: str
    session_id: str
    is_new_session: bool
    participant_id: str
    role: str
    key_id: str
    wrapped_key: bytes
    key: bytes
    worker: str | None
    epoch: str | None
    record: bool
    object_prefix: str


@dataclass(frozen=True, slots=True)
class SeatMedia:
    """The media made for a seat."""

    worker: str
    epoch: str
    peer_id: str


@dataclass(frozen=True, slots=True)
class Tap:
    """What the buyer's browser sends with the one button."""

    token: str
    secret: str | None
    consent: ConsentGiven
    locale: str
    user_agent: str
    public_key: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Joined:
    """A taken seat; ``secret`` belongs into the buyer's cookie."""

    session_id: str
    participant_id: str
    actor: Actor
    secret: str | None = None


async def find_buyer_seat(tx: AsyncSession, keys: KeyRing, tap: Tap, now: datetime) -> Seat:
    """Say where the buyer with this link and cookie will sit; changes nothing.

    Raises:
        CaseError: the link's own errors, ``consent_required``, ``other_device``,
            ``case_closed`` (409), ``device_refused`` (403).
    """
    BUYER_WORDS.check(tap.consent)
    link = await links.find_link(tx, tap.token, now)
    await refuse_other_devices(tx, link, tap.secret)
    case = await tx.get(Case, link.case_id)
    if case is None or await is_over(tx, case):
        raise CaseError("case_closed", "This return has already been inspected.")
    session = await open_session_of(tx, link.case_id)
    if session is None:
        key_id, wrapped = await keys.new_session_key(tx, case)
        session_id = new_id("ses")
        return Seat(
            case_id=case.id,
            tenant_id=case.tenant_id,
            session_id=session_id,
            is_new_session=True,
            participant_id=new_id("par"),
            role=ParticipantRole.BUYER,
            key_id=key_id,
            wrapped_key=wrapped,
            key=await keys.open_session_key(tx, case.tenant_id, key_id, wrapped),
            worker=None,
            epoch=None,
            record=True,
            object_prefix=await new_prefix(tx, case.tenant_id, session_id),
        )
    buyer = await buyer_in(tx, session.id)
    # With this tap the buyer agrees, if not for the first time.
    return await seat_in(
        tx,
        keys,
        session,
        buyer.id if buyer else new_id("par"),
        ParticipantRole.BUYER,
        record=buyer is None or not await has_withdrawn(tx, buyer.id),
    )


async def find_own_seat(
    tx: AsyncSession, keys: KeyRing, actor: Actor, session_id: str, *, consents: bool
) -> Seat:
    """The seat of somebody who is already a participant; who has not agreed is not recorded.

    With ``consents`` a host comes in, by what they agreed to when they came on shift.

    Raises:
        CaseError: ``not_found`` (404), ``already_ended``, ``consent_required`` (409),
            ``wrong_role`` (403).
    """
    session, _case, me = await see_as_participant(tx, actor, session_id)
    if consents and me.role == ParticipantRole.OBSERVER:
        raise CaseError("wrong_role", "An observer comes in another way.", status=403)
    if session.state == SessionState.ENDED:
        raise CaseError("already_ended", "This inspection has already ended.")
    if consents:
        await _agreement(tx, actor, me)
        record = not await has_withdrawn(tx, me.id)
    else:
        record = await current_consent(tx, me.id) is not None
    if me.role == ParticipantRole.OBSERVER:
        # Who is silent sends nothing that could be recorded.
        record = record and me.voice == Voice.SPEAKS
    return await seat_in(tx, keys, session, me.id, _media_role(session, me), record=record)


async def take_buyer_seat(unit: Unit, tap: Tap, seat: Seat, media: SeatMedia | None) -> Joined:
    """Bind the device, open or enter the session, note the consent: all in one commit.

    Raises:
        SeatGone: somebody was faster.
        CaseError: as ``find_buyer_seat``.
    """
    link = await links.find_link(unit.tx, tap.token, unit.now)
    device = await links.bind_device(
        unit.tx,
        unit.keys,
        link.link_id,
        tap.secret,
        user_agent=tap.user_agent,
        public_key=tap.public_key,
        now=unit.now,
    )
    actor = BuyerActor(CaseId(link.case_id), JoinLinkId(link.link_id), device.device_id)
    case = await unit.tx.get(Case, link.case_id)
    if case is None:
        raise SeatGone
    session = await _session_for(unit, actor, case, seat)
    person = await _buyer_for(unit, actor, case, session, seat, tap.locale)
    state = SessionState(session.state)
    session.state = next_session_state(state, SessionTrigger.BUYER_ARRIVES)
    session.waiting_since = session.waiting_since or unit.now
    if state is SessionState.HELD:
        await sessions.go_live(unit, session, case, actor)
    elif state is SessionState.WAITING:
        await desk.move_case(
            unit.tx, unit.keys, CaseId(case.id), CaseTrigger.BUYER_ARRIVES, actor, unit.now
        )
    await note_consent(unit, actor, person, tap.consent)
    await place(unit, session, person, seat, media)
    sessions.touch(unit, session, case)
    await unit.tx.flush()
    return Joined(session.id, person.id, actor, device.secret)


async def take_own_seat(
    unit: Unit,
    actor: Actor,
    seat: Seat,
    media: SeatMedia | None,
    *,
    consents: bool,
) -> Joined:
    """Come (back) to a session that one is a participant of; ``consents`` as for the seat.

    Raises:
        SeatGone: the session's media moved meanwhile.
        CaseError: ``not_found``, ``already_ended``, ``consent_required``.
    """
    session, case, me = await see_as_participant(unit.tx, actor, seat.session_id, lock=True)
    if session.state == SessionState.ENDED:
        raise CaseError("already_ended", "This inspection has already ended.")
    if seat.role != _media_role(session, me) or (seat.record and me.voice in _NOT_SENDING):
        raise SeatGone
    if consents:
        agreed = await _agreement(unit.tx, actor, me)
        if not await has_agreed(unit.tx, me.id):
            await sessions.note_joined(unit, me, actor)
        if agreed is not None:
            await note_consent(unit, actor, me, agreed)
    await sessions.set_presence(unit, session, me, Presence.HERE, actor)
    await place(unit, session, me, seat, media)
    if me.role != ParticipantRole.BUYER:
        unit.changes.roles.add(session.id)
    sessions.touch(unit, session, case)
    await unit.tx.flush()
    return Joined(session.id, me.id, actor)


async def refuse_other_devices(tx: AsyncSession, link: LinkFound, secret: str | None) -> None:
    """Let only the bound browser, or the very first one, on.

    Raises:
        CaseError: ``other_device`` (409) or ``device_refused`` (403).
    """
    binding = await links.binding_of(tx, link.link_id, secret)
    if binding is Binding.REFUSED:
        raise CaseError("device_refused", "The host did not let this device in.", status=403)
    if binding in (Binding.OTHER_DEVICE, Binding.ASKING):
        raise CaseError("other_device", "This link is in use on another device.")


async def is_over(tx: AsyncSession, case: Case) -> bool:
    """Whether there is nothing left to join: decided, or inspected to the end by a host."""
    if nothing_to_show(CaseState(case.state)):
        return True
    if case.state != CaseState.INSPECTED:
        return False
    cause = await tx.scalar(
        select(Session.end_cause)
        .where(Session.case_id == case.id, Session.state == SessionState.ENDED)
        .order_by(Session.ended_at.desc())
        .limit(1)
    )
    return cause in (EndCause.VERDICT, EndCause.HOST_ENDED)


async def seat_in(
    tx: AsyncSession,
    keys: KeyRing,
    session: Session,
    participant_id: str,
    role: str,
    *,
    record: bool,
) -> Seat:
    """A seat in a session that is there already."""
    return Seat(
        case_id=session.case_id,
        tenant_id=session.tenant_id,
        session_id=session.id,
        is_new_session=False,
        participant_id=participant_id,
        role=role,
        key_id=session.key_id,
        wrapped_key=session.wrapped_key or b"",
        key=await keys.session_key(tx, session.id),
        worker=session.media_worker,
        epoch=session.media_epoch,
        record=record,
        object_prefix=session.object_prefix,
    )


async def _session_for(unit: Unit, actor: BuyerActor, case: Case, seat: Seat) -> Session:
    session = await open_session_of(unit.tx, case.id)
    if (session is None) != seat.is_new_session or (
        session is not None and session.id != seat.session_id
    ):
        raise SeatGone
    if session is None:
        session = new_session(
            seat.session_id,
            case,
            SessionState.WAITING,
            (seat.key_id, seat.wrapped_key),
            unit.now,
            seat.object_prefix,
        )
        unit.tx.add(session)
        await unit.tx.flush()
        await unit.record(session.id, "session_opened", {"direction": session.direction}, actor)
    return session


async def _buyer_for(
    unit: Unit, actor: BuyerActor, case: Case, session: Session, seat: Seat, locale: str
) -> Participant:
    person = await buyer_in(unit.tx, session.id)
    if person is not None and person.id != seat.participant_id:
        raise SeatGone
    is_new = person is None
    if person is None:
        key = await unit.session_key(session.id)
        person = Participant(
            id=seat.participant_id,
            session_id=session.id,
            role=ParticipantRole.BUYER,
            sealed_name=sealed_name(
                key, seat.participant_id, (await text_of(unit.tx, unit.keys, case)).buyer_name
            ),
            presence=Presence.HERE,
            joined_at=unit.now,
        )
        unit.tx.add(person)
    person.device_id, person.locale, person.seen_at = actor.device_id, locale, unit.now
    await unit.tx.flush()
    if is_new:
        await sessions.note_joined(unit, person, actor)
    else:
        await sessions.set_presence(unit, session, person, Presence.HERE, actor)
    return person


async def _agreement(tx: AsyncSession, actor: Actor, me: Participant) -> ConsentGiven | None:
    """What somebody comes in by; None for who did so before, whom no new words keep out."""
    if not isinstance(actor, StaffActor) or await has_agreed(tx, me.id):
        return None
    return await require_agreement(tx, actor)


def _media_role(session: Session, person: Participant) -> str:
    return media_role(
        ParticipantRole(person.role),
        in_charge=session.host_staff_id == person.staff_id,
        voice=Voice(person.voice) if person.voice else None,
        has_media=False,
    )


async def place(
    unit: Unit, session: Session, person: Participant, seat: Seat, media: SeatMedia | None
) -> None:
    """Note where the media is, unless somebody else placed the session meanwhile."""
    if media is None:
        return
    if (session.media_worker, session.media_epoch) != (seat.worker, seat.epoch) and (
        session.media_worker,
        session.media_epoch,
    ) != (media.worker, media.epoch):
        raise SeatGone
    session.media_worker, session.media_epoch = media.worker, media.epoch
    person.peer_id = media.peer_id
