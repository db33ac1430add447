"""What falls due: the sweeper's side of deadlines. Each row is one transaction of its own.

A row is looked at when its ``next_at`` has come, and moves it in the same commit that writes
what happened: killed at any point, the sweeper does the rest when it looks again, and nothing
twice. After a long sleep a deadline that is past is missed at once, without a late warning.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from cases import assigning, desk
from cases.actor import SystemActor
from cases.case_note import note
from cases.deadline_plan import THE_BUYERS, DeadlineKind
from cases.deadlines import next_look
from cases.desk_hours import desk_hours_of
from cases.states import CaseState, Role
from cases.tables import Appointment, Case, Deadline, JoinLink, Parcel, Session, Staff
from cases.unit import Unit
from cases.waking import earliest

BATCH: Final = 100
_ADMINS_TOLD: Final = 20
_OPEN_TO_THE_BUYER: Final = frozenset(
    {CaseState.FILED, CaseState.KEEP_OFFERED, CaseState.INSPECTION_OFFERED}
)
_AGAIN_AFTER: Final = timedelta(minutes=10)
_REMINDERS: Final = {
    DeadlineKind.INSPECTION: "link_reminder",
    DeadlineKind.OFFER: "offer_reminder",
}


async def next_due(tx: AsyncSession) -> datetime | None:
    """When the next deadline, appointment or parcel is to be looked at."""
    return await earliest(
        tx,
        select(func.min(Deadline.next_at)),
        select(func.min(Appointment.next_at)),
        select(func.min(Parcel.look_at)),
    )


async def due_deadlines(tx: AsyncSession, now: datetime) -> list[str]:
    """The deadlines to look at, the most overdue first, a batch at most."""
    rows = await tx.scalars(
        select(Deadline.id).where(Deadline.next_at <= now).order_by(Deadline.next_at).limit(BATCH)
    )
    return list(rows)


async def look_at(unit: Unit, deadline_id: str) -> str | None:
    """Warn of a deadline, or see that it was missed; says what was done, ``None`` for nothing."""
    # The case first, as every use case locks it: the other order would be a deadlock.
    case = await unit.tx.scalar(
        select(Case)
        .join(Deadline, Deadline.case_id == Case.id)
        .where(Deadline.id == deadline_id)
        .with_for_update(of=Case)
    )
    row = await unit.tx.get(Deadline, deadline_id, with_for_update=True)
    if case is None or row is None or row.next_at is None or row.next_at > unit.now:
        return None
    if case.state == CaseState.CLOSED or (
        row.kind == DeadlineKind.INSPECTION and await _link_was_opened(unit.tx, case)
    ):
        row.ended_at, row.next_at = unit.now, None
        return "met"
    if row.due_at is not None and row.due_at <= unit.now:
        await _miss(unit, case, row)
        return "missed"
    warned(row, unit.now)
    kind = _REMINDERS.get(DeadlineKind(row.kind), "deadline_warned")
    await note(unit.tx, unit.keys, case, kind, payload_of(row), SystemActor(), unit.now)
    unit.changes.desks.add(case.tenant_id)
    return "warned"


async def postpone(unit: Unit, subject_id: str) -> None:
    """Look again later at what could not be done, so that it keeps nobody else waiting."""
    later = unit.now + _AGAIN_AFTER
    table = Appointment if subject_id.startswith("apt_") else Deadline
    await unit.tx.execute(
        update(table)
        .where(table.id == subject_id, table.next_at.is_not(None))
        .values(next_at=later)
    )


async def _miss(unit: Unit, case: Case, row: Deadline) -> None:
    actor = SystemActor()
    row.missed_at, row.next_at = unit.now, None
    await note(unit.tx, unit.keys, case, "deadline_missed", payload_of(row), actor, unit.now)
    unit.changes.desks.add(case.tenant_id)
    if row.kind in THE_BUYERS:
        # The buyer never opened the link or answered the offer, though reminded.
        if await _is_quiet(unit.tx, case):
            await desk.close_case(unit.tx, unit.keys, actor, case.id, unit.now)
        return
    admins = await _admins(unit.tx, case.tenant_id)
    settings = await desk_hours_of(unit.tx, case.tenant_id)
    passed_to = await assigning.pass_on(unit, case, actor) if settings.lengths.reassign else None
    payload = {"deadline": row.kind, "to": admins, "passed_to": passed_to}
    await note(unit.tx, unit.keys, case, "escalated", payload, actor, unit.now)


def warned(row: Deadline, now: datetime) -> None:
    """Its warning has gone, or is not wanted: the next look is when it is due."""
    row.warned_at = now
    row.next_at = next_look(row)


def payload_of(row: Deadline) -> dict[str, object]:
    """What the case log says of a deadline."""
    return {"deadline": row.kind, "due_at": row.due_at.isoformat() if row.due_at else None}


async def _admins(tx: AsyncSession, tenant_id: str) -> list[str]:
    people = await tx.scalars(
        select(Staff)
        .where(Staff.tenant_id == tenant_id, Staff.disabled_at.is_(None))
        .order_by(Staff.id)
    )
    return [staff.id for staff in people if Role.ADMIN in staff.roles][:_ADMINS_TOLD]


async def _link_was_opened(tx: AsyncSession, case: Case) -> bool:
    joined = select(JoinLink.id).where(
        JoinLink.case_id == case.id, JoinLink.first_joined_at.is_not(None)
    )
    return await tx.scalar(joined.limit(1)) is not None


async def _is_quiet(tx: AsyncSession, case: Case) -> bool:
    """Whether nobody has done anything with the case but offer the link."""
    session = await tx.scalar(select(Session.id).where(Session.case_id == case.id).limit(1))
    return session is None and case.state in _OPEN_TO_THE_BUYER
