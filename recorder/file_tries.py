"""Tries to store a made file: what a try that came to nothing left in the store is deleted.

A row names a try's objects before the first of them is stored, and goes in the commit that
makes them the file. So whatever has a row when nobody stores it any more is nobody's file, and
nothing else of the store is ever deleted here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases.residency import placed_for
from cases.tables import FileTry
from cases.unit import Unit
from recorder.made_kinds import NAMING, Kind, MadeFile, tenant_of
from recorder.port import Evidence
from recorder.sealed_parts import part_key
from runtime.errors import RetainedError, StoreError
from runtime.ids import new_id

log = structlog.get_logger()

_AT_ONCE: Final = 20
_AWAY_AGAIN: Final = timedelta(minutes=10)
_RETAINED_AGAIN: Final = timedelta(days=1)


async def begin_try(kind: Kind, made: MadeFile, parts: int, unit: Unit) -> str:
    """Name a new try, of so many parts, and give up the earlier ones; gives its prefix.

    A store never overwrites, and an earlier try may have stored other bytes.
    """
    tenant_id = await tenant_of(unit.tx, made)
    folder = await placed_for(unit.tx, tenant_id, f"{NAMING[kind].folder}/{made.id}")
    await _give_up(unit, FileTry.file_id == made.id)
    prefix = f"{folder}/{new_id('try')}"
    unit.tx.add(FileTry(prefix=prefix, file_id=made.id, case_id=made.case_id, parts=parts))
    await unit.tx.flush()
    return prefix


async def take_try(unit: Unit, prefix: str) -> bool:
    """Make this try the file, in the commit that says so; False if it was given up meanwhile."""
    row = await unit.tx.get(FileTry, prefix, with_for_update=True)
    if row is None or row.clear_at is not None:
        return False
    await unit.tx.delete(row)
    return True


async def give_up_try(unit: Unit, made: MadeFile, prefix: str, parts: int) -> None:
    """Have a try's objects deleted; also if it was deleted once, or had become the file."""
    row = FileTry(prefix=prefix, file_id=made.id, case_id=made.case_id, parts=parts)
    row.clear_at = unit.now
    await unit.tx.merge(row)


async def give_up_tries(unit: Unit, file_id: str) -> None:
    """Have deleted what any try to store this file has left."""
    await _give_up(unit, FileTry.file_id == file_id)


async def give_up_tries_of_case(unit: Unit, case_id: str) -> None:
    """The same for every file of a case."""
    await _give_up(unit, FileTry.case_id == case_id)


async def next_due(tx: AsyncSession) -> datetime | None:
    """When something is to be deleted next."""
    return await tx.scalar(select(func.min(FileTry.clear_at)))


async def clear_due(services: Evidence) -> int:
    """Delete what is due, a few tries at once; how many there were."""
    async with services.database.read() as tx:
        due = await tx.scalars(
            select(FileTry)
            .where(FileTry.clear_at <= services.clock.now())
            .order_by(FileTry.clear_at)
            .limit(_AT_ONCE)
        )
        rows = due.all()
    for row in rows:
        again = await _clear(services, row)
        await services.run(partial(_cleared, row.prefix, row.clear_at, again))
    return len(rows)


async def _clear(services: Evidence, row: FileTry) -> timedelta | None:
    """Delete a try's objects; when to look again, or None once all of them are gone."""
    again = None
    for number in range(row.parts):
        try:
            await services.store.delete(part_key(row.prefix, number))
        except RetainedError:
            # The bucket locks whatever comes in; these bytes go when their lock has ended.
            again = _RETAINED_AGAIN
        except StoreError as error:
            log.warning("an unfinished file is not deleted", prefix=row.prefix, error=str(error))
            return _AWAY_AGAIN
    if again is None:
        log.info("an unfinished file is deleted", prefix=row.prefix, parts=row.parts)
    return again


async def _cleared(prefix: str, seen: datetime | None, again: timedelta | None, unit: Unit) -> None:
    row = await unit.tx.get(FileTry, prefix, with_for_update=True)
    if row is None or row.clear_at != seen:
        # It stored more while we deleted, and says so.
        return
    if again is None:
        await unit.tx.delete(row)
    else:
        row.clear_at = unit.now + again


async def _give_up(unit: Unit, whose: ColumnElement[bool]) -> None:
    await unit.tx.execute(
        update(FileTry)
        .where(whose, FileTry.clear_at.is_(None))
        .values(clear_at=unit.now)
        .execution_options(synchronize_session=False)
    )
