"""Erasure carried out: keys destroyed, words forgotten, then the store deletes what it still has.

Every step may be done again, so whoever is killed in the middle goes on where the row says. What
the tombstone tells is written in the commit that did it.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import erasing, orders
from cases.erasing import ErasureState
from cases.scrubbing import counts_of, manifests_of, scrub
from cases.tables import Case, Erasure, Filing, Session
from cases.unit import Unit
from recorder.case_objects import objects_of
from recorder.file_tries import give_up_tries_of_case
from recorder.port import Evidence
from runtime.errors import RetainedError, StoreError

log = structlog.get_logger()

_AT_ONCE: Final = 200
_LOOK_AGAIN: Final = timedelta(days=1)
_FIRST_PAUSE: Final = timedelta(seconds=5)
_MOST_DOUBLINGS: Final = 9
_RETAINED: Final = "retained"


async def erase_due(services: Evidence) -> int:
    """Go on with every erasure that is due; how many there were."""
    async with services.database.read() as tx:
        due = await erasing.due_erasures(tx, services.clock.now())
    for case_id in due:
        try:
            await erase(services, case_id)
        except StoreError as error:
            log.warning("erasure is postponed", case_id=case_id, error=str(error))
            await services.run(partial(_postpone, case_id))
    return len(due)


async def erase(services: Evidence, case_id: str) -> None:
    """Take an ordered erasure as far as it goes now; may be run again at any time.

    Raises:
        StoreError: the store is away; keys and words are gone by then.
    """
    async with services.database.read() as tx:
        row = await tx.get(Erasure, case_id)
        state = ErasureState.DONE if row is None else row.state
    if state == ErasureState.DONE:
        return
    if state == ErasureState.ORDERED:
        await services.run(partial(_take_order, case_id))
        async with services.database.read() as tx:
            wrapped = await _wrapped_keys(tx, case_id)
        # From here on nothing can be read, here or from a backup, whatever happens next.
        for one in wrapped:
            await services.keys.destroy(one)
        await services.run(partial(_forget, case_id))
        log.info("case is unreadable", case_id=case_id)
    while await _delete_some(services, case_id):
        pass


async def _wrapped_keys(tx: AsyncSession, case_id: str) -> list[bytes]:
    """Every form in which the case's keys lie in the database, and that of its order."""
    found = [
        await tx.scalar(select(Case.wrapped_key).where(Case.id == case_id)),
        *await tx.scalars(select(Session.wrapped_key).where(Session.case_id == case_id)),
        *await tx.scalars(select(Filing.wrapped_key).where(Filing.case_id == case_id)),
        await tx.scalar(select(Erasure.order_key).where(Erasure.case_id == case_id)),
    ]
    return sorted({one for one in found if one})


async def _take_order(case_id: str, unit: Unit) -> None:
    case = await unit.tx.get_one(Case, case_id)
    row = await unit.tx.get_one(Erasure, case_id, with_for_update=True)
    # What was taken before is destroyed first: whoever took it was killed.
    if row.state == ErasureState.ORDERED and row.order_key is None:
        row.order_key = await orders.take_away(unit.tx, case)


async def _forget(case_id: str, unit: Unit) -> None:
    case = await unit.tx.get_one(Case, case_id, with_for_update=True)
    row = await unit.tx.get_one(Erasure, case_id, with_for_update=True)
    if row.state != ErasureState.ORDERED:
        return
    objects = await objects_of(unit.tx, case_id)
    row.counts = {**await counts_of(unit.tx, case_id), "objects": len(objects)}
    row.manifests = await manifests_of(unit.tx, case_id)
    row.left = [list(one) for one in objects]
    await give_up_tries_of_case(unit, case_id)
    await scrub(unit.tx, case)
    row.state, row.unreadable_at, row.order_key = ErasureState.UNREADABLE, unit.now, None


async def _delete_some(services: Evidence, case_id: str) -> bool:
    """Have some of the objects deleted; whether there may be more to do now."""
    async with services.database.read() as tx:
        left = [(one[0], one[1]) for one in (await tx.get_one(Erasure, case_id)).left]
    refused = 0
    gone: set[tuple[str, str | None]] = set()
    for key, version in left:
        if len(gone) >= _AT_ONCE:
            break
        try:
            await services.store.delete(key, version_id=version)
        except RetainedError:
            refused += 1
        else:
            gone.add((key, version))
    await services.run(partial(_note_gone, case_id, gone, refused))
    return len(gone) >= _AT_ONCE


async def _note_gone(
    case_id: str, gone: set[tuple[str, str | None]], refused: int, unit: Unit
) -> None:
    row = await unit.tx.get_one(Erasure, case_id, with_for_update=True)
    row.left = [one for one in row.left if tuple(one) not in gone]
    row.left_why = _RETAINED if refused and row.left else None
    row.tries = 0
    if not row.left:
        row.state, row.done_at, row.next_at = ErasureState.DONE, unit.now, None
    else:
        # The store keeps bytes that nobody can read; they go when its lock has ended.
        row.next_at = unit.now + _LOOK_AGAIN


async def _postpone(case_id: str, unit: Unit) -> None:
    row = await unit.tx.get_one(Erasure, case_id, with_for_update=True)
    row.next_at = unit.now + _FIRST_PAUSE * 2 ** min(row.tries, _MOST_DOUBLINGS)
    row.tries += 1
