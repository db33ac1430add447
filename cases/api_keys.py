"""API keys as a seller's admins see them: which there are, and the end of one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases import people
from cases.actor import StaffActor
from cases.case_access import not_found
from cases.cursors import read_cursor, write_cursor
from cases.developer_commands import NewKey
from cases.developers import tenant_of
from cases.states import Role, Scope
from cases.tables import ApiKey
from cases.view import View
from runtime.errors import CaseError

MAX_KEYS: Final = 50
USE_NOTED_EVERY: Final = timedelta(minutes=5)


class KeyView(View):
    """An API key without its secret; ``beginning`` is how the secret begins."""

    id: str
    name: str
    scopes: list[Scope]
    beginning: str | None
    created_at: datetime
    last_used_at: datetime | None


async def list_keys(
    tx: AsyncSession, actor: StaffActor, *, limit: int, cursor: str | None
) -> tuple[list[KeyView], str | None]:
    """The keys that work, newest first, and where the next page begins.

    Raises:
        CaseError: ``forbidden`` (403) for who is no admin of a seller, ``bad_cursor`` (422).
    """
    query = (
        select(ApiKey)
        .where(ApiKey.tenant_id == tenant_of(actor, Role.ADMIN), ApiKey.revoked_at.is_(None))
        .order_by(ApiKey.created_at.desc(), ApiKey.id.desc())
        .limit(limit + 1)
    )
    if cursor is not None:
        at, key_id = read_cursor(cursor)
        query = query.where(
            (ApiKey.created_at < at) | ((ApiKey.created_at == at) & (ApiKey.id < key_id))
        )
    rows = list(await tx.scalars(query))
    page = rows[:limit]
    more = write_cursor(page[-1].created_at, page[-1].id) if len(rows) > limit else None
    return [_view(key) for key in page], more


async def make_key(
    tx: AsyncSession, actor: StaffActor, command: NewKey, now: datetime
) -> tuple[KeyView, str]:
    """A new key and its secret, which is told once.

    Raises:
        CaseError: ``forbidden`` (403), ``too_many_keys`` (409).
    """
    tenant_id = tenant_of(actor, Role.ADMIN)
    count = await tx.scalar(
        select(func.count())
        .select_from(ApiKey)
        .where(ApiKey.tenant_id == tenant_id, ApiKey.revoked_at.is_(None))
    )
    if (count or 0) >= MAX_KEYS:
        raise CaseError("too_many_keys", f"There are {MAX_KEYS} keys. Revoke one first.")
    secret = await people.create_api_key(
        tx,
        tenant_id=tenant_id,
        name=command.name,
        scopes=command.scopes,
        now=now,
        created_by=actor.label,
    )
    key = await tx.scalar(select(ApiKey).where(ApiKey.secret_hash == people.hash_of_secret(secret)))
    assert key is not None
    return _view(key), secret


async def revoke_key(tx: AsyncSession, actor: StaffActor, key_id: str, now: datetime) -> None:
    """End a key: from the next request on it is unknown. Revoking twice is once.

    Raises:
        CaseError: ``forbidden`` (403), ``not_found`` (404).
    """
    tenant_id = tenant_of(actor, Role.ADMIN)
    key = await tx.get(ApiKey, key_id)
    if key is None or key.tenant_id != tenant_id:
        raise not_found()
    key.revoked_at = key.revoked_at or now


async def note_use(tx: AsyncSession, key_id: str, now: datetime) -> None:
    """Write down that a key was used, unless that was done a moment ago."""
    await tx.execute(
        update(ApiKey)
        .where(
            ApiKey.id == key_id,
            or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < now - USE_NOTED_EVERY),
        )
        .values(last_used_at=now)
    )


def _view(key: ApiKey) -> KeyView:
    return KeyView(
        id=key.id,
        name=key.name,
        scopes=sorted(Scope(scope) for scope in key.scopes),
        beginning=key.beginning,
        created_at=key.created_at,
        last_used_at=key.last_used_at,
    )
