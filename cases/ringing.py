"""Rings from process to process on one database, so that another one's work is taken up at once.

PostgreSQL carries them itself (``NOTIFY``), after the commit and for many commits together: a
notification within the transaction would have all commits of the server queue for one lock.
With SQLite all processes are on one machine, and whoever commits changes the file that holds
what was written last.

A ring may be lost: nobody may rely on one, see ``cases/waking.py``.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any, Final

from cases.database import Database
from cases.waking import WORK, Bell

_CHANNEL: Final = "proofcall_written"
_FILE_LOOK_S: Final = 0.5
# Two writes within one tick of the file system's clock have the same time.
_TICK_NS: Final = 50_000_000


async def carry_rings(database: Database) -> None:
    """Ring here for what others write, and tell them what is written here, while it lasts.

    Raises:
        OSError: PostgreSQL is away; to be begun again.
    """
    if database.file is not None:
        await _watch(database.bell, database.file.with_name(f"{database.file.name}-wal"))
    else:
        async with database.apart() as connection:
            await _exchange(database.bell, connection)


async def _watch(bell: Bell, log: Path) -> None:
    """Ring for everything when somebody wrote, ourselves included; SQLite does not say what."""
    seen: tuple[int, int] | None = None
    while True:
        written = _stamp(log)
        if written != seen:
            bell.heard(WORK)
        seen = written if abs(time.time_ns() - written[0]) > _TICK_NS else None
        await asyncio.sleep(_FILE_LOOK_S)


def _stamp(log: Path) -> tuple[int, int]:
    """When it was written last (ns), and its length; of a file that is not there, zeros."""
    try:
        found = log.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


async def _exchange(bell: Bell, connection: Any) -> None:
    """Tell and hear by an asyncpg connection of its own, until it is lost."""
    untold: set[str] = set()
    wake = asyncio.Event()

    def tell(tables: frozenset[str]) -> None:
        untold.update(tables)
        wake.set()

    def hear(_: object, pid: int, __: str, tables: str) -> None:
        if pid != connection.get_server_pid():
            bell.heard(tables.split(","))

    connection.add_termination_listener(lambda _: wake.set())
    await connection.add_listener(_CHANNEL, hear)
    with bell.telling(tell):
        # What was written, here or elsewhere, while this connection was not there.
        bell.heard(WORK)
        tell(WORK)
        while not connection.is_closed():
            tables = ",".join(sorted(untold))
            untold.clear()
            if tables:
                await connection.execute("SELECT pg_notify($1, $2)", _CHANNEL, tables)
            await wake.wait()
            wake.clear()
