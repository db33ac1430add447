"""Reminders that a deadline or an appointment will bring: seen before, sent now, held back.

Until its time comes such a reminder is no row of its own. Whoever sends it now or holds it
back writes it as a notice and moves its deadline or appointment on in the same commit, so
that the sweeper does not bring it a second time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import appointments, due
from cases.actor import Actor
from cases.appointments import REMINDED_BEFORE, AppointmentState
from cases.case_access import not_found
from cases.case_note import note
from cases.deadline_plan import DeadlineKind
from cases.life import nothing_to_show
from cases.notice_kinds import GIVE_UP_AFTER, NoticeKind
from cases.notice_orders import hold_back, loud_for, quiet_of
from cases.states import CaseState
from cases.tables import Appointment, Case, Deadline, JoinLink, Notice
from cases.unit import Unit
from cases.view import View
from runtime.errors import CaseError
from runtime.ids import TenantId

_ENTRY: Final[Mapping[NoticeKind, str]] = {
    NoticeKind.REMINDER: "link_reminder",
    NoticeKind.APPOINTMENT_REMINDER: "appointment_reminder",
}
"""The entry of the case log that brings each."""


class PlannedView(View):
    """What will be told when nothing happens before; of each kind the next."""

    id: str
    """Takes the orders that a notice's id takes: to send it now, or not to send it."""
    kind: NoticeKind
    at: datetime


@dataclass(frozen=True, slots=True)
class _Reminder:
    """A reminder to come, and what will bring it."""

    id: str
    kind: NoticeKind
    at: datetime
    row: Deadline | Appointment

    @property
    def payload(self) -> dict[str, object]:
        """What its entry in the case log says."""
        if isinstance(self.row, Deadline):
            return due.payload_of(self.row)
        return appointments.payload_of(self.row)

    def pass_over(self, now: datetime) -> None:
        """Let the deadline or appointment go on as if it had been sent."""
        if isinstance(self.row, Deadline):
            due.warned(self.row, now)
        else:
            appointments.reminded(self.row, now)


async def planned_of(tx: AsyncSession, case: Case) -> list[PlannedView]:
    """The reminders to come, soonest first, each at the time when the buyer may be told."""
    return [PlannedView(id=one.id, kind=one.kind, at=one.at) for one in await _reminders(tx, case)]


async def send_now(
    unit: Unit, actor: Actor, tenant_id: TenantId, planned_id: str
) -> tuple[Notice, Case]:
    """Send a planned reminder before its time, at night, too; the log says who did.

    Raises:
        CaseError: ``not_found`` (404), or ``notice_under_way`` (409): it is no longer planned.
    """
    case, found = await _taken(unit, tenant_id, planned_id)
    entry = _ENTRY[found.kind]
    event = await note(unit.tx, unit.keys, case, entry, found.payload, actor, unit.now)
    unit.changes.desks.add(case.tenant_id)
    row = await unit.tx.scalar(
        select(Notice).where(Notice.case_id == case.id, Notice.seq == event.seq)
    )
    assert row is not None  # What is switched off is not planned.
    row.due_at, row.give_up_at = unit.now, unit.now + GIVE_UP_AFTER
    await unit.tx.flush()
    return row, case


async def hold(
    unit: Unit, actor: Actor, tenant_id: TenantId, planned_id: str
) -> tuple[Notice, Case]:
    """Do not send a planned reminder; it stands among the notices and can be sent later.

    Raises:
        CaseError: ``not_found`` (404), or ``notice_under_way`` (409): it is no longer planned.
    """
    case, found = await _taken(unit, tenant_id, planned_id)
    payload = {"notice": found.kind, **found.payload}
    event = await note(unit.tx, unit.keys, case, "notice_stopped", payload, actor, unit.now)
    unit.changes.desks.add(case.tenant_id)
    return await hold_back(unit.tx, case, found.kind, seq=event.seq, at=unit.now), case


def under_way() -> CaseError:
    """It is too late for an order."""
    return CaseError("notice_under_way", "This notice has been sent, or is on its way.")


async def _taken(unit: Unit, tenant_id: TenantId, planned_id: str) -> tuple[Case, _Reminder]:
    """A planned reminder of the seller's, gone from the plan with this commit."""
    source: type[Deadline | Appointment] = (
        Appointment if planned_id.startswith("apt_") else Deadline
    )
    # The case first, as the sweeper locks it.
    case = await unit.tx.scalar(
        select(Case)
        .join(source, source.case_id == Case.id)
        .where(source.id == planned_id.partition(".")[0], Case.tenant_id == tenant_id)
        .with_for_update(of=Case)
    )
    if case is None:
        raise not_found()
    found = next((one for one in await _reminders(unit.tx, case) if one.id == planned_id), None)
    if found is None:
        raise under_way()
    found.pass_over(unit.now)
    return case, found


async def _reminders(tx: AsyncSession, case: Case) -> Sequence[_Reminder]:
    """What is planned, without what is switched off."""
    if case.state == CaseState.CLOSED:
        return []
    quiet = await quiet_of(tx, case.tenant_id)
    found = [await _of_the_link(tx, case), await _of_the_appointment(tx, case)]
    planned = [one for one in found if one is not None and one.kind not in quiet.off]
    loud = [
        _Reminder(one.id, one.kind, await loud_for(tx, case, quiet, one.at, _latest(one)), one.row)
        for one in planned
    ]
    return sorted(loud, key=lambda one: one.at)


def _latest(one: _Reminder) -> datetime | None:
    return one.row.starts_at if isinstance(one.row, Appointment) else None


async def _of_the_link(tx: AsyncSession, case: Case) -> _Reminder | None:
    opened = await tx.scalar(
        select(JoinLink.id)
        .where(JoinLink.case_id == case.id, JoinLink.first_joined_at.is_not(None))
        .limit(1)
    )
    row = await tx.scalar(
        select(Deadline).where(
            Deadline.case_id == case.id,
            Deadline.kind == DeadlineKind.INSPECTION,
            Deadline.ended_at.is_(None),
            Deadline.warned_at.is_(None),
            Deadline.missed_at.is_(None),
            Deadline.paused_at.is_(None),
        )
    )
    if opened is not None or row is None or row.warn_at is None:
        return None
    return _Reminder(row.id, NoticeKind.REMINDER, row.warn_at, row)


async def _of_the_appointment(tx: AsyncSession, case: Case) -> _Reminder | None:
    row = await tx.scalar(
        select(Appointment).where(
            Appointment.case_id == case.id, Appointment.state == AppointmentState.BOOKED
        )
    )
    if (
        row is None
        or row.reminders >= len(REMINDED_BEFORE)
        or nothing_to_show(CaseState(case.state))
    ):
        return None
    at = row.starts_at - REMINDED_BEFORE[row.reminders]
    # One order takes one reminder, however often it is given: the next has another number.
    return _Reminder(f"{row.id}.{row.reminders}", NoticeKind.APPOINTMENT_REMINDER, at, row)
