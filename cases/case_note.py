"""One entry of a case's log, as every use case of the desk writes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from cases import log
from cases.actor import Actor
from cases.keys import KeyRing
from cases.log import LoggedEvent, LogKind, Visibility
from cases.tables import Case


async def note(
    tx: AsyncSession,
    keys: KeyRing,
    case: Case,
    kind: str,
    payload: Mapping[str, object],
    actor: Actor,
    now: datetime,
    *,
    key: bytes | None = None,
) -> LoggedEvent:
    """Write what happened into the case's log, for the seller's people.

    ``key`` is the case's, of whoever has opened it already.
    """
    return await log.append(
        tx,
        log=LogKind.CASE,
        subject_id=case.id,
        kind=kind,
        payload=payload,
        visibility=Visibility.SELLER,
        actor=actor.label,
        key=key or await keys.key_of(tx, case),
        at=now,
    )
