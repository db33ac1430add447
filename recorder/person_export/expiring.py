"""Exports go a week after they were made: whoever wanted one has it by then.

First nobody is given it and its key is destroyed, then the store deletes it; whoever is killed
on the way finds it due again. Those about staff hold words of many cases: an erasure makes them
due at once (``cases.scrubbing``).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.tables import PersonExport
from cases.unit import Unit
from recorder.made_files import MadeState
from recorder.port import Evidence
from recorder.sealed_parts import part_key
from runtime.errors import RetainedError, StoreError

log = structlog.get_logger()

KEPT_FOR: Final = timedelta(days=7)
_AT_ONCE: Final = 50
_AWAY_AGAIN: Final = timedelta(minutes=10)
_RETAINED_AGAIN: Final = timedelta(days=1)


async def next_due(tx: AsyncSession) -> datetime | None:
    """When the next one goes."""
    return await tx.scalar(select(func.min(PersonExport.expires_at)))


async def expire_due(services: Evidence) -> int:
    """Delete what is due; how many were looked at."""
    async with services.database.read() as tx:
        due = await tx.scalars(
            select(PersonExport.id)
            .where(PersonExport.expires_at <= services.clock.now())
            .order_by(PersonExport.expires_at)
            .limit(_AT_ONCE)
        )
        ids = due.all()
    for export_id in ids:
        objects, key = await services.run(partial(_close, export_id))
        if key is not None:
            await services.keys.destroy(key)
        again = await _delete(services, export_id, objects)
        await services.run(partial(_done, export_id, again))
    return len(ids)


async def _close(export_id: str, unit: Unit) -> tuple[list[str], bytes | None]:
    """From here on nobody is given it; names what is to be deleted, and its key if it has one."""
    row = await unit.tx.get_one(PersonExport, export_id, with_for_update=True)
    if row.state == MadeState.READY:
        row.state = MadeState.EXPIRED
    objects = [part_key(row.object_prefix or "", number) for number in range(row.parts or 0)]
    return objects, row.wrapped_key


async def _delete(services: Evidence, export_id: str, objects: list[str]) -> timedelta | None:
    """When to try again; None once the store has nothing of it."""
    again = None
    for name in objects:
        try:
            await services.store.delete(name)
        except RetainedError:
            # The bucket locks whatever comes in.
            again = _RETAINED_AGAIN
        except StoreError as error:
            log.warning("an expired export is not deleted", export_id=export_id, error=str(error))
            return _AWAY_AGAIN
    return again


async def _done(export_id: str, again: timedelta | None, unit: Unit) -> None:
    row = await unit.tx.get_one(PersonExport, export_id, with_for_update=True)
    if again is not None:
        row.expires_at = unit.now + again
        return
    row.expires_at, row.object_prefix, row.parts = None, None, None
    row.wrapped_key = None
