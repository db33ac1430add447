"""Observers: coming in beside the host, being let speak, leaving, and being shown out."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import desk, observer_links, sessions
from cases.access_policy import Action, may
from cases.actor import Actor, ObserverActor, StaffActor
from cases.case_access import facts_of, not_found
from cases.case_text import texts_of
from cases.case_views import first_picture
from cases.consent_text import GUEST_WORDS, ConsentGiven
from cases.consenting import has_withdrawn, note_consent
from cases.joining import Joined, Seat, SeatGone, SeatMedia, place, seat_in
from cases.keys import KeyRing
from cases.participant_names import opened_name, sealed_name
from cases.session_access import participants_of, see_as_host, see_as_participant, see_session
from cases.standing_consent import require_agreement
from cases.states import Capacity, ParticipantRole, Presence, SessionState, Voice
from cases.tables import Case, ItemLine, Participant, Session, Staff, Tenant
from cases.unit import Unit
from cases.voices import MAX_OBSERVERS, capacity_of_staff, granted
from runtime.errors import CaseError
from runtime.ids import CaseId, new_id

_WITH_A_HOST = (SessionState.HELD, SessionState.LIVE)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who wants to observe; ``secret`` is their browser's, where a link lets them in.

    Who wants to be heard agrees to being recorded: a guest with ``consent``, staff once for
    each version of their words (``standing_consent``).
    """

    name: str
    locale: str
    voice: Voice
    consent: ConsentGiven | None
    token: str | None = None
    secret: str | None = None


async def find_seat(
    tx: AsyncSession, keys: KeyRing, actor: StaffActor | None, session_id: str, arrival: Arrival
) -> Seat:
    """Say where an observer will sit: staff by their actor, others by their link.

    Raises:
        CaseError: ``not_found``, the link's own errors, ``other_device``, ``consent_required``,
            ``no_host_yet``, ``already_ended``, ``has_hosted``, ``room_full`` (409),
            ``removed`` (403).
    """
    session, _case, me, _who = await _see(tx, actor, session_id, arrival)
    voice = await _voice(tx, session, me, arrival)
    record = voice is Voice.SPEAKS and not (me and await has_withdrawn(tx, me.id))
    return await seat_in(
        tx, keys, session, me.id if me else new_id("par"), "listener", record=record
    )


async def take_seat(
    unit: Unit,
    actor: StaffActor | None,
    arrival: Arrival,
    seat: Seat,
    media: SeatMedia | None,
) -> Joined:
    """Come in, seen by everybody, in one commit.

    Raises:
        SeatGone: the room changed meanwhile.
        CaseError: as ``find_seat``.
    """
    session, case, me, who = await _see(unit.tx, actor, seat.session_id, arrival, lock=True)
    secret: str | None = None
    if isinstance(who, ObserverActor):
        link, _session = await observer_links.find_link(unit.tx, arrival.token or "")
        secret = observer_links.bind(link, arrival.secret)
    voice = await _voice(unit.tx, session, me, arrival)
    if (me is not None and me.id != seat.participant_id) or (
        seat.record and voice is not Voice.SPEAKS
    ):
        raise SeatGone
    if me is None:
        me = _new_participant(who, session, seat, arrival, await unit.session_key(session.id))
        me.joined_at = me.seen_at = unit.now
        unit.tx.add(me)
    comes_in = me.presence != Presence.HERE or me.voice is None
    me.role, me.voice, me.locale = ParticipantRole.OBSERVER, voice, arrival.locale
    me.presence, me.left_at, me.seen_at = Presence.HERE, None, unit.now
    await unit.tx.flush()
    if comes_in:
        name = opened_name(await unit.session_key(session.id), me)
        await unit.record(
            session.id,
            "joined",
            {
                "participant_id": me.id,
                "role": me.role,
                "name": name,
                "capacity": me.capacity,
                "voice": me.voice,
            },
            who,
        )
        await desk.note_in_case(
            unit.tx,
            unit.keys,
            case.id,
            "observed",
            {"session_id": session.id, "name": name, "capacity": me.capacity, "voice": voice},
            who,
            unit.now,
        )
    if voice is not Voice.SILENT:
        await note_consent(unit, who, me, await _agreement(unit.tx, who, arrival))
    await place(unit, session, me, seat, media)
    unit.changes.roles.add(session.id)
    sessions.touch(unit, session, case)
    await unit.tx.flush()
    return Joined(session.id, me.id, who, secret)


async def set_voice(
    unit: Unit, actor: Actor, session_id: str, participant_id: str, voice: Voice
) -> None:
    """The host lets an observer speak, which silences whoever spoke, or silences them.

    Raises:
        CaseError: what ``see_as_host`` raises, ``not_found``, ``consent_required`` (409) when
            they came only to listen.
    """
    session, case, _me = await see_as_host(unit.tx, actor, session_id, lock=True)
    person = await _observer(unit.tx, session, participant_id)
    if person.voice == voice:
        return
    if voice is Voice.SPEAKS:
        if person.voice != Voice.ASKS:
            raise CaseError("consent_required", "They have come only to listen.")
        for other in await _others(unit.tx, session, person):
            if other.voice == Voice.SPEAKS:
                await _say_voice(unit, actor, session, other, Voice.ASKS)
    # Who is silenced has agreed to being recorded, and may be let speak again.
    await _say_voice(unit, actor, session, person, voice if voice is Voice.SPEAKS else Voice.ASKS)
    sessions.touch(unit, session, case)
    await unit.tx.flush()


async def remove(unit: Unit, actor: Actor, session_id: str, participant_id: str) -> None:
    """The host shows an observer out, for the rest of the session.

    Raises:
        CaseError: what ``see_as_host`` raises, ``not_found``.
    """
    session, _case, _me = await see_as_host(unit.tx, actor, session_id, lock=True)
    person = await _observer(unit.tx, session, participant_id)
    await observer_links.show_out(unit, session, person, actor)
    unit.changes.roles.add(session.id)


async def leave(unit: Unit, actor: Actor, session_id: str) -> None:
    """An observer goes; they may come back.

    Raises:
        CaseError: ``not_found``, ``wrong_role`` (403).
    """
    session, case, me = await see_as_participant(unit.tx, actor, session_id, lock=True)
    if me.role != ParticipantRole.OBSERVER:
        raise CaseError("wrong_role", "Only an observer leaves this way.", status=403)
    await sessions.set_presence(unit, session, me, Presence.LEFT, actor)
    sessions.go(unit, session, me)
    sessions.touch(unit, session, case)


async def live_sessions(
    tx: AsyncSession, keys: KeyRing, actor: StaffActor
) -> list[dict[str, object]]:
    """The calls under way that somebody may observe, the oldest first."""
    here = (
        select(func.count())
        .select_from(Participant)
        .where(
            Participant.session_id == Session.id,
            Participant.role == ParticipantRole.OBSERVER,
            Participant.presence == Presence.HERE,
        )
        .scalar_subquery()
    )
    found = await tx.execute(
        select(Session, Case, Tenant.name, Staff.name, here, ItemLine.listing)
        .join(Case, Case.id == Session.case_id)
        .join(Tenant, Tenant.id == Case.tenant_id)
        .join(Staff, Staff.id == Session.host_staff_id)
        .outerjoin(ItemLine, and_(ItemLine.case_id == Case.id, ItemLine.position == 0))
        .where(
            Session.state.in_(_WITH_A_HOST),
            Session.host_staff_id != actor.staff_id,
            Case.tenant_id == actor.tenant_id
            if actor.tenant_id is not None
            else Case.warehouse_id == actor.warehouse_id,
        )
        .order_by(Session.created_at, Session.id)
        .limit(100)
    )
    rows = [row for row in found.all() if may(actor, Action.OBSERVE, facts_of(row.Case))]
    texts = await texts_of(tx, keys, [row.Case for row in rows])
    return [
        {
            "session_id": session.id,
            "case_id": case.id,
            "buyer_name": texts[case.id].buyer_name,
            "buyer_locale": case.buyer_locale,
            "order_number": case.order_number,
            "tenant_name": tenant_name,
            "title": (listing or {}).get("title", ""),
            "picture": first_picture((listing or {}).get("pictures") or []),
            "claim": {"reason": case.claim_reason, "words": texts[case.id].claim_words},
            "direction": session.direction,
            "host_name": host_name,
            "since": (session.live_at or session.created_at).isoformat(),
            "observers": observers,
        }
        for session, case, tenant_name, host_name, observers, listing in rows
    ]


async def _see(
    tx: AsyncSession,
    actor: StaffActor | None,
    session_id: str,
    arrival: Arrival,
    *,
    lock: bool = False,
) -> tuple[Session, Case, Participant | None, StaffActor | ObserverActor]:
    """The session, and who is there already as whoever arrives."""
    who: StaffActor | ObserverActor
    if actor is None:
        link, session = await observer_links.find_link(tx, arrival.token or "")
        if not observer_links.is_free_for(link, arrival.secret):
            raise CaseError("other_device", "This link is in use on another device.")
        who = ObserverActor(session.id, CaseId(session.case_id), link.id)
        session_id = session.id
    else:
        who = actor
    seen = await see_session(tx, who, session_id, Action.OBSERVE, lock=lock)
    session, me = seen.session, seen.me
    if session.state == SessionState.ENDED:
        raise CaseError("already_ended", "This inspection has already ended.")
    if session.state not in _WITH_A_HOST:
        raise CaseError("no_host_yet", "No host is in this inspection yet.")
    if me is not None and me.removed_at is not None:
        raise CaseError("removed", "The host has shown you out.", status=403)
    if me is not None and me.role != ParticipantRole.OBSERVER:
        raise CaseError("has_hosted", "You are, or were, a host of this inspection.")
    if arrival.voice is not Voice.SILENT:
        await _agreement(tx, who, arrival)
    if (me is None or me.presence == Presence.LEFT) and len(
        await _others(tx, session, me)
    ) >= MAX_OBSERVERS:
        raise CaseError("room_full", "Too many people are watching already.")
    return session, seen.case, me, who


async def _agreement(
    tx: AsyncSession, who: StaffActor | ObserverActor, arrival: Arrival
) -> ConsentGiven:
    if isinstance(who, StaffActor):
        return await require_agreement(tx, who)
    if arrival.consent is None:
        raise CaseError("consent_required", "Who speaks is recorded: please agree first.")
    GUEST_WORDS.check(arrival.consent)
    return arrival.consent


async def _voice(
    tx: AsyncSession, session: Session, me: Participant | None, arrival: Arrival
) -> Voice:
    if me is not None and me.presence != Presence.LEFT and me.voice is not None:
        # Coming again, after a reload, is no new wish; what the host said holds.
        known = Voice(me.voice)
        if arrival.voice is not Voice.SILENT and known is not Voice.SILENT:
            return known
    return granted(
        arrival.voice,
        [Voice(other.voice) for other in await _others(tx, session, me) if other.voice],
    )


async def _others(tx: AsyncSession, session: Session, me: Participant | None) -> list[Participant]:
    """The other observers who are in the room."""
    return [
        person
        for person in await participants_of(tx, session.id)
        if person.role == ParticipantRole.OBSERVER
        and person.presence != Presence.LEFT
        and (me is None or person.id != me.id)
    ]


async def _observer(tx: AsyncSession, session: Session, participant_id: str) -> Participant:
    person = await tx.get(Participant, participant_id)
    if (
        person is None
        or person.session_id != session.id
        or person.role != ParticipantRole.OBSERVER
        or person.presence == Presence.LEFT
    ):
        raise not_found()
    return person


async def _say_voice(
    unit: Unit, actor: Actor, session: Session, person: Participant, voice: Voice
) -> None:
    person.voice = voice
    # Recorded media is other media: the page makes it anew.
    sessions.renew_media(unit, session, person)
    unit.changes.roles.add(session.id)
    await unit.record(
        session.id,
        "voice",
        {
            "participant_id": person.id,
            "name": opened_name(await unit.session_key(session.id), person),
            "voice": voice,
        },
        actor,
    )


def _new_participant(
    who: StaffActor | ObserverActor, session: Session, seat: Seat, arrival: Arrival, key: bytes
) -> Participant:
    staff = who if isinstance(who, StaffActor) else None
    return Participant(
        id=seat.participant_id,
        session_id=session.id,
        role=ParticipantRole.OBSERVER,
        capacity=capacity_of_staff(staff.roles, of_the_seller=staff.tenant_id is not None)
        if staff
        else Capacity.INTERPRETER,
        staff_id=staff.staff_id if staff else None,
        observer_link_id=None if isinstance(who, StaffActor) else who.observer_link_id,
        sealed_name=sealed_name(key, seat.participant_id, staff.name if staff else arrival.name),
        locale=arrival.locale,
        presence=Presence.AWAY,
    )
