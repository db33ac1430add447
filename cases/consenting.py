"""Consent to being recorded: given to certain words, kept, and taken back."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases import sessions
from cases.actor import Actor, BuyerActor, StaffActor
from cases.consent_text import (
    BUYER_WORDS,
    GUEST_WORDS,
    STAFF_WORDS,
    ConsentGiven,
    ConsentWords,
)
from cases.session_access import see_as_participant
from cases.states import SessionState
from cases.tables import Consent, Participant, Session
from cases.unit import Unit
from runtime.errors import CaseError
from runtime.ids import new_id


def words_for(actor: Actor) -> ConsentWords:
    """The words that this person agrees to."""
    if isinstance(actor, BuyerActor):
        return BUYER_WORDS
    return STAFF_WORDS if isinstance(actor, StaffActor) else GUEST_WORDS


async def note_consent(
    unit: Unit, actor: Actor, person: Participant, consent: ConsentGiven
) -> None:
    """Keep who agreed to which words; the same agreement is kept once.

    Who has taken it back is not recorded again in this session, so joining again is no
    agreement either.

    Raises:
        CaseError: ``consent_required`` (409).
    """
    words = words_for(actor)
    words.check(consent)
    if await has_withdrawn(unit.tx, person.id):
        return
    known = await current_consent(unit.tx, person.id)
    if known is not None and known.text_version == consent.version:
        return
    unit.tx.add(
        Consent(
            id=new_id("con"),
            session_id=person.session_id,
            participant_id=person.id,
            text_version=consent.version,
            locale=consent.locale,
            given_at=consent.at or unit.now,
        )
    )
    said = {
        "version": consent.version,
        "locale": consent.locale,
        "sha256": words.sha256(consent.locale),
    }
    if consent.at is not None:
        said["agreed_at"] = consent.at.isoformat()
    await unit.record(person.session_id, "consent_given", said, actor)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Who is no longer to be recorded; ``is_new`` the first time that they say so."""

    participant_id: str
    is_new: bool


async def withdraw_consent(unit: Unit, actor: Actor, session_id: str) -> Withdrawn:
    """Take back one's agreement; saying it again changes nothing.

    Raises:
        CaseError: ``not_found``, ``already_ended``, ``not_recorded`` (409) for who never agreed.
    """
    session, case, me = await see_as_participant(unit.tx, actor, session_id, lock=True)
    if session.state == SessionState.ENDED:
        raise CaseError("already_ended", "This inspection has already ended.")
    if not await has_agreed(unit.tx, me.id):
        raise CaseError("not_recorded", "You are not recorded in this inspection.")
    withdrawn = await unit.tx.execute(
        update(Consent)
        .where(Consent.participant_id == me.id, Consent.withdrawn_at.is_(None))
        .values(withdrawn_at=unit.now)
        .returning(Consent.id)
    )
    is_new = bool(withdrawn.all())
    if is_new:
        await unit.record(session.id, "consent_withdrawn", {}, actor)
    sessions.touch(unit, session, case)
    return Withdrawn(me.id, is_new)


async def renew_unrecorded(unit: Unit, session_id: str, participant_id: str) -> None:
    """Have the page of who withdrew make its media anew: no recorder is sent any of that."""
    session = await unit.tx.get_one(Session, session_id, with_for_update=True)
    person = await unit.tx.get_one(Participant, participant_id)
    if session.state != SessionState.ENDED and person.peer_id is not None:
        sessions.renew_media(unit, session, person)


async def has_agreed(tx: AsyncSession, participant_id: str) -> bool:
    """Whether somebody ever agreed in this session, taken back since or not."""
    found = await tx.scalar(
        select(Consent.id).where(Consent.participant_id == participant_id).limit(1)
    )
    return found is not None


async def withdrawn_participants(tx: AsyncSession, session_id: str) -> list[str]:
    """Who in a session has stopped the recording of themselves."""
    rows = await tx.scalars(
        select(Consent.participant_id)
        .where(Consent.session_id == session_id, Consent.withdrawn_at.is_not(None))
        .distinct()
    )
    return list(rows)


async def has_withdrawn(tx: AsyncSession, participant_id: str) -> bool:
    """Whether somebody has stopped the recording of themselves, for the rest of the session."""
    found = await tx.scalar(
        select(Consent.id)
        .where(Consent.participant_id == participant_id, Consent.withdrawn_at.is_not(None))
        .limit(1)
    )
    return found is not None


async def agreed_participants(tx: AsyncSession, session_id: str) -> frozenset[str]:
    """Who in a session may be recorded now."""
    rows = await tx.scalars(
        select(Consent.participant_id).where(
            Consent.session_id == session_id, Consent.withdrawn_at.is_(None)
        )
    )
    return frozenset(rows)


async def current_consent(tx: AsyncSession, participant_id: str) -> Consent | None:
    """The agreement that holds now."""
    return (
        await tx.execute(
            select(Consent)
            .where(Consent.participant_id == participant_id, Consent.withdrawn_at.is_(None))
            .order_by(Consent.given_at.desc())
            .limit(1)
        )
    ).scalar_one_or_none()
