"""Appointments: the buyer books a time of the hosts' shifts, moves it, gives it back."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import desk, rosters
from cases.actor import Actor, SystemActor
from cases.case_note import note
from cases.database import hold
from cases.desk_hours import LengthsIn, desk_hours_of
from cases.life import nothing_to_show
from cases.slots import capacities, free_slots
from cases.states import CaseState
from cases.tables import Appointment, Case, Session
from cases.unit import Unit
from cases.view import View
from runtime.errors import CaseError
from runtime.ids import new_id

BATCH: Final = 100
REMINDED_BEFORE: Final = (timedelta(hours=24), timedelta(hours=1), timedelta(0))
_GRACE: Final = timedelta(minutes=15)
_SOONEST: Final = timedelta(minutes=1)
_OFFERED: Final = 400


class AppointmentState(StrEnum):
    """What became of a booked time."""

    BOOKED = "booked"
    CANCELLED = "cancelled"
    KEPT = "kept"
    MISSED = "missed"
    GIVEN_UP = "given_up"  # missed, and nothing followed


class AppointmentView(View):
    """A booked time, as its buyer and the desk see it."""

    id: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    state: AppointmentState


class SlotsView(View):
    """What may be booked, in UTC; the page shows it in the buyer's zone."""

    slot_minutes: int
    slots: list[datetime]
    on_shift: bool
    booked: AppointmentView | None


async def booked_of(tx: AsyncSession, case_id: str) -> Appointment | None:
    """The time that is booked for a case."""
    return await tx.scalar(
        select(Appointment).where(
            Appointment.case_id == case_id, Appointment.state == AppointmentState.BOOKED
        )
    )


async def offered(tx: AsyncSession, case: Case, now: datetime) -> SlotsView:
    """The free times of the next days, and the one that is booked."""
    lengths = (await desk_hours_of(tx, case.tenant_id)).lengths
    _, free, on_shift = await _free(tx, case, lengths, now)
    mine = await booked_of(tx, case.id)
    return SlotsView(
        slot_minutes=lengths.slot_minutes,
        slots=free[:_OFFERED],
        on_shift=on_shift,
        booked=view(mine) if mine else None,
    )


def view(row: Appointment) -> AppointmentView:
    """As it is shown."""
    return AppointmentView(
        id=row.id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        zone=row.zone,
        state=AppointmentState(row.state),
    )


async def book(
    unit: Unit, actor: Actor, case_id: str, starts_at: datetime, zone: str
) -> AppointmentView:
    """Book a time, or move the one that is booked; whether the actor may is the caller's.

    Raises:
        CaseError: ``zone_unknown`` (422), ``case_over`` (409), or ``slot_taken`` (409) for a
            time that is not, or no longer, free.
    """
    _check_zone(zone)
    case = await unit.tx.get_one(Case, case_id, with_for_update=True)
    if nothing_to_show(CaseState(case.state)):
        raise CaseError("case_over", "This return is decided: there is nothing to show any more.")
    mine = await booked_of(unit.tx, case.id)
    if mine is not None and mine.starts_at == starts_at:
        return view(mine)
    lengths = (await desk_hours_of(unit.tx, case.tenant_id)).lengths
    queue_id, _ = await rosters.queue_of(unit.tx, case)
    # Two buyers who want the last seat come one after the other.
    await hold(unit.tx, f"slots:{queue_id}")
    _, free, _ = await _free(unit.tx, case, lengths, unit.now)
    if starts_at not in free:
        raise CaseError("slot_taken", "This time is no longer free. Please choose another.")
    ends_at = starts_at + timedelta(minutes=lengths.slot_minutes)
    seat = await _seat(unit.tx, queue_id, starts_at)
    kind = "appointment_moved" if mine else "appointment_booked"
    if mine is None:
        mine = Appointment(
            id=new_id("apt"), case_id=case.id, state=AppointmentState.BOOKED, created_at=unit.now
        )
        unit.tx.add(mine)
    else:
        mine.sequence += 1
    mine.queue_id, mine.seat, mine.zone = queue_id, seat, zone
    mine.starts_at, mine.ends_at, mine.updated_at = starts_at, ends_at, unit.now
    mine.reminders = sum(starts_at - before <= unit.now for before in REMINDED_BEFORE)
    mine.next_at = _next_look(mine)
    payload = {"starts_at": starts_at.isoformat(), "zone": zone}
    await note(unit.tx, unit.keys, case, kind, payload, actor, unit.now)
    unit.changes.desks |= {case.tenant_id, queue_id}
    await unit.tx.flush()
    return view(mine)


async def cancel(unit: Unit, actor: Actor, case_id: str) -> None:
    """Give the booked time back; without one nothing happens."""
    case = await unit.tx.get_one(Case, case_id, with_for_update=True)
    mine = await booked_of(unit.tx, case_id)
    if mine is None:
        return
    mine.state, mine.next_at = AppointmentState.CANCELLED, None
    mine.sequence += 1
    mine.updated_at = unit.now
    payload = {"starts_at": mine.starts_at.isoformat()}
    await note(unit.tx, unit.keys, case, "appointment_cancelled", payload, actor, unit.now)
    unit.changes.desks |= {case.tenant_id, mine.queue_id}


async def due_appointments(tx: AsyncSession, now: datetime) -> list[str]:
    """The appointments to look at, a batch at most."""
    rows = await tx.scalars(
        select(Appointment.id)
        .where(Appointment.next_at <= now)
        .order_by(Appointment.next_at)
        .limit(BATCH)
    )
    return list(rows)


async def look_at(unit: Unit, appointment_id: str) -> str | None:
    """Remind, see who did not come, close what nothing followed; says what was done."""
    case = await unit.tx.scalar(
        select(Case)
        .join(Appointment, Appointment.case_id == Case.id)
        .where(Appointment.id == appointment_id)
        .with_for_update(of=Case)
    )
    row = await unit.tx.get(Appointment, appointment_id, with_for_update=True)
    if case is None or row is None or row.next_at is None or row.next_at > unit.now:
        return None
    if row.state == AppointmentState.MISSED:
        return await _give_up(unit, case, row)
    if unit.now < row.ends_at + _GRACE and row.reminders < len(REMINDED_BEFORE):
        return await _remind(unit, case, row)
    if unit.now < row.ends_at + _GRACE:
        row.next_at = _next_look(row)
        return None
    if nothing_to_show(CaseState(case.state)) or await _was_there(unit.tx, case, row):
        row.state, row.next_at = AppointmentState.KEPT, None
        return "kept"
    lengths = (await desk_hours_of(unit.tx, case.tenant_id)).lengths
    row.state = AppointmentState.MISSED
    row.next_at = unit.now + timedelta(days=lengths.close_after_days)
    await _tell(unit, case, row, "appointment_missed")
    return "missed"


async def _remind(unit: Unit, case: Case, row: Appointment) -> str:
    reminded(row, unit.now)
    if nothing_to_show(CaseState(case.state)):
        return "over"
    await _tell(unit, case, row, "appointment_reminder")
    return "reminded"


def reminded(row: Appointment, now: datetime) -> None:
    """The next reminder has gone, or is not wanted, and what is past with it.

    After a long sleep one reminder says what several would have said.
    """
    past = sum(row.starts_at - before <= now for before in REMINDED_BEFORE)
    row.reminders = max(row.reminders + 1, past)
    row.next_at = _next_look(row)


def payload_of(row: Appointment) -> dict[str, object]:
    """What the case log says of a booked time."""
    return {"starts_at": row.starts_at.isoformat(), "zone": row.zone}


async def _give_up(unit: Unit, case: Case, row: Appointment) -> str:
    row.state, row.next_at = AppointmentState.GIVEN_UP, None
    again = await booked_of(unit.tx, case.id)
    later = await _was_there(unit.tx, case, row)
    if again or later or case.state not in (CaseState.FILED, CaseState.INSPECTION_OFFERED):
        return "followed"
    await desk.close_case(unit.tx, unit.keys, SystemActor(), case.id, unit.now)
    return "closed"


async def _tell(unit: Unit, case: Case, row: Appointment, kind: str) -> None:
    await note(unit.tx, unit.keys, case, kind, payload_of(row), SystemActor(), unit.now)
    unit.changes.desks |= {case.tenant_id, row.queue_id}


def _next_look(row: Appointment) -> datetime:
    if row.reminders < len(REMINDED_BEFORE):
        return row.starts_at - REMINDED_BEFORE[row.reminders]
    return row.ends_at + _GRACE


async def _was_there(tx: AsyncSession, case: Case, row: Appointment) -> bool:
    """Whether the buyer came: a session that was still open at, or begun after, the time."""
    soon = row.starts_at - _GRACE
    found = await tx.scalar(
        select(Session.id)
        .where(
            Session.case_id == case.id,
            (Session.ended_at.is_(None)) | (Session.ended_at > soon),
        )
        .limit(1)
    )
    return found is not None


async def _free(
    tx: AsyncSession, case: Case, lengths: LengthsIn, now: datetime
) -> tuple[str, list[datetime], bool]:
    queue_id, shifts = await rosters.queue_of(tx, case)
    begin, until = now + _SOONEST, now + timedelta(days=lengths.book_days)
    length = timedelta(minutes=lengths.slot_minutes)
    able = capacities([shift.hours for shift in shifts], begin, until, length)
    fitting = capacities([shift.hours for shift in shifts if shift.fits], begin, until, length)
    booked = await _booked(tx, queue_id, begin, until)
    on_shift = any(shift.hours.is_open(now) for shift in shifts)
    return queue_id, free_slots(able, fitting, booked), on_shift


async def _booked(
    tx: AsyncSession, queue_id: str, begin: datetime, until: datetime
) -> Counter[datetime]:
    rows = await tx.execute(
        select(Appointment.starts_at, func.count())
        .where(
            Appointment.queue_id == queue_id,
            Appointment.starts_at.between(begin, until),
            Appointment.state == AppointmentState.BOOKED,
        )
        .group_by(Appointment.starts_at)
    )
    booked: Counter[datetime] = Counter()
    for starts_at, number in rows:
        booked[starts_at] = number
    return booked


async def _seat(tx: AsyncSession, queue_id: str, starts_at: datetime) -> int:
    taken = set(
        await tx.scalars(
            select(Appointment.seat).where(
                Appointment.queue_id == queue_id,
                Appointment.starts_at == starts_at,
                Appointment.state == AppointmentState.BOOKED,
            )
        )
    )
    return min(set(range(len(taken) + 1)) - taken)


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise CaseError("zone_unknown", "There is no such time zone.", status=422) from error
