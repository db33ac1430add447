"""Makes a held act due, as another process: ``work_writer URL HELD_ID``; prints when it has."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

from sqlalchemy import update

from cases.database import Database
from cases.ringing import carry_rings
from cases.tables import HeldAct


async def write(url: str, held_id: str) -> None:
    """Commit, tell the others, and stay until standard input ends."""
    database = Database(url)
    ringing = asyncio.create_task(carry_rings(database))
    try:
        # So that what is told below is this commit and not the connection's beginning.
        await asyncio.sleep(1)
        print("connected", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        async with database.begin() as tx:
            await tx.execute(
                update(HeldAct).where(HeldAct.id == held_id).values(next_at=datetime.now(UTC))
            )
        print("written", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
    finally:
        ringing.cancel()
        await asyncio.gather(ringing, return_exceptions=True)
        await database.close()


if __name__ == "__main__":
    asyncio.run(write(*sys.argv[1:]))
