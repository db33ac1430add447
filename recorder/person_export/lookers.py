"""Who of outside the case's evidence was shared with, and what the access log says they saw."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.keys import KeyRing
from cases.log import LogKind, opened
from cases.shares import with_viewers
from cases.tables import Case, CaseAccess, Event, Share
from recorder.person_export.moments import told_at, told_spans

Shown = dict[str, Any]


async def lookers_of(tx: AsyncSession, keys: KeyRing, case: Case) -> list[Shown]:
    """Each share by its viewer's name, with what was done by its link."""
    shares = await tx.scalars(
        select(Share).where(Share.case_id == case.id).order_by(Share.created_at, Share.id)
    )
    return [
        {
            "name": viewer.name,
            "inspection": one.session_id,
            "created_at": told_at(one.created_at),
            "expires_at": told_at(one.expires_at),
            "revoked_at": told_at(one.revoked_at),
            "may_download": one.may_download,
            "looks": await _looks(tx, keys, case, one),
        }
        for one, viewer in await with_viewers(tx, keys, shares)
    ]


async def _looks(tx: AsyncSession, keys: KeyRing, case: Case, share: Share) -> list[Shown]:
    key = await keys.tenant_key(tx, case.tenant_id)
    rows = await tx.scalars(
        select(Event)
        .join(
            CaseAccess, (CaseAccess.tenant_id == Event.subject_id) & (CaseAccess.seq == Event.seq)
        )
        .where(
            Event.log == LogKind.ACCESS,
            CaseAccess.case_id == case.id,
            Event.actor == f"share:{share.id}",
        )
        .order_by(CaseAccess.seq)
    )
    found = []
    for event in (opened(row, key) for row in rows):
        payload = event.payload or {}
        found.append(
            {
                "at": told_at(event.at),
                "what": event.kind,
                "thing": payload.get("what"),
                "id": payload.get("id"),
                "spans": told_spans(payload.get("spans")),
            }
        )
    return found
