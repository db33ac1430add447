"""Checkpoints on their way to the devices that countersign them.

They are signed where the durable work is done, perhaps in another process; each web process
looks for those of the sessions whose sockets it has. Only the newest is told: it covers all
that came before.
"""

from __future__ import annotations

import asyncio
from typing import Final

from sqlalchemy import func, select

from cases.tables import Checkpoint
from signaling.services import Services

_LOOK_EVERY_S: Final = 1.0


async def tell_checkpoints_forever(services: Services) -> None:
    """Look, tell, and wait, until cancelled."""
    told: dict[str, int] = {}
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        session_ids = services.hub.session_ids
        told = {known: number for known, number in told.items() if known in session_ids}
        if session_ids:
            told |= await _tell(services, session_ids, told)


async def _tell(services: Services, session_ids: set[str], told: dict[str, int]) -> dict[str, int]:
    newest = (
        select(Checkpoint.session_id, func.max(Checkpoint.number).label("number"))
        .where(Checkpoint.session_id.in_(session_ids))
        .group_by(Checkpoint.session_id)
        .subquery()
    )
    query = select(Checkpoint).join(
        newest,
        (Checkpoint.session_id == newest.c.session_id) & (Checkpoint.number == newest.c.number),
    )
    async with services.database.read() as tx:
        rows = list(await tx.scalars(query))
    news = [row for row in rows if told.get(row.session_id, 0) < row.number]
    for row in news:
        said = {"number": row.number, "jws": row.jws}
        await services.hub.tell_checkpoint(row.session_id, said)
    return {row.session_id: row.number for row in news}
