"""The inspections of a case: who was in them, what was recorded, agreed to, sealed and packed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.keys import KeyRing
from cases.log import LoggedEvent, LogKind
from cases.participant_names import opened_name
from cases.session_access import participants_of
from cases.session_views import show_events
from cases.states import ParticipantRole
from cases.tables import (
    Consent,
    EvidencePackage,
    Gap,
    Manifest,
    Session,
    Still,
)
from cases.timeline import extent_of, recordings_of
from recorder.part_order import PartOrder
from recorder.pdf_report.happenings import told
from recorder.pdf_report.story import Happening, Inspection, Person
from recorder.pdf_report.words import LANGUAGES
from recorder.person_export.moments import told_at, told_ns, told_span
from recorder.person_export.sayings import open_events

Shown = dict[str, Any]


async def inspections_of(
    tx: AsyncSession, keys: KeyRing, case_id: str, language: str
) -> list[Shown]:
    """Each with its log, as both parties may read it."""
    rows = await tx.scalars(
        select(Session).where(Session.case_id == case_id).order_by(Session.created_at, Session.id)
    )
    return [await _inspection(tx, keys, one, language) for one in rows]


async def packages_of(tx: AsyncSession, case_id: str) -> list[Shown]:
    """The evidence packages that were made of the case, or of a part of an inspection."""
    rows = await tx.scalars(
        select(EvidencePackage)
        .where(EvidencePackage.case_id == case_id)
        .order_by(EvidencePackage.created_at, EvidencePackage.id)
    )
    return [
        {
            "id": one.id,
            "inspection": PartOrder.from_json(one.part).session_id if one.part else None,
            "state": one.state,
            "size": one.size,
            "sha256": one.sha256,
            "created_at": told_at(one.created_at),
        }
        for one in rows
    ]


async def _inspection(tx: AsyncSession, keys: KeyRing, session: Session, language: str) -> Shown:
    key = await keys.session_key(tx, session.id)
    joined = await participants_of(tx, session.id)
    people = {
        one.id: Person(one.id, opened_name(key, one), one.role, one.joined_at, []) for one in joined
    }
    events = await open_events(tx, LogKind.SESSION, session.id, key)
    return {
        "id": session.id,
        "state": session.state,
        "direction": session.direction,
        "created_at": told_at(session.created_at),
        "began_at": told_at(session.live_at),
        "ended_at": told_at(session.ended_at),
        "people": [
            {
                **_of(people, one.id),
                "joined_at": told_at(one.joined_at),
                "left_at": told_at(one.left_at),
            }
            for one in joined
        ],
        "consents": await _consents(tx, session.id, people, events),
        "recordings": await _recordings(tx, session.id, people),
        "stills": await _stills(tx, session.id, people),
        "gaps": await _gaps(tx, session.id, people),
        "seals": await _seals(tx, session.id),
        "events": await _told(tx, key, session, people, events, language),
    }


async def _consents(
    tx: AsyncSession,
    session_id: str,
    people: Mapping[str, Person],
    events: Sequence[LoggedEvent],
) -> list[Shown]:
    """The buyer's own; the digest of the words stands in the log."""
    digests = {
        (payload.get("version"), payload.get("locale")): payload.get("sha256")
        for payload in (
            one.payload or {}
            for one in events
            if one.kind == "consent_given" and one.actor.startswith("buyer:")
        )
    }
    rows = await tx.scalars(
        select(Consent)
        .where(Consent.session_id == session_id)
        .order_by(Consent.given_at, Consent.id)
    )
    return [
        {
            "version": one.text_version,
            "locale": one.locale,
            "sha256": digests.get((one.text_version, one.locale)),
            "given_at": told_at(one.given_at),
            "withdrawn_at": told_at(one.withdrawn_at),
        }
        for one in rows
        if people[one.participant_id].role == ParticipantRole.BUYER
    ]


async def _recordings(
    tx: AsyncSession, session_id: str, people: Mapping[str, Person]
) -> list[Shown]:
    return [
        {
            "id": one.id,
            **_of(people, one.participant_id),
            "began_at": told_ns(one.t0_ns),
            "duration_s": round((await extent_of(tx, one)).duration_ms / 1000, 3),
            "container": one.container,
            "root": one.root,
        }
        for one in await recordings_of(tx, session_id)
    ]


async def _stills(tx: AsyncSession, session_id: str, people: Mapping[str, Person]) -> list[Shown]:
    rows = await tx.scalars(
        select(Still).where(Still.session_id == session_id).order_by(Still.at_ns, Still.id)
    )
    return [
        {
            "id": one.id,
            **_of(people, one.participant_id),
            "at": told_ns(one.at_ns),
            "state": one.state,
            "sha256": one.sha256,
        }
        for one in rows
    ]


async def _gaps(tx: AsyncSession, session_id: str, people: Mapping[str, Person]) -> list[Shown]:
    rows = await tx.scalars(
        select(Gap).where(Gap.session_id == session_id).order_by(Gap.from_ns, Gap.id)
    )
    return [
        {
            **_of(people, one.participant_id),
            **told_span(one.from_ns, one.to_ns),
            "cause": one.cause,
        }
        for one in rows
    ]


async def _seals(tx: AsyncSession, session_id: str) -> list[Shown]:
    rows = await tx.scalars(
        select(Manifest).where(Manifest.session_id == session_id).order_by(Manifest.number)
    )
    return [
        {
            "number": one.number,
            "at": told_at(one.created_at),
            "root": one.root,
            "receipt": one.receipt,
        }
        for one in rows
    ]


async def _told(
    tx: AsyncSession,
    key: bytes,
    session: Session,
    people: Mapping[str, Person],
    events: Sequence[LoggedEvent],
    language: str,
) -> list[Shown]:
    """Each with the words that the printed report has for it, where it has some."""
    about = Inspection(
        id=session.id,
        direction=session.direction,
        began_at=session.live_at or session.created_at,
        ended_at=session.ended_at,
        people=list(people.values()),
        happenings=[],
        shots=[],
        holes=[],
        seals=[],
        log_file="",
    )
    shown: list[dict[str, Any]] = await show_events(tx, key, session.id, events)
    found = []
    for event, one in zip(events, shown, strict=True):
        name, payload = str(one["actor"]["name"]), event.payload or {}
        happening = Happening(event.kind, event.at, name, payload)
        found.append(
            {
                "at": told_at(event.at),
                "by": name,
                "what": event.kind,
                "words": told(LANGUAGES[language], about, happening),
                "details": payload,
            }
        )
    return found


def _of(people: Mapping[str, Person], participant_id: str) -> Shown:
    return {"name": people[participant_id].name, "role": people[participant_id].role}
