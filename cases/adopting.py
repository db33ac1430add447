"""Keys from before there were erasure keys get one, once, by the process that does durable work."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from sqlalchemy import ColumnElement, func, select

from cases.database import Database
from cases.keys import TENANT_ALONE_BYTES, KeyDestroyed, KeyRing
from cases.tables import Case, Filing, Session

log = structlog.get_logger()

_BATCH: Final = 50
_PAUSE_S: Final = 0.05


async def adopt_older_keys(database: Database, keys: KeyRing) -> None:
    """Wrap every key anew that a tenant's key alone wraps; ends when there is none."""
    adopted = 0
    while ids := await _older(database):
        for case_id in ids:
            async with database.begin() as tx:
                case = await tx.get_one(Case, case_id, with_for_update=True)
                try:
                    await keys.adopt(tx, case)
                except KeyDestroyed:
                    # Of a tenant that is gone: nothing of it can be read as it is.
                    case.wrapped_key = None
                filings = await tx.scalars(select(Filing).where(Filing.case_id == case_id))
                for filing in filings:
                    filing.wrapped_key = case.wrapped_key
        adopted += len(ids)
        await asyncio.sleep(_PAUSE_S)
    if adopted:
        log.info("older keys have erasure keys now", cases=adopted)


async def _older(database: Database) -> list[str]:
    async with database.read() as tx:
        own = await tx.scalars(select(Case.id).where(_is_older(Case.wrapped_key)).limit(_BATCH))
        found = list(own)
        if not found:
            of_sessions = await tx.scalars(
                select(Session.case_id).where(_is_older(Session.wrapped_key)).limit(_BATCH)
            )
            found = sorted(set(of_sessions))
        return found


def _is_older(column: object) -> ColumnElement[bool]:
    return func.length(column) == TENANT_ALONE_BYTES
