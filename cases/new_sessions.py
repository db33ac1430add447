"""The row of a session that begins, and where its evidence is to be kept."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from cases.residency import placed_for
from cases.states import SessionState
from cases.tables import Case, Session


def new_session(
    session_id: str,
    case: Case,
    state: SessionState,
    key: tuple[str, bytes],
    now: datetime,
    prefix: str,
) -> Session:
    """A session's first row; ``key`` is the key's id and the wrapped key."""
    return Session(
        id=session_id,
        case_id=case.id,
        tenant_id=case.tenant_id,
        direction=case.direction,
        state=state,
        key_id=key[0],
        wrapped_key=key[1],
        object_prefix=prefix,
        created_at=now,
        waiting_since=now if state is SessionState.WAITING else None,
    )


def object_prefix(tenant_id: str, session_id: str) -> str:
    """Under what a session's segments and stills are stored, in whatever place."""
    return f"{tenant_id}/{session_id}"


async def new_prefix(tx: AsyncSession, tenant_id: str, session_id: str) -> str:
    """Under what a new session's segments and stills will be stored, in the tenant's place."""
    return await placed_for(tx, tenant_id, object_prefix(tenant_id, session_id))
