"""Which manifests wait for a time-stamp: wanted with the seal, ordered when due, kept or again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import due_tries
from cases.actor import SystemActor
from cases.chain import rfc3339
from cases.outbox import Outbox
from cases.tables import Manifest, TimeStamp
from cases.unit import Unit
from cases.waking import earliest, in_states
from cases.webhook_rules import pause_after
from recorder.proof.manifest_timestamps import renewed_imprint
from recorder.proof.timestamp import Timestamp, read_timestamp

log = structlog.get_logger()

ASK: Final = "ask_time_stamp"
"""The durable work that is one try; its subject says which, and the how manieth try it is."""
_AT_ONCE: Final = 8
# Far longer than a try takes: whoever has not told its end by then was lost.
_ORDER_LASTS: Final = timedelta(minutes=5)
# A renewal is asked for this long before the certificate ends, or at half of what is left.
_MARGIN: Final = timedelta(days=90)
_MAX_WORDS_CHARS: Final = 300


class StampState(StrEnum):
    """How far a time-stamp is."""

    WAITING = "waiting"  # for its time
    ORDERED = "ordered"  # a worker has it, or soon will
    KEPT = "kept"
    LAPSED = "lapsed"  # it can no longer renew the one before, or its session was erased


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an authority is asked: the imprint, and the time-stamp that it renews."""

    imprint: str
    before: Timestamp | None


def want_time_stamp(tx: AsyncSession, session_id: str, number: int, now: datetime) -> None:
    """Have a manifest stamped as soon as there is an authority, in the commit that seals it."""
    _want(tx, session_id, number, 0, now)


@dataclass(frozen=True, slots=True)
class StampsLate:
    """When the oldest manifest without its first time-stamp was sealed, and how many renewals
    were asked for and not got."""

    oldest: datetime | None
    renewals: int


async def stamps_late(tx: AsyncSession) -> StampsLate:
    """What waits for the authority; cheap as long as there is one."""
    waits = TimeStamp.state.in_((StampState.WAITING, StampState.ORDERED))
    oldest = await tx.scalar(
        select(func.min(Manifest.created_at))
        .join(
            TimeStamp,
            and_(TimeStamp.session_id == Manifest.session_id, TimeStamp.number == Manifest.number),
        )
        .where(waits, TimeStamp.renewal == 0)
    )
    renewals = await tx.scalar(
        select(func.count())
        .select_from(TimeStamp)
        .where(waits, TimeStamp.renewal > 0, TimeStamp.tries > 0)
    )
    return StampsLate(oldest, renewals or 0)


async def next_due(tx: AsyncSession) -> datetime | None:
    """When the next is due, or the end of an ordered one is overdue; takes no lock."""
    return await earliest(
        tx, *in_states(TimeStamp.due_at, TimeStamp.state, StampState.WAITING, StampState.ORDERED)
    )


async def order_due(tx: AsyncSession, outbox: Outbox, now: datetime) -> int:
    """Order what is due, a few at once; marked and ordered in one commit."""
    await due_tries.recall_lost(tx, TimeStamp, now)
    ordered = select(TimeStamp.session_id).where(TimeStamp.state == StampState.ORDERED)
    under_way = len(list(await tx.scalars(ordered.limit(_AT_ONCE))))
    due = await tx.execute(
        select(TimeStamp.session_id, TimeStamp.number, TimeStamp.renewal)
        .where(TimeStamp.state == StampState.WAITING, TimeStamp.due_at <= now)
        .order_by(TimeStamp.due_at)
        .limit(_AT_ONCE - under_way)
    )
    keys = [tuple(row) for row in due.all()]
    return await due_tries.order(tx, outbox, ASK, TimeStamp, keys, now + _ORDER_LASTS)


async def take(unit: Unit, subject: str) -> Wanted | None:
    """What is to be asked; None when this try counts no more, or nothing can come of it."""
    row = await _ordered(unit.tx, subject)
    if row is None:
        return None
    manifest = await unit.tx.get_one(Manifest, (row.session_id, row.number))
    digest = sha256(manifest.body).hexdigest()
    if row.renewal == 0:
        return Wanted(digest, None)
    older = await unit.tx.get_one(TimeStamp, (row.session_id, row.number, row.renewal - 1))
    assert older.response is not None, "a renewal is wanted of what was kept"
    before = read_timestamp(older.response)
    if before.until < unit.now:
        lapse(row, "the time-stamp before it is no longer valid")
        return None
    return Wanted(renewed_imprint(digest, older.response), before)


async def keep(
    unit: Unit, subject: str, response: bytes, stamp: Timestamp, authority: x509.Certificate
) -> None:
    """Keep what an authority said, tell the session's log, and want the renewal; twice is once.

    Raises:
        KeyDestroyed: the session was erased.
    """
    row = await _ordered(unit.tx, subject)
    if row is None:
        return
    row.state, row.due_at, row.words = StampState.KEPT, None, None
    row.tries += 1
    row.response, row.authority = response, authority.public_bytes(Encoding.PEM)
    left = stamp.until - unit.now
    renew_at = unit.now + max(left - _MARGIN, left / 2)
    _want(unit.tx, row.session_id, row.number, row.renewal + 1, renew_at)
    await unit.record(
        row.session_id,
        "time_stamped",
        {
            "number": row.number,
            "renewal": row.renewal,
            "stamped_at": rfc3339(stamp.at),
            "sha256": sha256(response).hexdigest(),
        },
        SystemActor(),
        client_id=f"time-stamped-{row.number}-{row.renewal}",
    )


async def again(unit: Unit, subject: str, words: str) -> None:
    """Nothing came of a try: there will be another, later each time."""
    row = await _ordered(unit.tx, subject)
    if row is None:
        return
    row.tries += 1
    row.state, row.words = StampState.WAITING, words[:_MAX_WORDS_CHARS]
    row.due_at = unit.now + pause_after(row.tries)


async def give_up(unit: Unit, subject: str, words: str) -> None:
    """Nothing can come of it any more."""
    row = await _ordered(unit.tx, subject)
    if row is not None:
        lapse(row, words)


def lapse(row: TimeStamp, words: str) -> None:
    """End it without a time-stamp."""
    log.warning("no time-stamp any more", session_id=row.session_id, number=row.number,
                renewal=row.renewal, why=words)  # fmt: skip
    row.state, row.due_at, row.words = StampState.LAPSED, None, words


async def kept_of(tx: AsyncSession, session_id: str) -> list[TimeStamp]:
    """The time-stamps that there are of a session, in order."""
    rows = await tx.scalars(
        select(TimeStamp)
        .where(TimeStamp.session_id == session_id, TimeStamp.state == StampState.KEPT)
        .order_by(TimeStamp.number, TimeStamp.renewal)
    )
    return list(rows)


def _want(tx: AsyncSession, session_id: str, number: int, renewal: int, due_at: datetime) -> None:
    tx.add(
        TimeStamp(
            session_id=session_id,
            number=number,
            renewal=renewal,
            state=StampState.WAITING,
            tries=0,
            due_at=due_at,
        )
    )


async def _ordered(tx: AsyncSession, subject: str) -> TimeStamp | None:
    session_id, number, renewal, count = subject.split(":")
    place = (session_id, int(number), int(renewal))
    row = await tx.get(TimeStamp, place, with_for_update=True)
    if row is None or row.state != StampState.ORDERED or row.tries + 1 != int(count):
        return None
    return row
