"""The deadlines of a case: begun, held while the buyer is asked, met; ``due`` looks at them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action
from cases.actor import KeyActor, StaffActor
from cases.case_access import load_case
from cases.case_note import note
from cases.deadline_plan import (
    THE_BUYERS,
    WAITS_FOR_BUYER,
    DeadlineKind,
    Lengths,
    Plan,
    add,
    plan,
    plan_day,
)
from cases.desk_hours import DeskHoursIn, LengthsIn, counting_hours, desk_hours_of
from cases.tables import Case, Deadline
from cases.unit import Unit
from cases.view import View
from cases.working_hours import around_the_clock
from runtime.errors import CaseError
from runtime.ids import new_id

_DISPUTE_WARNED: Final = timedelta(hours=48)
_FARTHEST: Final = timedelta(days=400)


class DeadlineView(View):
    """One deadline of a case; ``due_at`` is null while it stands still."""

    kind: DeadlineKind
    started_at: datetime
    due_at: datetime | None
    warn_at: datetime | None
    paused: bool
    warned: bool
    missed: bool
    ended_at: datetime | None


async def deadlines_of(tx: AsyncSession, case_id: str) -> list[DeadlineView]:
    """What is and was due in a case, oldest first."""
    rows = await tx.scalars(
        select(Deadline).where(Deadline.case_id == case_id).order_by(Deadline.id).limit(100)
    )
    return [
        DeadlineView(
            kind=DeadlineKind(row.kind),
            started_at=row.started_at,
            due_at=row.due_at,
            warn_at=row.warn_at,
            paused=row.paused_at is not None,
            warned=row.warned_at is not None,
            missed=row.missed_at is not None,
            ended_at=row.ended_at,
        )
        for row in rows
    ]


async def begin(tx: AsyncSession, case: Case, kind: DeadlineKind, now: datetime) -> None:
    """Let a deadline run from now; one of this kind that runs already goes on."""
    if kind in {DeadlineKind(row.kind) for row in await _open(tx, case)}:
        return
    settings = await desk_hours_of(tx, case.tenant_id)
    await _add(tx, case, kind, _planned(kind, settings, now), now)


async def end(tx: AsyncSession, case: Case, kinds: set[DeadlineKind], now: datetime) -> None:
    """These are met, or no longer due; those that do not run are left alone."""
    met = [row for row in await _open(tx, case) if DeadlineKind(row.kind) in kinds]
    for row in met:
        row.ended_at = now
        row.next_at = None
    if met:
        await refresh(tx, case)


async def pause(tx: AsyncSession, case: Case, now: datetime) -> None:
    """The buyer is asked: what waits for the buyer stands still; a repeat changes nothing."""
    settings = await desk_hours_of(tx, case.tenant_id)
    hours = counting_hours(settings)
    for row in await _open(tx, case):
        if DeadlineKind(row.kind) not in WAITS_FOR_BUYER or row.due_at is None:
            continue
        left = hours.working_time_between(now, max(now, row.due_at))
        row.left_s = round(left.total_seconds())
        if row.warn_at is not None:
            until_warning = hours.working_time_between(now, max(now, row.warn_at))
            row.warn_left_s = round(until_warning.total_seconds())
        row.paused_at, row.due_at, row.warn_at, row.next_at = now, None, None, None
    await refresh(tx, case)


async def resume(tx: AsyncSession, case: Case, now: datetime) -> None:
    """The buyer has answered: what stood still has the time that was left."""
    settings = await desk_hours_of(tx, case.tenant_id)
    hours = counting_hours(settings)
    for row in await _open(tx, case):
        if row.paused_at is None:
            continue
        row.due_at = add(hours, now, timedelta(seconds=row.left_s or 0))
        if row.warn_left_s is not None:
            row.warn_at = add(hours, now, timedelta(seconds=row.warn_left_s))
        row.paused_at, row.left_s, row.warn_left_s = None, None, None
        row.next_at = next_look(row)
    await refresh(tx, case)


async def set_dispute_date(
    unit: Unit, actor: StaffActor | KeyActor, case_id: str, due_at: datetime | None
) -> None:
    """Say by when the marketplace wants its answer, or with ``None`` that it wants none.

    Raises:
        CaseError: ``not_found``, ``forbidden``, or ``date_impossible`` (422) for a date that
            is past or more than 400 days away.
    """
    case = await load_case(unit.tx, actor, case_id, Action.ASSIGN, lock=True)
    if due_at is not None and not unit.now < due_at < unit.now + _FARTHEST:
        raise CaseError("date_impossible", "Give a date from now to 400 days ahead.", status=422)
    await end(unit.tx, case, {DeadlineKind.DISPUTE}, unit.now)
    if due_at is not None:
        warn_at = max(unit.now, due_at - _DISPUTE_WARNED)
        await _add(unit.tx, case, DeadlineKind.DISPUTE, Plan(warn_at, due_at), unit.now)
    case.updated_at = unit.now
    payload = {"due_at": due_at.isoformat() if due_at else None}
    await note(unit.tx, unit.keys, case, "dispute_date_set", payload, actor, unit.now)


def next_look(row: Deadline) -> datetime | None:
    """When the sweeper has something to do for a deadline."""
    if row.ended_at is not None or row.missed_at is not None or row.due_at is None:
        return None
    if row.warned_at is None and row.warn_at is not None:
        return min(row.warn_at, row.due_at)
    return row.due_at


async def refresh(tx: AsyncSession, case: Case) -> None:
    """Bring the case's own date, by which lists are sorted, up to its open deadlines."""
    await tx.flush()
    due = [row.due_at for row in await _open(tx, case) if row.due_at is not None]
    case.due_at = min(due, default=None)


async def _open(tx: AsyncSession, case: Case) -> list[Deadline]:
    rows = await tx.scalars(
        select(Deadline)
        .where(Deadline.case_id == case.id, Deadline.ended_at.is_(None))
        .order_by(Deadline.id)
    )
    return list(rows)


async def _add(
    tx: AsyncSession, case: Case, kind: DeadlineKind, planned: Plan, now: datetime
) -> None:
    row = Deadline(
        id=new_id("ddl"),
        tenant_id=case.tenant_id,
        case_id=case.id,
        kind=kind,
        started_at=now,
        due_at=planned.due_at,
        warn_at=planned.warn_at,
    )
    row.next_at = next_look(row)
    tx.add(row)
    await refresh(tx, case)


def _planned(kind: DeadlineKind, settings: DeskHoursIn, now: datetime) -> Plan:
    hours, lengths = counting_hours(settings), _lengths(kind, settings.lengths)
    if kind is DeadlineKind.SIMPLE:
        return plan_day(settings.hours.hours(), lengths, now)
    if kind in THE_BUYERS:
        # A buyer's days are not the desk's.
        hours = around_the_clock(settings.hours.zone)
    return plan(hours, lengths, now)


def _lengths(kind: DeadlineKind, set_: LengthsIn) -> Lengths:
    hours = {
        DeadlineKind.DECISION: set_.decision_h,
        **dict.fromkeys(THE_BUYERS, set_.inspection_h),
    }.get(kind, set_.first_answer_h)
    before = None if set_.warn_hours is None else timedelta(hours=set_.warn_hours)
    return Lengths(timedelta(hours=hours), set_.warn_percent / 100, before)
