"""Cases whose date has come or changed, looked at by the process that does durable work."""

from __future__ import annotations

from functools import partial

import structlog
from sqlalchemy.exc import DBAPIError

from cases import keeping
from cases.unit import Unit
from runtime.errors import ProofcallError
from signaling.services import Services

log = structlog.get_logger()


async def sweep_kept(services: Services) -> int:
    """Every case that is due, each in its own transaction; how many were looked at."""
    looked = 0
    while True:
        async with services.database.read() as tx:
            due = await keeping.due_cases(tx, services.clock.now())
        for case_id in due:
            await _look(services, case_id)
        looked += len(due)
        if len(due) < keeping.BATCH:
            return looked


async def _look(services: Services, case_id: str) -> None:
    try:
        result = await services.run(partial(_look_at, case_id))
    except (ProofcallError, DBAPIError) as error:
        log.warning("retention is postponed", case_id=case_id, error=type(error).__name__)
        await services.run(partial(_postpone, case_id))
        return
    if result == "erased":
        log.info("retention has ended", case_id=case_id)


async def _look_at(case_id: str, unit: Unit) -> str | None:
    return await keeping.look_at(unit, case_id)


async def _postpone(case_id: str, unit: Unit) -> None:
    await keeping.postpone(unit, case_id)
