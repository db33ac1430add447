"""Exports go a week after they were made: whoever wanted one has it by then.

In the commit from which nobody reads it any more its objects are given up, as those of a try
that came to nothing are.
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
        await services.run(partial(_close, export_id))
    return len(ids)


async def _close(export_id: str, unit: Unit) -> None:
    """From here on nobody is given it."""
    row = await unit.tx.get_one(PersonExport, export_id, with_for_update=True)
    row.expires_at = None
    if row.state == MadeState.READY:
        row.state, row.sealed_key = MadeState.EXPIRED, None
        await give_up_try(unit, row, row.object_prefix or "", row.parts or 0)
        row.object_prefix, row.parts = None, None
