"""What is kept about somebody who works here, as it may be read by whoever asks for it.

The person themselves, or an admin of their organisation, asks. Warehouse staff work for several
sellers: of a return that the asker may not see (now) only its number, the time and the kind of
what was done are told, and so of one that was erased.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action, may
from cases.actor import StaffActor
from cases.case_access import facts_of
from cases.keys import KeyRing
from cases.mail_seal import recipients_of
from cases.notice_words import notice_locale
from cases.people import folded
from cases.staffing import organisation_name
from cases.tables import (
    Case,
    Grant,
    Login,
    Mail,
    Roster,
    SavedFilter,
    SecondFactor,
    Shift,
    Staff,
    StaffConsent,
    StaffInvitation,
    Tenant,
    ThreadRead,
)
from recorder.person_export.deeds import Seen, calls_of, deeds_of, looks_of
from recorder.person_export.gathering import Gathered
from recorder.person_export.moments import told_at
from recorder.person_export.references import references_to

STAFF_FORMAT: Final = "proofcall-staff-export/1"

Shown = dict[str, Any]


async def gather_staff(
    tx: AsyncSession, keys: KeyRing, asker: StaffActor, staff_id: str, now: datetime
) -> Gathered:
    """Read it all in one transaction; there are no files in it."""
    staff = await tx.get_one(Staff, staff_id)
    label = f"staff:{staff.id}"
    tenant_ids = await _tenants(tx, staff)
    seen = await _seen(tx, keys, asker, staff_id, tenant_ids)
    index = {
        "about": {
            "format": STAFF_FORMAT,
            "made_at": told_at(now),
            "organisation": await organisation_name(tx, staff),
            "asked_by": asker.name,
        },
        "person": await _person(tx, staff),
        "invitations": await _invitations(tx, staff),
        "logins": await _logins(tx, staff.id),
        "consents": await _consents(tx, staff.id),
        "shifts": await _shifts(tx, staff.id),
        "filters": await _filters(tx, staff.id),
        "mails": await _mails(tx, keys, staff),
        "inspections": await calls_of(tx, seen, staff.id),
        "events": await deeds_of(tx, seen, label),
        "looks": await looks_of(tx, seen, label),
        "reads": await _reads(tx, label),
        "references": await references_to(tx, staff.id),
    }
    return Gathered(index, [], notice_locale(staff.locale, "en"), b"")


async def _tenants(tx: AsyncSession, staff: Staff) -> list[str]:
    """Whose logs they may stand in: their seller's, or of all their warehouse worked for."""
    if staff.tenant_id is not None:
        return [staff.tenant_id]
    rows = await tx.scalars(
        select(Grant.tenant_id).where(Grant.warehouse_id == staff.warehouse_id).distinct()
    )
    return sorted(rows)


async def _seen(
    tx: AsyncSession, keys: KeyRing, asker: StaffActor, staff_id: str, tenant_ids: list[str]
) -> Seen:
    names = await tx.execute(select(Tenant.id, Tenant.name).where(Tenant.id.in_(tenant_ids)))

    def may_see(case: Case) -> bool:
        return case.erased_at is None and may(asker, Action.VIEW_CASE, facts_of(case))

    own = frozenset({asker.tenant_id} if asker.tenant_id is not None else ())
    return Seen(
        keys,
        {row.id: row.name for row in names},
        own | asker.granted_tenants,
        may_see,
        is_own=asker.staff_id == staff_id,
    )


async def _person(tx: AsyncSession, staff: Staff) -> Shown:
    factor = await tx.get(SecondFactor, staff.id)
    return {
        "id": staff.id,
        "name": staff.name,
        "email": staff.email,
        "locale": staff.locale,
        "roles": staff.roles,
        "created_at": told_at(staff.created_at),
        "disabled_at": told_at(staff.disabled_at),
        "second_factor_at": told_at(factor.confirmed_at) if factor else None,
    }


async def _invitations(tx: AsyncSession, staff: Staff) -> list[Shown]:
    rows = await tx.scalars(
        select(StaffInvitation)
        .where(
            StaffInvitation.email == folded(staff.email),
            StaffInvitation.tenant_id == staff.tenant_id
            if staff.tenant_id is not None
            else StaffInvitation.warehouse_id == staff.warehouse_id,
        )
        .order_by(StaffInvitation.created_at)
    )
    return [
        {
            "roles": one.roles,
            "locale": one.locale,
            "created_at": told_at(one.created_at),
            "expires_at": told_at(one.expires_at),
            "accepted_at": told_at(one.accepted_at),
            "revoked_at": told_at(one.revoked_at),
        }
        for one in rows
    ]


async def _logins(tx: AsyncSession, staff_id: str) -> list[Shown]:
    rows = await tx.scalars(
        select(Login).where(Login.staff_id == staff_id).order_by(Login.created_at)
    )
    return [
        {
            "created_at": told_at(one.created_at),
            "last_seen_at": told_at(one.last_seen_at),
            "expires_at": told_at(one.expires_at),
            "revoked_at": told_at(one.revoked_at),
            "user_agent": one.user_agent,
        }
        for one in rows
    ]


async def _consents(tx: AsyncSession, staff_id: str) -> list[Shown]:
    rows = await tx.scalars(
        select(StaffConsent)
        .where(StaffConsent.staff_id == staff_id)
        .order_by(StaffConsent.given_at)
    )
    return [
        {
            "version": one.text_version,
            "locale": one.locale,
            "given_at": told_at(one.given_at),
            "withdrawn_at": told_at(one.withdrawn_at),
        }
        for one in rows
    ]


async def _shifts(tx: AsyncSession, staff_id: str) -> Shown:
    shift, roster = await tx.get(Shift, staff_id), await tx.get(Roster, staff_id)
    return {
        "ready_since": told_at(shift.ready_since) if shift else None,
        "hours": roster.hours if roster else None,
        "languages": roster.languages if roster else None,
        "categories": roster.categories if roster else None,
        "updated_at": told_at(roster.updated_at) if roster else None,
    }


async def _filters(tx: AsyncSession, staff_id: str) -> list[Shown]:
    rows = await tx.scalars(
        select(SavedFilter).where(SavedFilter.staff_id == staff_id).order_by(SavedFilter.created_at)
    )
    return [
        {
            "name": one.name,
            "details": one.wanted,
            "shared": one.shared,
            "created_at": told_at(one.created_at),
        }
        for one in rows
    ]


async def _mails(tx: AsyncSession, keys: KeyRing, staff: Staff) -> list[Shown]:
    """What was sent to their address about working here."""
    rows = list(
        await tx.scalars(
            select(Mail)
            .where(
                Mail.organisation_id == (staff.tenant_id or staff.warehouse_id),
                Mail.case_id.is_(None),
            )
            .order_by(Mail.created_at)
        )
    )
    recipients = await recipients_of(tx, keys, rows)
    return [
        {
            "what": one.kind,
            "locale": one.locale,
            "state": one.state,
            "created_at": told_at(one.created_at),
            "sent_at": told_at(one.sent_at),
        }
        for one in rows
        if folded(recipients[one.id]) == staff.email
    ]


async def _reads(tx: AsyncSession, label: str) -> list[Shown]:
    rows = await tx.scalars(
        select(ThreadRead).where(ThreadRead.reader == label).order_by(ThreadRead.read_to)
    )
    return [{"case_id": one.case_id, "read_to": told_at(one.read_to)} for one in rows]
