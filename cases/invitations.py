"""Invitations of staff: sent, taken back, looked at and accepted; each is used once."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import mail
from cases.actor import StaffActor
from cases.database import hold
from cases.mail_texts import staff_letter
from cases.passwords import check_password
from cases.people import folded, hash_of_secret
from cases.staffing import (
    MAX_OPEN_INVITATIONS,
    check_admin,
    no_such_person,
    note,
    organisation_name,
    organisation_of,
    same_place,
)
from cases.states import Role
from cases.tables import Staff, StaffInvitation
from cases.unit import Unit
from runtime.errors import CaseError
from runtime.ids import new_id

INVITATION_LIFETIME: Final = timedelta(days=7)
_TOKEN_BYTES: Final = 24


@dataclass(frozen=True, slots=True)
class Invited:
    """A new invitation and its token, which is told once."""

    invitation_id: str
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """What the invited person reads before they accept."""

    invitation_id: str
    organisation: str
    email: str
    roles: list[Role]
    locale: str


async def invite(
    unit: Unit,
    actor: StaffActor,
    *,
    email: str,
    roles: Iterable[Role],
    locale: str,
    public_url: str,
) -> Invited:
    """Invite somebody by mail; an earlier invitation of the same address ends.

    Raises:
        CaseError: ``wrong_role`` (403), ``email_taken``, ``too_many_invitations`` (409).
    """
    check_admin(actor)
    email = folded(email)
    if await unit.tx.scalar(select(Staff.id).where(Staff.email == email)) is not None:
        raise CaseError("email_taken", "Somebody signs in with this e-mail address already.")
    await hold(unit.tx, f"people:{organisation_of(actor)}")
    waiting = list(
        await unit.tx.scalars(
            select(StaffInvitation).where(
                same_place(StaffInvitation, actor),
                StaffInvitation.accepted_at.is_(None),
                StaffInvitation.revoked_at.is_(None),
            )
        )
    )
    if len(waiting) >= MAX_OPEN_INVITATIONS:
        raise CaseError("too_many_invitations", "Too many invitations are open. Take some back.")
    for earlier in waiting:
        if earlier.email == email:
            earlier.revoked_at = unit.now
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    invitation = StaffInvitation(
        id=new_id("inv"),
        tenant_id=actor.tenant_id,
        warehouse_id=actor.warehouse_id,
        email=email,
        roles=sorted(roles),
        locale=locale,
        token_hash=hash_of_secret(token),
        invited_by=actor.label,
        created_at=unit.now,
        expires_at=unit.now + INVITATION_LIFETIME,
    )
    unit.tx.add(invitation)
    await unit.tx.flush()
    letter = staff_letter(
        "staff_invited",
        locale,
        {
            "by": actor.name,
            "organisation": await organisation_name(unit.tx, actor),
            "url": f"{public_url}/accept#{token}",
            "until": f"{invitation.expires_at:%Y-%m-%d %H:%M} UTC",
        },
    )
    await mail.post(
        unit,
        organisation_id=organisation_of(actor),
        kind="staff_invited",
        to=email,
        letter=letter,
    )
    await note(unit, actor, "invited", invitation.id)
    return Invited(invitation.id, token, invitation.expires_at)


async def take_back(unit: Unit, actor: StaffActor, invitation_id: str) -> None:
    """End an invitation.

    Raises:
        CaseError: ``wrong_role`` (403), ``not_found`` (404).
    """
    check_admin(actor)
    invitation = await unit.tx.scalar(
        select(StaffInvitation)
        .where(
            StaffInvitation.id == invitation_id,
            same_place(StaffInvitation, actor),
            StaffInvitation.accepted_at.is_(None),
            StaffInvitation.revoked_at.is_(None),
        )
        .with_for_update()
    )
    if invitation is None:
        raise no_such_person()
    invitation.revoked_at = unit.now
    await note(unit, actor, "invitation_ended", invitation.id)


async def open_invitation(tx: AsyncSession, token: str, now: datetime) -> OpenInvitation:
    """What an invitation offers.

    Raises:
        CaseError: ``link_over`` (410): unknown, used, taken back or too old.
    """
    found = await _usable(tx, token, now)
    return OpenInvitation(
        found.id,
        await organisation_name(tx, found),
        found.email,
        [Role(role) for role in found.roles],
        found.locale,
    )


async def accept(unit: Unit, token: str, *, name: str, password: str, password_hash: str) -> str:
    """Become a member; the invitation is used up. The answer is the new person's id.

    ``password_hash`` is of ``password``, made before: hashing takes long.

    Raises:
        CaseError: ``link_over`` (410), ``email_taken`` (409), ``weak_password`` (422).
    """
    found = await _usable(unit.tx, token, unit.now, lock=True)
    check_password(password, found.email, name)
    if await unit.tx.scalar(select(Staff.id).where(Staff.email == found.email)) is not None:
        raise CaseError("email_taken", "Somebody signs in with this e-mail address already.")
    found.accepted_at = unit.now
    staff = Staff(
        id=new_id("stf"),
        tenant_id=found.tenant_id,
        warehouse_id=found.warehouse_id,
        email=found.email,
        name=name,
        password_hash=password_hash,
        roles=found.roles,
        locale=found.locale,
        created_at=unit.now,
    )
    unit.tx.add(staff)
    await unit.tx.flush()
    return staff.id


async def _usable(
    tx: AsyncSession, token: str, now: datetime, *, lock: bool = False
) -> StaffInvitation:
    query = select(StaffInvitation).where(
        StaffInvitation.token_hash == hash_of_secret(token),
        StaffInvitation.accepted_at.is_(None),
        StaffInvitation.revoked_at.is_(None),
        StaffInvitation.expires_at > now,
    )
    found = await tx.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise CaseError(
            "link_over", "This link is used up or too old. Ask for a new one.", status=410
        )
    return found
