"""Tries that are due: each is ordered once, whoever else looks, and one whose end is lost again.

A table of tries has ``state``, ``due_at`` and ``tries``. A row waits for its time, is ordered
with a time by which its end is to be known, and has states of the table's own after that.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import inspect, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases.outbox import Outbox
from cases.tables.base import Base

_WAITING: Final = "waiting"
_ORDERED: Final = "ordered"


async def recall_lost(tx: AsyncSession, table: type[Base], now: datetime) -> None:
    """Tries that were ordered and whose end nobody kept: the next has another number."""
    columns: Any = table
    await tx.execute(
        update(table)
        .where(columns.state == _ORDERED, columns.due_at <= now)
        .values(state=_WAITING, due_at=now, tries=columns.tries + 1)
        .execution_options(synchronize_session=False)
    )


async def order(
    tx: AsyncSession,
    outbox: Outbox,
    work: str,
    table: type[Base],
    keys: Iterable[tuple[object, ...]],
    ends_by: datetime,
) -> int:
    """Mark tries as ordered and order them, in one commit; how many were still waiting.

    Args:
        keys: Primary keys of rows of ``table``. The subject of the durable ``work`` is such a
            key and the number of the try, joined by colons.
        ends_by: By then the end is known, or the try counts as lost.
    """
    columns: Any = table
    primary = inspect(table).primary_key
    ordered = 0
    for key in keys:
        tries = await tx.scalar(
            update(table)
            .where(
                *(column == part for column, part in zip(primary, key, strict=True)),
                columns.state == _WAITING,
            )
            .values(state=_ORDERED, due_at=ends_by)
            .returning(columns.tries)
        )
        if tries is None:
            continue
        subject = ":".join(map(str, (*key, tries + 1)))
        await outbox.enqueue(tx, work, f"{work}:{subject}", subject)
        ordered += 1
    return ordered
