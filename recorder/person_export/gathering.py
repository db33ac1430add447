"""What is kept about the buyer of one case, as the buyer may read it: values, and files.

The seller's internal notes stay out, and so does whatever is not about this case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import attachments, filing, orders
from cases.case_access import erased, not_found
from cases.case_text import CaseText, open_case_text
from cases.commands import from_minor
from cases.keys import KeyRing
from cases.label_files import ENDINGS
from cases.labels import LabelState, read_label_words
from cases.links import user_agent_of
from cases.notice_words import notice_locale
from cases.parcel_words import read_parcel
from cases.parcels import scans_of
from cases.policy_words import sentence
from cases.settlements import reference_of, settlements_of
from cases.tables import (
    Appointment,
    Case,
    Device,
    Filing,
    ItemLine,
    JoinLink,
    Label,
    Parcel,
    PolicyAnswer,
    Tenant,
)
from recorder.person_export.contacts import addresses_of, notices_of
from recorder.person_export.inspections import inspections_of, packages_of
from recorder.person_export.lookers import lookers_of
from recorder.person_export.moments import told_at
from recorder.person_export.sayings import happenings_of, messages_of

FORMAT: Final = "proofcall-person-export/1"
_ATTACHED: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
}

Shown = dict[str, Any]


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of the case: where it lies in the ZIP, and in which sealed objects in the store."""

    path: str
    size: int
    object_keys: Sequence[str]


@dataclass(frozen=True, slots=True)
class Gathered:
    """The index in the order in which it is read, and the files that it names."""

    index: Shown
    files: Sequence[KeptFile]
    language: str
    key: bytes


async def gather(tx: AsyncSession, keys: KeyRing, case_id: str, now: datetime) -> Gathered:
    """Read it all in one transaction.

    Raises:
        CaseError: ``not_found``, ``erased`` (410).
        KeyDestroyed: the case was erased meanwhile.
    """
    case = await tx.get(Case, case_id)
    if case is None:
        raise not_found()
    if case.erased_at is not None:
        raise erased(case)
    key = await keys.case_key(tx, case.id)
    text = open_case_text(key, case)
    tenant = await tx.get_one(Tenant, case.tenant_id)
    language = notice_locale(case.buyer_locale, tenant.default_locale)
    files: list[KeptFile] = []
    index = {
        "about": {
            "format": FORMAT,
            "made_at": told_at(now),
            "seller": tenant.name,
            "order_number": case.order_number,
            "case_id": case.id,
        },
        "person": {
            "name": text.buyer_name,
            "email": text.buyer_email,
            "locale": case.buyer_locale,
            "addresses": await addresses_of(tx, keys, case.id),
        },
        "case": _case(case, text),
        "policy": await _policy(tx, case, language),
        "items": await _items(tx, case),
        "order": await _order(tx, keys, case, key, text.buyer_email),
        "messages": await messages_of(tx, keys, case),
        "attachments": await _attachments(tx, case.id, key, files),
        "parcels": await _parcels(tx, key, case.id),
        "labels": await _labels(tx, key, case.id, files),
        "settlements": await _settlements(tx, key, case),
        "appointments": await _appointments(tx, case.id),
        "notices": await notices_of(tx, keys, case.id),
        "links": await _links(tx, case.id, key),
        "inspections": await inspections_of(tx, keys, case.id, language),
        "packages": await packages_of(tx, case.id),
        "events": await happenings_of(tx, case, text.buyer_name, key),
        "lookers": await lookers_of(tx, keys, case),
    }
    return Gathered(index, files, language, key)


def _case(case: Case, text: CaseText) -> Shown:
    return {
        "state": case.state,
        "reason": case.claim_reason,
        "words": text.claim_words,
        "locale": case.claim_locale,
        "market": case.market,
        "delivered_at": told_at(case.delivered_at),
        "created_at": told_at(case.created_at),
        "updated_at": told_at(case.updated_at),
        "outcome": case.verdict_outcome,
        "liability": case.verdict_liability,
        "decided_at": told_at(case.verdict_at),
        "decision": text.verdict_note,
    }


async def _policy(tx: AsyncSession, case: Case, language: str) -> Shown | None:
    """What the seller's policy decided by itself, in the words that the buyer was given."""
    answered = await tx.scalar(select(PolicyAnswer).where(PolicyAnswer.case_id == case.id))
    if answered is None:
        return None
    return {
        "at": told_at(answered.answered_at),
        "rule": answered.rule,
        "words": sentence(answered.sentence, answered.parameters, language),
        "buyer_word": answered.buyer_word,
        "buyer_word_at": told_at(answered.buyer_word_at),
    }


async def _items(tx: AsyncSession, case: Case) -> list[Shown]:
    rows = await tx.scalars(
        select(ItemLine).where(ItemLine.case_id == case.id).order_by(ItemLine.position)
    )
    return [
        {
            "sku": one.sku,
            "title": one.listing.get("title"),
            "quantity": one.quantity,
            "price": f"{from_minor(one.price_minor, case.currency)} {case.currency}",
            "returned": one.returned,
            "grade": one.grade,
            "liability": one.liability,
        }
        for one in rows
    ]


async def _order(
    tx: AsyncSession, keys: KeyRing, case: Case, key: bytes, email: str | None
) -> Shown | None:
    """Who bought and what was delivered when, as the seller's system told it."""
    filed = await tx.scalar(select(Filing).where(Filing.case_id == case.id).limit(1))
    told = None if filed is None else filing.words_of(filed, key).order
    if told is None:
        told = await orders.told_of(tx, keys, case.tenant_id, case.order_number)
    # An order of the same number may be somebody else's: what it says of them is theirs.
    if told is None or not _is_same(told.buyer.email, email):
        return None
    return {
        **told.model_dump(mode="json", include={"order_number", "buyer", "market", "delivered_at"}),
        "items": [{"sku": line.sku, "quantity": line.quantity} for line in told.items],
    }


def _is_same(address: str | None, other: str | None) -> bool:
    return bool(address and other) and (address or "").lower() == (other or "").lower()


async def _attachments(
    tx: AsyncSession, case_id: str, key: bytes, files: list[KeptFile]
) -> list[Shown]:
    shown = []
    for number, one in enumerate(await attachments.of_case(tx, case_id), 1):
        # A name of ours: what the buyer's device called it is told, and never a path.
        path = f"attachments/{number:03d}.{_ATTACHED.get(one.media_type or '', 'bin')}"
        parts = await attachments.parts_of(tx, one.id)
        files.append(KeptFile(path, one.size, [part.object_key for part in parts]))
        shown.append(
            {
                "file": path,
                "id": one.id,
                "name": attachments.name_of(one, key),
                "size": one.size,
                "media_type": one.media_type,
                "sha256": one.sha256,
                "created_at": told_at(one.created_at),
            }
        )
    return shown


async def _parcels(tx: AsyncSession, key: bytes, case_id: str) -> list[Shown]:
    rows = await tx.scalars(
        select(Parcel).where(Parcel.case_id == case_id).order_by(Parcel.created_at, Parcel.id)
    )
    return [
        {
            "way": one.way,
            "carrier": one.carrier,
            **read_parcel(key, one).model_dump(),
            "created_at": told_at(one.created_at),
            "shipped_at": told_at(one.shipped_at),
            "received_at": told_at(one.received_at),
            "scans": [
                {
                    "at": told_at(scan.at),
                    "state": scan.status,
                    "place": scan.place,
                    "words": scan.words,
                }
                for scan in await scans_of(tx, key, one.id)
            ],
        }
        for one in rows
    ]


async def _labels(tx: AsyncSession, key: bytes, case_id: str, files: list[KeptFile]) -> list[Shown]:
    rows = await tx.scalars(
        select(Label)
        .where(Label.case_id == case_id, Label.state == LabelState.MADE)
        .order_by(Label.made_at, Label.id)
    )
    shown = []
    for number, one in enumerate(rows, 1):
        path = f"labels/{number:03d}.{ENDINGS.get(one.media_type or '', 'bin')}"
        files.append(KeptFile(path, one.size or 0, [one.object_key]))
        words = read_label_words(key, one)
        shown.append(
            {
                "file": path,
                "carrier": one.carrier,
                "tracking_number": words.tracking_number,
                "address": words.address,
                "created_at": told_at(one.made_at),
            }
        )
    return shown


async def _settlements(tx: AsyncSession, key: bytes, case: Case) -> list[Shown]:
    return [
        {
            "at": told_at(one.at),
            "what": one.kind,
            "amount": None
            if one.amount_minor is None
            else f"{from_minor(one.amount_minor, case.currency)} {case.currency}",
            "reference": reference_of(key, one),
        }
        for one in await settlements_of(tx, case.id)
    ]


async def _appointments(tx: AsyncSession, case_id: str) -> list[Shown]:
    rows = await tx.scalars(
        select(Appointment)
        .where(Appointment.case_id == case_id)
        .order_by(Appointment.starts_at, Appointment.id)
    )
    return [
        {
            "starts_at": told_at(one.starts_at),
            "ends_at": told_at(one.ends_at),
            "zone": one.zone,
            "state": one.state,
        }
        for one in rows
    ]


async def _links(tx: AsyncSession, case_id: str, key: bytes) -> list[Shown]:
    """The buyer's links with the browsers that used or asked for them; never a secret."""
    rows = await tx.scalars(
        select(JoinLink).where(JoinLink.case_id == case_id).order_by(JoinLink.created_at)
    )
    return [
        {
            "created_at": told_at(link.created_at),
            "expires_at": told_at(link.expires_at),
            "revoked_at": told_at(link.revoked_at),
            "first_joined_at": told_at(link.first_joined_at),
            "devices": [
                {
                    "id": device.id,
                    "user_agent": user_agent_of(key, device),
                    "state": device.state,
                    "public_key": device.public_key,
                    "created_at": told_at(device.created_at),
                }
                for device in await tx.scalars(
                    select(Device)
                    .where(Device.join_link_id == link.id)
                    .order_by(Device.created_at, Device.id)
                )
            ],
        }
        for link in rows
    ]
