"""The store is told how long to keep a case's evidence, and of legal holds, until it has heard."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.keeping import store_term
from cases.tables import Case, Keeping
from cases.unit import Unit
from recorder.case_objects import ObjectName, evidence_of
from recorder.port import Evidence
from runtime.errors import StoreError

log = structlog.get_logger()

_BATCH: Final = 20
_FIRST_PAUSE: Final = timedelta(seconds=5)
_MOST_DOUBLINGS: Final = 9


async def next_due(tx: AsyncSession) -> datetime | None:
    """When the store is next to be told of a case."""
    return await tx.scalar(select(func.min(Keeping.store_at)))


async def tell_store_due(services: Evidence) -> int:
    """Tell the store of the cases that are due; how many there were."""
    async with services.database.read() as tx:
        rows = await tx.execute(
            select(Keeping.case_id, Keeping.store_at)
            .where(Keeping.store_at <= services.clock.now())
            .order_by(Keeping.store_at)
            .limit(_BATCH)
        )
        due = [(row.case_id, row.store_at) for row in rows]
    for case_id, asked_at in due:
        try:
            await tell_store(services, case_id)
        except StoreError as error:
            log.warning("store not told", case_id=case_id, error=str(error))
            await services.run(partial(_postpone, case_id))
        else:
            await services.run(partial(_told, case_id, asked_at))
    return len(due)


async def tell_store(services: Evidence, case_id: str) -> None:
    """Have every object of the case's evidence kept as long as the case; may be done again.

    Raises:
        StoreError: the store is away or refuses.
    """
    async with services.database.read() as tx:
        case = await tx.get_one(Case, case_id)
        if case.erased_at is not None:
            return
        until, is_held = await store_term(tx, case, services.clock.now())
        objects = await evidence_of(tx, case_id)
    for one in objects:
        await _tell(services, one, until, is_held=is_held)


async def _tell(
    services: Evidence, one: ObjectName, until: datetime | None, *, is_held: bool
) -> None:
    key, version = one
    if until is not None:
        await services.store.retain(key, until, version_id=version)
    if is_held:
        await services.store.hold(key, version_id=version)
    else:
        await services.store.release(key, version_id=version)


async def _told(case_id: str, asked_at: datetime, unit: Unit) -> None:
    row = await unit.tx.get_one(Keeping, case_id, with_for_update=True)
    # What changed meanwhile is told once more.
    if row.store_at == asked_at:
        row.store_at, row.store_tries = None, 0


async def _postpone(case_id: str, unit: Unit) -> None:
    row = await unit.tx.get_one(Keeping, case_id, with_for_update=True)
    row.store_at = unit.now + _FIRST_PAUSE * 2 ** min(row.store_tries, _MOST_DOUBLINGS)
    row.store_tries += 1
