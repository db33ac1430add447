"""What falls due, looked at again and again by the process that does durable work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import structlog
from sqlalchemy.exc import DBAPIError

from cases import appointments, due, parcels
from cases.unit import Unit
from runtime.errors import ProofcallError
from signaling.services import Services

log = structlog.get_logger()


async def sweep_due(services: Services) -> int:
    """Everything that is due now, each row in its own transaction; says how many were done.

    A row that fails is looked at again some minutes later and keeps nobody else waiting.
    """
    done = 0
    while True:
        now = services.clock.now()
        async with services.database.read() as tx:
            deadlines = await due.due_deadlines(tx, now)
            times = await appointments.due_appointments(tx, now)
            under_way = await parcels.due_parcels(tx, now)
        moved = 0
        for subject in deadlines:
            moved += await _look(services, subject, due.look_at, due.postpone)
        for subject in times:
            moved += await _look(services, subject, appointments.look_at, due.postpone)
        for subject in under_way:
            moved += await _look(services, subject, parcels.look_at, parcels.postpone)
        done += moved
        full = len(deadlines) >= due.BATCH or len(times) >= appointments.BATCH
        full = full or len(under_way) >= parcels.BATCH
        if not full or not moved:
            return done


async def _look(
    services: Services,
    subject: str,
    look_at: Callable[[Unit, str], Awaitable[str | None]],
    postpone: Callable[[Unit, str], Awaitable[None]],
) -> int:
    try:
        what = await services.run(partial(_with_unit, look_at, subject))
    except (ProofcallError, DBAPIError) as error:
        log.warning("what is due is postponed", subject_id=subject, error=type(error).__name__)
        await services.run(partial(_postponed, postpone, subject))
        return 0
    if what is not None:
        log.info("was due", subject_id=subject, result=what)
    return what is not None


async def _with_unit(
    look_at: Callable[[Unit, str], Awaitable[str | None]], subject: str, unit: Unit
) -> str | None:
    return await look_at(unit, subject)


async def _postponed(
    postpone: Callable[[Unit, str], Awaitable[None]], subject: str, unit: Unit
) -> None:
    await postpone(unit, subject)
