"""Where the buyer of a case is reached, and what was sent to which address."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.channels import address_of
from cases.keys import KeyRing
from cases.mail_seal import recipients_of
from cases.tables import Mail, Notice, NoticeContact
from recorder.person_export.moments import told_at

Shown = dict[str, Any]


async def addresses_of(tx: AsyncSession, keys: KeyRing, case_id: str) -> list[Shown]:
    """The buyer's addresses besides the one for mail."""
    return [
        {
            "channel": one.kind,
            "address": await address_of(tx, keys, one),
            "created_at": told_at(one.created_at),
            "heard_at": told_at(one.heard_at),
        }
        for one in await _contacts(tx, case_id)
    ]


async def notices_of(tx: AsyncSession, keys: KeyRing, case_id: str) -> list[Shown]:
    """What the buyer was told; without an address where that was changed since."""
    contacts = {
        (one.kind, one.address_hash): await address_of(tx, keys, one)
        for one in await _contacts(tx, case_id)
    }
    rows = (
        await tx.execute(
            select(Notice, Mail)
            .outerjoin(Mail, Mail.id == Notice.mail_id)
            .where(Notice.case_id == case_id)
            .order_by(Notice.created_at, Notice.id)
        )
    ).all()
    recipients = await recipients_of(tx, keys, [mail for _, mail in rows if mail is not None])
    return [
        {
            "what": notice.kind,
            "state": notice.state,
            "why": notice.reason,
            "channel": notice.channel,
            "address": recipients.get(mail.id)
            if mail is not None
            else contacts.get((notice.channel or "", notice.address_hash or b"")),
            "locale": notice.locale,
            "created_at": told_at(notice.created_at),
            "sent_at": told_at(notice.sent_at),
        }
        for notice, mail in rows
    ]


async def _contacts(tx: AsyncSession, case_id: str) -> list[NoticeContact]:
    rows = await tx.scalars(
        select(NoticeContact).where(NoticeContact.case_id == case_id).order_by(NoticeContact.kind)
    )
    return list(rows)
