"""What a notice says: the seller's words or ours, filled with what the case is when it goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.case_text import open_case_text
from cases.commands import from_minor
from cases.keys import KeyDestroyed, KeyRing
from cases.links import token_of
from cases.log import LogKind, Visibility, read_events
from cases.mail import Attachment
from cases.mail_texts import Letter
from cases.notice_kinds import NoticeKind
from cases.notice_template import Words, render
from cases.notice_words import LANGUAGES
from cases.parcel_words import ParcelWords, read_parcel
from cases.policy_words import sentence
from cases.receipts import newest_receipt, receipt_name
from cases.states import Way
from cases.tables import (
    Case,
    ItemLine,
    Notice,
    NoticeTemplate,
    Parcel,
    PolicyAnswer,
    Settlement,
    Tenant,
)

_BACK = (NoticeKind.LABEL, NoticeKind.SHIPPED)


@dataclass(frozen=True, slots=True)
class Said:
    """A notice ready to go; ``url`` is the buyer's link, empty without one."""

    letter: Letter
    plain: str
    """For a messenger: the paragraphs and the link, without subject, footer and file."""
    url: str
    attached: Attachment | None
    """What goes with the letter."""


async def words_of(tx: AsyncSession, tenant_id: str, kind: NoticeKind, locale: str) -> Words:
    """The seller's own template of this language, else ours."""
    own = await tx.get(NoticeTemplate, (tenant_id, kind, locale))
    if own is not None:
        return Words(own.subject, own.body, own.button)
    return LANGUAGES[locale].words[kind]


async def say(
    tx: AsyncSession,
    keys: KeyRing,
    notice: Notice,
    case: Case,
    now: datetime,
    *,
    public_url: str,
    small: str,
) -> Said:
    """The notice in its language.

    Raises:
        KeyDestroyed: the case was erased.
    """
    kind = NoticeKind(notice.kind)
    words = await words_of(tx, notice.tenant_id, kind, notice.locale)
    attached = await _attached(tx, notice)
    values = await values_of(tx, keys, notice, case)
    with_file = {**values, "receipt_file": attached.file_name if attached else ""}
    token = await token_of(tx, keys, case.id, now)
    url = f"{public_url}/j/{token}" if token else ""
    letter = render(words, notice.locale, with_file, url=url, small=small)
    plain = render(words, notice.locale, values, url=url, small="").text.strip()
    return Said(letter, plain, url, attached)


async def values_of(
    tx: AsyncSession, keys: KeyRing, notice: Notice, case: Case
) -> Mapping[str, str]:
    """What a template may ask for; what the case does not know is empty.

    Raises:
        KeyDestroyed: the case was erased.
    """
    kind, language = NoticeKind(notice.kind), LANGUAGES[notice.locale]
    key = await keys.key_of(tx, case)
    events = await read_events(
        tx,
        log=LogKind.CASE,
        subject_id=case.id,
        key=key,
        visibilities=frozenset({Visibility.PARTIES, Visibility.SELLER}),
        after=notice.seq - 1,
        limit=1,
    )
    payload = events[0].payload if events and events[0].seq == notice.seq else None
    if payload is None:
        raise KeyDestroyed
    tenant = await tx.get_one(Tenant, case.tenant_id)
    title = await tx.scalar(
        select(ItemLine).where(ItemLine.case_id == case.id).order_by(ItemLine.position).limit(1)
    )
    parcel = await _parcel(tx, case.id, Way.BACK if kind in _BACK else Way.OUT, payload)
    on_it = read_parcel(key, parcel) if parcel else ParcelWords()
    return {
        "seller_name": tenant.name,
        "buyer_name": open_case_text(key, case).buyer_name,
        "order_number": case.order_number,
        "item_title": str(title.listing.get("title", "")) if title else "",
        "answer": await _answer(tx, case.id, notice.locale),
        "when": _when(payload),
        "message": str(payload.get("text", "")) if kind is NoticeKind.MESSAGE else "",
        "outcome": language.outcomes.get(str(payload.get("outcome")), ""),
        "decision_note": str(payload.get("note") or "") if kind is NoticeKind.DECIDED else "",
        "anomaly": language.anomalies.get(str(payload.get("anomaly")), ""),
        "amount": await _amount(tx, case) if kind is NoticeKind.REFUNDED else "",
        "carrier": (parcel.carrier or "") if parcel else "",
        "tracking_number": on_it.tracking_number or "",
        "return_address": on_it.address or "",
    }


async def _attached(tx: AsyncSession, notice: Notice) -> Attachment | None:
    """The newest receipt of the inspection, in the notice that brings it."""
    if notice.kind != NoticeKind.RECEIPT:
        return None
    receipt = await newest_receipt(tx, notice.subject)
    return Attachment(receipt_name(notice.subject), receipt.text) if receipt else None


async def _answer(tx: AsyncSession, case_id: str, locale: str) -> str:
    found = await tx.scalar(select(PolicyAnswer).where(PolicyAnswer.case_id == case_id))
    return sentence(found.sentence, found.parameters, locale) if found is not None else ""


async def _amount(tx: AsyncSession, case: Case) -> str:
    """What was given back last."""
    last = await tx.scalar(
        select(Settlement.amount_minor)
        .where(Settlement.case_id == case.id, Settlement.amount_minor.is_not(None))
        .order_by(Settlement.at.desc(), Settlement.id.desc())
        .limit(1)
    )
    return f"{from_minor(last, case.currency)} {case.currency}" if last is not None else ""


async def _parcel(
    tx: AsyncSession, case_id: str, way: Way, payload: Mapping[str, object]
) -> Parcel | None:
    named = payload.get("parcel_id")
    if isinstance(named, str):
        found = await tx.get(Parcel, named)
        return found if found is not None and found.case_id == case_id else None
    return await tx.scalar(
        select(Parcel)
        .where(Parcel.case_id == case_id, Parcel.way == way)
        .order_by(Parcel.created_at.desc(), Parcel.id.desc())
        .limit(1)
    )


def _when(payload: Mapping[str, object]) -> str:
    """An appointment's time on the buyer's own clock, written so that nobody mistakes it."""
    starts_at, zone = payload.get("starts_at"), payload.get("zone")
    if not isinstance(starts_at, str) or not isinstance(zone, str):
        return ""
    local = datetime.fromisoformat(starts_at).astimezone(ZoneInfo(zone))
    return f"{local:%Y-%m-%d %H:%M} ({zone.replace('_', ' ')})"
