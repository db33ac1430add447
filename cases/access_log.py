"""The access log of a tenant: who looked at, replayed, was sent, downloaded or passed on what.

Looks and what a recording's ranges hold are coalesced: one entry per person, thing and hour,
and of a recording one per five minutes of it besides. Everything else is an entry each time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import Actor
from cases.database import Database
from cases.keys import KeyRing
from cases.log import LogKind, Visibility, append
from cases.tables import CaseAccess, Event

SERVED_BLOCK_MS: Final = 300_000
"""Of a recording's time, what is noted at once: two hours are 24 entries, however they are read."""
_BRIDGED_MS: Final = 1_000

_ENTRY: Final = select(Event.seq).where(
    Event.log == LogKind.ACCESS,
    Event.subject_id == bindparam("tenant_id"),
    Event.actor == bindparam("actor"),
    Event.client_id == bindparam("name"),
)

Span = tuple[int, int]
"""From one moment to another, both in wall-clock milliseconds."""


class Deed(StrEnum):
    """What was done: the entry's kind."""

    LOOKED = "looked"
    REPLAYED = "replayed"  # as the page of whoever watches reports it
    SERVED = "served"  # bytes of a recording went out
    DOWNLOADED = "downloaded"
    ORDERED = "ordered"  # a package or an export was asked for
    SHARED = "shared"
    SHARE_ENDED = "share_ended"
    ERASURE_ASKED = "erasure_asked"


@dataclass(frozen=True, slots=True)
class Access:
    """Somebody did something with a ``case``, ``thread``, ``recording``, ``still`` and so on.

    ``case_id`` is None where it is about no case; ``report_id`` makes a repeated report harmless.
    """

    actor: Actor
    tenant_id: str
    case_id: str | None
    deed: Deed
    what: str
    subject_id: str
    at: datetime
    spans: tuple[Span, ...] = ()
    report_id: str | None = None

    @property
    def name(self) -> str | None:
        """The same for everything that is one entry; None: an entry of its own."""
        if self.report_id is not None:
            return f"{self.what}:{self.subject_id}:{self.report_id}"
        hour = f"{self.what}:{self.subject_id}:{self.at:%Y-%m-%dT%H}"
        if self.deed is Deed.LOOKED:
            return hour
        if self.deed is Deed.SERVED:
            return f"{hour}:{self.spans[0][0]}"
        return None


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same moments in as few spans as they need; a second between two is no gap."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1] + _BRIDGED_MS:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return tuple(found)


async def is_noted(tx: AsyncSession, access: Access) -> bool:
    """Whether the entry is there, as that of a look nearly always is."""
    asked = {"tenant_id": access.tenant_id, "actor": access.actor.label, "name": access.name}
    return access.name is not None and await tx.scalar(_ENTRY, asked) is not None


async def write_access(tx: AsyncSession, keys: KeyRing, access: Access) -> None:
    """Write it down in somebody's transaction, and to which case it belongs."""
    payload: dict[str, object] = {"what": access.what, "id": access.subject_id}
    if access.spans:
        payload["spans"] = [list(span) for span in access.spans]
    event = await append(
        tx,
        log=LogKind.ACCESS,
        subject_id=access.tenant_id,
        kind=access.deed,
        payload=payload,
        visibility=Visibility.SELLER,
        actor=access.actor.label,
        key=await keys.tenant_key(tx, access.tenant_id),
        at=access.at,
        client_id=access.name,
    )
    if access.case_id is not None and await _case_of(tx, access.tenant_id, event.seq) is None:
        tx.add(CaseAccess(tenant_id=access.tenant_id, seq=event.seq, case_id=access.case_id))
        await tx.flush()


async def note_access(database: Database, keys: KeyRing, access: Access) -> None:
    """Write it down unless it is; call it outside any transaction, before anything is given.

    Who has a snapshot open asks ``is_noted`` in it and writes afterwards.
    """
    async with database.read() as tx:
        noted = await is_noted(tx, access)
    if not noted:
        async with database.begin() as tx:
            await write_access(tx, keys, access)


async def _case_of(tx: AsyncSession, tenant_id: str, seq: int) -> str | None:
    found: str | None = await tx.scalar(
        select(CaseAccess.case_id).where(CaseAccess.tenant_id == tenant_id, CaseAccess.seq == seq)
    )
    return found
