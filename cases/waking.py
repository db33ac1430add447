"""Where durable work sleeps until there is some: a commit wrote it, its time has come.

A commit that wrote rows of a table rings for it. What is rung for may be lost on its way from
another process, so whoever sleeps also looks now and then; what is due is always read from the
rows, and a ring says nothing but "look".
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from cases import tables
from runtime.clock import Clock

WORK: Final = frozenset(
    table.__tablename__
    for table in (
        tables.Appointment,
        tables.BenchCamera,
        tables.Deadline,
        tables.Erasure,
        tables.Errand,
        tables.EvidenceCheck,
        tables.FileTry,
        tables.Handover,
        tables.HeldAct,
        tables.Keeping,
        tables.Notice,
        tables.Parcel,
        tables.Participant,
        tables.PersonExport,
        tables.Session,
        tables.TimeStamp,
        tables.WebhookDelivery,
    )
)
"""The tables that are rung for: somebody has to look when their rows change."""

PAUSE_S: Final = 0.1
"""Between two looks: many commits at once are one."""
# What is due and could not be done, since others come first.
_BACKLOG_S: Final = 0.5
_SLOW_LOOK_S: Final = (20.0, 30.0)

Heard = Callable[[frozenset[str]], None]
"""Told on the loop which tables were written; returns at once."""


@dataclass(slots=True)
class Bell:
    """Rung for tables after commits; one per database and process, used on one loop."""

    _here: list[Heard] = field(default_factory=list)
    _outward: list[Heard] = field(default_factory=list)

    def wrote(self, tables: Iterable[str]) -> None:
        """This process has committed rows of these tables; others are to hear of it, too."""
        told = WORK.intersection(tables)
        if told:
            for heard in (*self._here, *self._outward):
                heard(told)

    def heard(self, tables: Iterable[str]) -> None:
        """Another process may have committed rows of these tables."""
        told = WORK.intersection(tables)
        for heard in tuple(self._here):
            heard(told)

    @contextmanager
    def listening(self, heard: Heard) -> Iterator[None]:
        """Hear of what any process wrote, until the block ends."""
        self._here.append(heard)
        try:
            yield
        finally:
            self._here.remove(heard)

    @contextmanager
    def telling(self, heard: Heard) -> Iterator[None]:
        """Hear of what this process wrote, to tell others, until the block ends."""
        self._outward.append(heard)
        try:
            yield
        finally:
            self._outward.remove(heard)


async def look_forever(
    bell: Bell,
    clock: Clock,
    written: Iterable[type[Any]],
    look: Callable[[], Awaitable[datetime | None]],
    pause_s: float = PAUSE_S,
) -> None:
    """Look, then sleep until one of the tables ``written`` was, the time has come, or for long.

    ``look`` does what is due and gives when the next is; None for nothing. A time that is past
    says that something waits for its turn: it is looked at again soon. Between two looks are
    at least ``pause_s``, however often it rings. Never ends.
    """
    names = frozenset(table.__tablename__ for table in written)
    rung = asyncio.Event()

    def heard(told: frozenset[str]) -> None:
        if names & told:
            rung.set()

    with bell.listening(heard):
        while True:
            rung.clear()
            due_at = await look()
            sleep_s = random.uniform(*_SLOW_LOOK_S)  # noqa: S311 - only spreads
            if due_at is not None:
                left_s = (due_at - clock.now()).total_seconds()
                sleep_s = min(sleep_s, left_s if left_s > 0 else _BACKLOG_S)
            await asyncio.sleep(pause_s)
            with suppress(TimeoutError):
                await asyncio.wait_for(rung.wait(), max(0.0, sleep_s - pause_s))


def in_states(
    due_at: InstrumentedAttribute[Any], state: InstrumentedAttribute[str], *states: str
) -> Iterator[Select[Any]]:
    """For ``earliest``: each state by itself is one look into the index on both columns."""
    return (select(func.min(due_at)).where(state == one) for one in states)


async def earliest(tx: AsyncSession, *times: Select[Any]) -> datetime | None:
    """The earliest of what each query finds, in one statement; None when none finds any."""
    row = (await tx.execute(select(*(one.scalar_subquery() for one in times)))).one()
    return min((at for at in row if at is not None), default=None)
