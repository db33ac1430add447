"""Files that were ordered and are not made for hours: their work gave up, and is ordered anew.

Durable work is tried for some seventy minutes. A store that was away for longer would leave its
orders behind, under way for ever; who made a file meanwhile is told by its own row.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import select

from cases.unit import Unit
from recorder.made_kinds import NAMING, MadeState
from recorder.port import Evidence

AGAIN_AFTER: Final = timedelta(hours=2)


async def order_again(services: Evidence) -> None:
    """Order what is still wanted, once for each span of ``AGAIN_AFTER`` since it was ordered."""
    now = services.clock.now()
    found: list[tuple[str, str, int]] = []
    async with services.database.read() as tx:
        for kind, naming in NAMING.items():
            rows = await tx.execute(
                select(kind.id, kind.created_at).where(
                    kind.state == MadeState.WANTED, kind.created_at <= now - AGAIN_AFTER
                )
            )
            for file_id, created_at in rows:
                found.append((naming.work, file_id, (now - created_at) // AGAIN_AFTER))

    async def act(unit: Unit) -> None:
        for work, file_id, span in found:
            await unit.outbox.enqueue(unit.tx, work, f"{work}:{file_id}:{span}", file_id)

    if found:
        await services.run(act)
