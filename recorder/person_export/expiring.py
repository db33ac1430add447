"""Exports go a week after they were made: whoever wanted one has it by then.

First nobody is given it any more and its objects are given up, as those of a try that came to
nothing are; then its key is destroyed. Whoever is killed between the two finds it due again.
Those about staff hold words of many cases: an erasure makes them due at once
(``cases.scrubbing``).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.tables import PersonExport
from cases.unit import Unit
from recorder.file_tries import give_up_try
from recorder.made_kinds import MadeState
from recorder.port import Evidence

KEPT_FOR: Final = timedelta(days=7)
_AT_ONCE: Final = 50


async def next_due(tx: AsyncSession) -> datetime | None:
    """When the next one goes."""
    return await tx.scalar(select(func.min(PersonExport.expires_at)))


async def expire_due(services: Evidence) -> int:
    """Close what is due and have its objects deleted; how many there were."""
    async with services.database.read() as tx:
        due = await tx.scalars(
            select(PersonExport.id)
            .where(PersonExport.expires_at <= services.clock.now())
            .order_by(PersonExport.expires_at)
            .limit(_AT_ONCE)
        )
        ids = due.all()
    for export_id in ids:
        key = await services.run(partial(_close, export_id))
        if key is not None:
            await services.keys.destroy(key)
        await services.run(partial(_done, export_id))
    return len(ids)


async def _close(export_id: str, unit: Unit) -> bytes | None:
    """From here on nobody is given it; names its key if it has one of its own."""
    row = await unit.tx.get_one(PersonExport, export_id, with_for_update=True)
    if row.state == MadeState.READY:
        row.state = MadeState.EXPIRED
        await give_up_try(unit, row, row.object_prefix or "", row.parts or 0)
        row.object_prefix, row.parts = None, None
    return row.wrapped_key


async def _done(export_id: str, unit: Unit) -> None:
    row = await unit.tx.get_one(PersonExport, export_id, with_for_update=True)
    row.expires_at, row.wrapped_key = None, None
