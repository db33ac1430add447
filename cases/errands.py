"""Errands: what is to be asked of ports; each try is ordered once, until the end is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import due_tries
from cases.keys import KeyDestroyed
from cases.outbox import Outbox
from cases.port_commands import PortKind
from cases.sealing import open_text, seal_text
from cases.tables import Case, Errand
from cases.unit import Unit
from cases.waking import earliest, in_states
from cases.webhook_rules import pause_after
from runtime.ids import new_id

RUN: Final = "run_errand"
"""The name of the durable work; its subject is an errand's id and the number of the try."""
LASTS: Final = timedelta(hours=24)
"""How long an errand is tried unless it says otherwise."""
_ORDER_LASTS: Final = timedelta(minutes=15)
_IN_FLIGHT: Final = 4
"""How many errands of one seller are under way: a slow carrier holds up nobody else's."""
_AT_ONCE: Final = 200
_KEPT_FOR: Final = timedelta(days=30)


class ErrandState(StrEnum):
    """Where an errand stands."""

    WAITING = "waiting"  # for its time
    ORDERED = "ordered"  # a worker has it, or soon will
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Try:
    """One try to be made."""

    errand_id: str
    tenant_id: str
    kind: PortKind
    subject_id: str
    is_last: bool
    """Whether its time is over after this one."""


async def send_on(
    unit: Unit, case: Case, kind: PortKind, subject_id: str, lasts: timedelta = LASTS
) -> None:
    """Owe a port a question about something of a case, now; one that waits already is enough."""
    waiting = await unit.tx.scalar(
        select(Errand.id).where(
            Errand.subject_id == subject_id,
            Errand.kind == kind,
            Errand.state != ErrandState.DONE,
        )
    )
    if waiting is not None:
        return
    unit.tx.add(
        Errand(
            id=new_id("err"),
            tenant_id=case.tenant_id,
            case_id=case.id,
            kind=kind,
            subject_id=subject_id,
            state=ErrandState.WAITING,
            tries=0,
            due_at=unit.now,
            give_up_at=unit.now + lasts,
            made_at=unit.now,
        )
    )
    await unit.tx.flush()


async def next_due(tx: AsyncSession) -> datetime | None:
    """When the next errand is due, or the end of an ordered one is overdue; takes no lock."""
    waiting = in_states(Errand.due_at, Errand.state, ErrandState.WAITING, ErrandState.ORDERED)
    return await earliest(tx, *waiting)


async def order_due(tx: AsyncSession, outbox: Outbox, now: datetime) -> int:
    """Order what is due, a few of each seller; marked and ordered in one commit."""
    await due_tries.recall_lost(tx, Errand, now)
    under_way = (
        select(Errand.tenant_id, func.count().label("count"))
        .where(Errand.state == ErrandState.ORDERED)
        .group_by(Errand.tenant_id)
        .subquery()
    )
    place = func.row_number().over(partition_by=Errand.tenant_id, order_by=Errand.due_at)
    due = (
        select(Errand.id, Errand.tenant_id, Errand.due_at, place.label("place"))
        .where(Errand.state == ErrandState.WAITING, Errand.due_at <= now)
        .subquery()
    )
    waiting = await tx.execute(
        select(due.c.id)
        .outerjoin(under_way, under_way.c.tenant_id == due.c.tenant_id)
        .where(due.c.place + func.coalesce(under_way.c.count, 0) <= _IN_FLIGHT)
        .order_by(due.c.due_at)
        .limit(_AT_ONCE)
    )
    keys = [(row.id,) for row in waiting.all()]
    return await due_tries.order(tx, outbox, RUN, Errand, keys, now + _ORDER_LASTS)


async def take(tx: AsyncSession, subject: str, now: datetime) -> Try | None:
    """The try that was ordered; None when it is no longer wanted."""
    errand = await _ordered(tx, subject)
    if errand is None:
        return None
    return Try(
        errand_id=errand.id,
        tenant_id=errand.tenant_id,
        kind=PortKind(errand.kind),
        subject_id=errand.subject_id,
        is_last=now + pause_after(errand.tries + 1) > errand.give_up_at,
    )


async def end(unit: Unit, subject: str, words: str) -> bool:
    """An errand's end is known; False when this try no longer counts."""
    errand = await _ordered(unit.tx, subject, lock=True)
    if errand is None:
        return False
    errand.state, errand.due_at = ErrandState.DONE, None
    errand.sealed_words = await _sealed(unit, errand, words)
    errand.tries += 1
    return True


async def again(unit: Unit, subject: str, words: str, asked_s: int | None = None) -> bool:
    """An errand is to be tried once more, later each time; False when this try counts no more."""
    errand = await _ordered(unit.tx, subject, lock=True)
    if errand is None:
        return False
    errand.tries += 1
    errand.state = ErrandState.WAITING
    errand.sealed_words = await _sealed(unit, errand, words)
    errand.due_at = unit.now + pause_after(errand.tries, asked_s)
    return True


async def last_words(tx: AsyncSession, key: bytes, subject_id: str) -> str | None:
    """What came of the newest try for a subject; ``key`` is its case's."""
    found = await tx.scalar(
        select(Errand)
        .where(Errand.subject_id == subject_id)
        .order_by(Errand.made_at.desc(), Errand.id.desc())
        .limit(1)
    )
    return open_text(key, _bound(found), found.sealed_words) if found is not None else None


async def forget_old(tx: AsyncSession, now: datetime) -> None:
    """Drop errands that ended long ago; what came of them stands in the case log."""
    old = select(Errand.id).where(
        Errand.state == ErrandState.DONE, Errand.made_at < now - _KEPT_FOR
    )
    for errand_id in list(await tx.scalars(old.limit(1000))):
        await tx.delete(await tx.get_one(Errand, errand_id))


async def _sealed(unit: Unit, errand: Errand, words: str) -> bytes | None:
    """What came of a try; of a case that was erased nothing is kept."""
    try:
        # Not by its row: that is read when it is held, and an errand holds none.
        key = await unit.keys.case_key(unit.tx, errand.case_id)
    except KeyDestroyed:
        return None
    return seal_text(key, _bound(errand), words[:300])


def _bound(errand: Errand) -> str:
    return f"errands:{errand.id}"


async def _ordered(tx: AsyncSession, subject: str, *, lock: bool = False) -> Errand | None:
    errand_id, _, number = subject.partition(":")
    errand = await tx.get(Errand, errand_id, with_for_update=lock or None)
    if errand is None or errand.state != ErrandState.ORDERED or errand.tries + 1 != int(number):
        return None
    return errand
