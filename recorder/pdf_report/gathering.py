"""What a report tells, read from the case as both of its parties may read it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.case_text import CaseText
from cases.commands import from_minor
from cases.log import LoggedEvent, LogKind, Visibility, read_events
from cases.notice_words import notice_locale
from cases.participant_names import opened_name
from cases.policy_words import sentence
from cases.session_access import participants_of
from cases.session_views import show_events
from cases.states import StillState
from cases.tables import (
    Case,
    Consent,
    ItemLine,
    Manifest,
    PolicyAnswer,
    Session,
    Settlement,
    Tenant,
    Warehouse,
)
from recorder.pdf_report.composing import MAX_PICTURES
from recorder.pdf_report.part_story import within
from recorder.pdf_report.story import (
    Agreement,
    Given,
    Happening,
    Hole,
    Inspection,
    Person,
    Seal,
    Shot,
    Stamp,
    Story,
)
from recorder.proof import formats
from recorder.proof.jws import read_jws
from recorder.proof.part_scope import Scope
from recorder.sealed_evidence import stated_in

_AT_ONCE = 1000

Sealed = Sequence[tuple[Session, Sequence[Manifest]]]


async def gather_story(
    tx: AsyncSession,
    case: Case,
    text: CaseText,
    sealed: Sealed,
    session_keys: Sequence[bytes],
    keys_url: str,
    scope: Scope | None = None,
) -> tuple[Story, list[str]]:
    """The story, and the paths of the photographs that it prints, in the order of their numbers.

    With ``scope`` that of a part, of the one inspection that is then given.
    """
    tenant = await tx.get_one(Tenant, case.tenant_id)
    warehouse = await tx.get(Warehouse, case.warehouse_id) if case.warehouse_id else None
    items = await tx.scalars(
        select(ItemLine).where(ItemLine.case_id == case.id).order_by(ItemLine.position)
    )
    answered = await tx.scalar(select(PolicyAnswer).where(PolicyAnswer.case_id == case.id))
    language = notice_locale(case.buyer_locale, tenant.default_locale)
    printed: list[str] = []
    inspections = [
        await _inspection(tx, session, manifests, key, printed, scope)
        for (session, manifests), key in zip(sealed, session_keys, strict=True)
    ]
    story = Story(
        case_id=case.id,
        order_number=case.order_number,
        language=language,
        zone=warehouse.time_zone if warehouse is not None else "UTC",
        seller=tenant.name,
        warehouse=f"{warehouse.name}, {warehouse.city}" if warehouse is not None else None,
        buyer=text.buyer_name,
        items=[(one.quantity, str(one.listing.get("title", "")), one.sku) for one in items],
        reason=case.claim_reason,
        claim=text.claim_words,
        policy=sentence(answered.sentence, answered.parameters, language) if answered else "",
        buyer_word=answered.buyer_word if answered else None,
        outcome=case.verdict_outcome,
        decided_at=case.verdict_at,
        decision_note=text.verdict_note or "",
        given=await _given(tx, case),
        inspections=inspections,
        keys_url=keys_url,
        as_of=max(found[-1].created_at for _, found in sealed),
    )
    return (story if scope is None else within(story, scope)), printed


async def _given(tx: AsyncSession, case: Case) -> list[Given]:
    rows = await tx.scalars(
        select(Settlement)
        .where(Settlement.case_id == case.id, Settlement.amount_minor.is_not(None))
        .order_by(Settlement.at, Settlement.id)
    )
    return [
        Given(f"{from_minor(row.amount_minor or 0, case.currency)} {case.currency}", row.at)
        for row in rows
    ]


async def _inspection(
    tx: AsyncSession,
    session: Session,
    manifests: Sequence[Manifest],
    key: bytes,
    printed: list[str],
    scope: Scope | None,
) -> Inspection:
    stated = stated_in(manifests[-1])
    stills = stated["stills"] if scope is None else scope.stills(stated)
    happenings = await _happenings(tx, session.id, key)
    return Inspection(
        id=session.id,
        direction=session.direction,
        began_at=session.live_at or session.created_at,
        ended_at=session.ended_at,
        people=await _people(tx, session.id, key),
        happenings=happenings,
        shots=_shots(session.id, stills, happenings, printed),
        holes=[
            Hole(
                at=_moment(gap["from_ns"]),
                length_s=(int(gap["to_ns"]) - int(gap["from_ns"])) / 1e9,
                participant_id=gap["participant_id"],
                cause=gap["cause"],
            )
            for gap in stated["gaps"]
        ],
        seals=[_seal(one, happenings) for one in manifests],
        log_file=formats.log_path(session.id),
    )


async def _people(tx: AsyncSession, session_id: str, key: bytes) -> list[Person]:
    consents = list(
        await tx.scalars(
            select(Consent)
            .where(Consent.session_id == session_id)
            .order_by(Consent.given_at, Consent.id)
        )
    )
    return [
        Person(
            id=person.id,
            name=opened_name(key, person),
            role=person.role,
            joined_at=person.joined_at,
            agreements=[
                Agreement(one.text_version, one.locale, one.given_at, one.withdrawn_at)
                for one in consents
                if one.participant_id == person.id
            ],
        )
        for person in await participants_of(tx, session_id)
    ]


async def _happenings(tx: AsyncSession, session_id: str, key: bytes) -> list[Happening]:
    events: list[LoggedEvent] = []
    while page := await read_events(
        tx,
        log=LogKind.SESSION,
        subject_id=session_id,
        key=key,
        after=events[-1].seq if events else 0,
        limit=_AT_ONCE,
        visibilities=frozenset({Visibility.PARTIES}),
    ):
        events += page
    shown: list[dict[str, Any]] = await show_events(tx, key, session_id, events)
    return [
        Happening(event.kind, event.at, str(one["actor"]["name"]), event.payload or {})
        for event, one in zip(events, shown, strict=True)
    ]


def _shots(
    session_id: str, stills: Sequence[Any], happenings: Sequence[Happening], printed: list[str]
) -> list[Shot]:
    takers = {
        one.payload.get("still_id"): one.name for one in happenings if one.kind == "still_taken"
    }
    shots = []
    for place, still in enumerate(stills):
        was_cut = still["state"] == StillState.CUT
        number = None
        if was_cut and place < MAX_PICTURES:
            number = len(printed)
            printed.append(formats.still_path(session_id, still["still_id"]))
        shots.append(
            Shot(
                at=_moment(still["at_ns"]),
                participant_id=still["participant_id"],
                taken_by=takers.get(still["still_id"], ""),
                was_cut=was_cut,
                number=number,
            )
        )
    return shots


def _seal(manifest: Manifest, happenings: Sequence[Happening]) -> Seal:
    number = manifest.number
    stamps = [
        Stamp(
            formats.timestamp_path(manifest.session_id, number, renewal),
            str(one.payload.get("stamped_at")),
        )
        for one in happenings
        if one.kind == "time_stamped"
        and one.payload.get("number") == number
        and isinstance(renewal := one.payload.get("renewal"), int)
    ]
    return Seal(
        number=number,
        sealed_at=manifest.created_at,
        complete=manifest.complete,
        sha256=sha256(manifest.body).hexdigest(),
        root=manifest.root,
        kid=read_jws(manifest.jws).kid,
        receipt=manifest.receipt or "",
        receipt_file=formats.receipt_path(manifest.session_id, number),
        stamps=stamps,
    )


def _moment(ns: str) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(ns) // 1000)
