"""The access log of a tenant: who looked at what. One entry per person, thing and hour."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from cases.actor import Actor
from cases.database import Database
from cases.keys import KeyRing
from cases.log import LogKind, Visibility, append
from cases.tables import Event


async def note_look(
    database: Database,
    keys: KeyRing,
    actor: Actor,
    *,
    tenant_id: str,
    what: str,
    subject_id: str,
    now: datetime,
) -> None:
    """Write down a look at a ``case``, ``thread``, ``timeline``, ``still``, ``call`` and so on.

    Call it outside any transaction: nearly always a read finds that the entry is there.
    """
    client_id = f"{what}:{subject_id}:{now:%Y-%m-%dT%H}"
    async with database.read() as tx:
        known = await tx.scalar(
            select(Event.seq).where(
                Event.log == LogKind.ACCESS,
                Event.subject_id == tenant_id,
                Event.actor == actor.label,
                Event.client_id == client_id,
            )
        )
    if known is not None:
        return
    async with database.begin() as tx:
        await append(
            tx,
            log=LogKind.ACCESS,
            subject_id=tenant_id,
            kind="looked",
            payload={"what": what, "id": subject_id},
            visibility=Visibility.SELLER,
            actor=actor.label,
            key=await keys.tenant_key(tx, tenant_id),
            at=now,
            client_id=client_id,
        )
