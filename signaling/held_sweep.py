"""What was held and not taken back, carried out by the process that does durable work."""

from __future__ import annotations

from functools import partial

import structlog
from sqlalchemy.exc import DBAPIError

from cases import held_acts
from cases.held_acts import HeldState
from cases.unit import Unit
from runtime.errors import ProofcallError
from signaling.services import Services

log = structlog.get_logger()


async def carry_out_due(services: Services) -> int:
    """Everything whose time has come, each in its own transaction; says how many were done."""
    done = 0
    while True:
        async with services.database.read() as tx:
            due = await held_acts.due_acts(tx, services.clock.now())
        moved = 0
        for held_id in due:
            moved += await _carry_out(services, held_id)
        done += moved
        if len(due) < held_acts.BATCH or not moved:
            return done


async def _carry_out(services: Services, held_id: str) -> int:
    try:
        state: HeldState | None = await services.run(partial(_act, held_id))
    except (ProofcallError, DBAPIError) as error:
        log.warning("held act is postponed", held_id=held_id, error=type(error).__name__)
        await services.run(partial(_postpone, held_id))
        return 0
    if state is not None:
        log.info("held act is over", held_id=held_id, state=state)
    return state is not None


async def _act(held_id: str, unit: Unit) -> HeldState | None:
    return await held_acts.carry_out(unit, held_id)


async def _postpone(held_id: str, unit: Unit) -> None:
    await held_acts.postpone(unit, held_id)
