"""New passwords: by a link that works once, or by the old one; both end the other sign-ins."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases import logins, mail
from cases.mail_texts import staff_letter
from cases.passwords import check_password
from cases.people import folded, hash_of_secret
from cases.staffing import organisation_name
from cases.tables import PasswordReset, Staff
from cases.unit import Unit
from runtime.errors import CaseError
from runtime.ids import new_id

RESET_LIFETIME: Final = timedelta(minutes=30)
_TOKEN_BYTES: Final = 24


async def order_reset(unit: Unit, email: str, public_url: str, *, by_mail: bool) -> str | None:
    """Make a link for whoever signs in with this address; None when nobody does.

    An earlier link of theirs ends. The caller must not tell strangers which it was.
    """
    staff = await unit.tx.scalar(
        select(Staff)
        .where(Staff.email == folded(email), Staff.disabled_at.is_(None))
        .with_for_update()
    )
    if staff is None:
        return None
    await _end_links(unit, staff.id)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    until = unit.now + RESET_LIFETIME
    unit.tx.add(
        PasswordReset(
            id=new_id("rst"),
            staff_id=staff.id,
            token_hash=hash_of_secret(token),
            created_at=unit.now,
            expires_at=until,
        )
    )
    await unit.tx.flush()
    url = f"{public_url}/reset#{token}"
    if by_mail:
        values = {"name": staff.name, "url": url, "until": f"{until:%Y-%m-%d %H:%M} UTC"}
        await _tell(unit, staff, "password_reset", values)
    return url


async def check_link(tx: AsyncSession, token: str, now: datetime) -> None:
    """Say whether a link can still be used, before a person thinks of a password.

    Raises:
        CaseError: ``link_over`` (410).
    """
    await _usable(tx, token, now)


async def reset(unit: Unit, token: str, *, password: str, password_hash: str) -> None:
    """Set the password with a link; every sign-in ends, and the person is told.

    Raises:
        CaseError: ``link_over`` (410), ``weak_password`` (422).
    """
    link = await _usable(unit.tx, token, unit.now, lock=True)
    staff = await unit.tx.get_one(Staff, link.staff_id, with_for_update=True)
    check_password(password, staff.email, staff.name)
    await _end_links(unit, staff.id)
    staff.password_hash = password_hash
    await logins.end_logins(unit, staff.id)
    await _tell_changed(unit, staff)


async def change(
    unit: Unit, staff_id: str, login_id: str, *, password: str, password_hash: str
) -> None:
    """Set one's own password, the old one checked before; every other sign-in ends.

    Raises:
        CaseError: ``weak_password`` (422).
    """
    staff = await unit.tx.get_one(Staff, staff_id, with_for_update=True)
    check_password(password, staff.email, staff.name)
    staff.password_hash = password_hash
    await _end_links(unit, staff.id)
    await logins.end_logins(unit, staff.id, but=login_id)
    await _tell_changed(unit, staff)


async def _tell_changed(unit: Unit, staff: Staff) -> None:
    organisation = await organisation_name(unit.tx, staff)
    values = {"name": staff.name, "organisation": organisation}
    await _tell(unit, staff, "password_changed", values)


async def _tell(unit: Unit, staff: Staff, kind: str, values: dict[str, str]) -> None:
    await mail.post(
        unit,
        organisation_id=staff.tenant_id or staff.warehouse_id or "",
        kind=kind,
        to=staff.email,
        letter=staff_letter(kind, staff.locale, values),
    )


async def _end_links(unit: Unit, staff_id: str) -> None:
    await unit.tx.execute(
        update(PasswordReset)
        .where(PasswordReset.staff_id == staff_id, PasswordReset.used_at.is_(None))
        .values(used_at=unit.now)
    )


async def _usable(
    tx: AsyncSession, token: str, now: datetime, *, lock: bool = False
) -> PasswordReset:
    query = (
        select(PasswordReset)
        .join(Staff, Staff.id == PasswordReset.staff_id)
        .where(
            PasswordReset.token_hash == hash_of_secret(token),
            PasswordReset.used_at.is_(None),
            PasswordReset.expires_at > now,
            Staff.disabled_at.is_(None),
        )
    )
    found = await tx.scalar(query.with_for_update(of=PasswordReset) if lock else query)
    if found is None:
        raise CaseError(
            "link_over", "This link is used up or too old. Ask for a new one.", status=410
        )
    return found
