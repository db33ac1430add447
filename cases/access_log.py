"""The access log of a tenant: who looked at what. One entry per person, thing and hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import Actor
from cases.database import Database
from cases.keys import KeyRing
from cases.log import LogKind, Visibility, append
from cases.tables import Event

_ENTRY: Final = select(Event.seq).where(
    Event.log == LogKind.ACCESS,
    Event.subject_id == bindparam("tenant_id"),
    Event.actor == bindparam("actor"),
    Event.client_id == bindparam("name"),
)


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody looks at a ``case``, ``thread``, ``timeline``, ``still``, ``call`` and so on."""

    actor: Actor
    tenant_id: str
    what: str
    subject_id: str
    at: datetime

    @property
    def name(self) -> str:
        """The same for every look of one hour at the same thing."""
        return f"{self.what}:{self.subject_id}:{self.at:%Y-%m-%dT%H}"


async def is_noted(tx: AsyncSession, look: Look) -> bool:
    """Whether the entry is there, as it nearly always is."""
    asked = {"tenant_id": look.tenant_id, "actor": look.actor.label, "name": look.name}
    return await tx.scalar(_ENTRY, asked) is not None


async def write_look(database: Database, keys: KeyRing, look: Look) -> None:
    """Write a look down, once; call it outside any transaction."""
    async with database.begin() as tx:
        await append(
            tx,
            log=LogKind.ACCESS,
            subject_id=look.tenant_id,
            kind="looked",
            payload={"what": look.what, "id": look.subject_id},
            visibility=Visibility.SELLER,
            actor=look.actor.label,
            key=await keys.tenant_key(tx, look.tenant_id),
            at=look.at,
            client_id=look.name,
        )


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
    """Write a look down unless it is; call it outside any transaction.

    Who has a snapshot open asks ``is_noted`` in it and writes afterwards.
    """
    look = Look(actor, tenant_id, what, subject_id, now)
    async with database.read() as tx:
        noted = await is_noted(tx, look)
    if not noted:
        await write_look(database, keys, look)
