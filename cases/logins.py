"""A person's sign-ins: which there are, ending them, and the cookie's renewal."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from pydantic import AwareDatetime, BaseModel
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases.devices import device_words
from cases.people import SignedIn, actor_of_staff, hash_of_secret
from cases.states import Presence
from cases.tables import EarlierSecret, Login, Participant, Staff
from cases.unit import Unit
from runtime.errors import CaseError

_RENEW_AFTER: Final = timedelta(hours=1)
_GRACE: Final = timedelta(minutes=2)
Renewal = Callable[[Unit], Awaitable[SignedIn | None]]

SEEN_EVERY: Final = timedelta(minutes=5)
_SECRET_BYTES: Final = 32


class LoginView(BaseModel):
    """One sign-in, as its owner reads it."""

    id: str
    device: str
    created_at: AwareDatetime
    last_seen_at: AwareDatetime
    this_one: bool


async def list_logins(tx: AsyncSession, login: Login, now: datetime) -> list[LoginView]:
    """The open sign-ins of a login's owner, the last seen first."""
    found = await tx.scalars(
        select(Login)
        .where(Login.staff_id == login.staff_id, Login.revoked_at.is_(None), Login.expires_at > now)
        .order_by(Login.last_seen_at.desc(), Login.id)
    )
    return [
        LoginView(
            id=one.id,
            device=device_words(one.user_agent),
            created_at=one.created_at,
            last_seen_at=one.last_seen_at,
            this_one=one.id == login.id,
        )
        for one in found
    ]


async def end_login(unit: Unit, staff_id: str, login_id: str) -> None:
    """End one of a person's own sign-ins; its sockets fall.

    Raises:
        CaseError: ``not_found`` (404).
    """
    ended = await unit.tx.execute(
        update(Login)
        .where(Login.id == login_id, Login.staff_id == staff_id, Login.revoked_at.is_(None))
        .values(revoked_at=unit.now)
        .returning(Login.id)
    )
    if ended.first() is None:
        raise CaseError("not_found", "There is no such sign-in.", status=404)
    await drop_sockets(unit, staff_id)


async def end_logins(unit: Unit, staff_id: str, *, but: str | None = None) -> None:
    """End all of a person's sign-ins, or all but one; their sockets fall at once."""
    query = update(Login).where(Login.staff_id == staff_id, Login.revoked_at.is_(None))
    if but is not None:
        query = query.where(Login.id != but)
    await unit.tx.execute(query.values(revoked_at=unit.now))
    await drop_sockets(unit, staff_id)


async def is_due(tx: AsyncSession, login: Login, now: datetime) -> bool:
    """Whether a login has had its cookie for an hour."""
    last = await tx.scalar(
        select(EarlierSecret.replaced_at)
        .where(EarlierSecret.login_id == login.id)
        .order_by(EarlierSecret.replaced_at.desc())
        .limit(1)
    )
    return now - (last or login.created_at) >= _RENEW_AFTER


async def renew(
    tx: AsyncSession, login: Login, now: datetime, *, at_once: bool = False
) -> SignedIn | None:
    """Give a login another cookie once an hour, or ``at_once``; None when it is not yet time.

    The one before is good for two minutes more, since requests may be under way; ``at_once``
    it is worth nothing.
    """
    login = await tx.get_one(Login, login.id, with_for_update=True, populate_existing=True)
    if not at_once and not await is_due(tx, login, now):
        return None
    # The others stay as long as the login: they say what an old socket stands on.
    await tx.execute(
        update(EarlierSecret).where(EarlierSecret.login_id == login.id).values(good_until=now)
    )
    tx.add(
        EarlierSecret(
            secret_hash=login.secret_hash,
            login_id=login.id,
            replaced_at=now,
            good_until=now if at_once else now + _GRACE,
        )
    )
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    login.secret_hash = hash_of_secret(secret)
    actor = await actor_of_staff(tx, await tx.get_one(Staff, login.staff_id))
    return SignedIn(actor, secret, login.expires_at)


async def note_seen(tx: AsyncSession, login_id: str, now: datetime) -> None:
    """Write down that a login was used."""
    await tx.execute(
        update(Login)
        .where(Login.id == login_id, Login.last_seen_at < now - SEEN_EVERY)
        .values(last_seen_at=now)
    )


async def drop_sockets(unit: Unit, staff_id: str) -> None:
    """Cut a person's sockets once this is committed; who may still come connects again."""
    unit.changes.signed_out.add(staff_id)
    found = await unit.tx.scalars(
        select(Participant.socket_id).where(
            Participant.staff_id == staff_id,
            Participant.presence == Presence.HERE,
            Participant.socket_id.is_not(None),
        )
    )
    unit.changes.dropped_sockets += [one for one in found if one is not None]
