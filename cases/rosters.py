"""Weekly shifts and skills of those who host: who could ring when, and who fits best."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field, StringConstraints
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import StaffActor
from cases.assigning import speaks
from cases.case_access import forbidden, not_found
from cases.commands import Command, Locale
from cases.desk_hours import HoursIn
from cases.states import Role
from cases.tables import Case, Roster, Staff
from cases.unit import Unit
from cases.working_hours import WorkingHours

_HOSTS_ASKED: Final = 500
_HOSTS: Final = {
    "tenant": frozenset({Role.INSPECTOR, Role.AGENT, Role.ADMIN}),
    "warehouse": frozenset({Role.INSPECTOR}),
}


_Category = Annotated[str, StringConstraints(min_length=1, max_length=60)]


class RosterIn(Command):
    """One person's week; no languages or categories means any."""

    hours: HoursIn
    languages: Annotated[tuple[Locale, ...], Field(max_length=20)] = ()
    categories: Annotated[tuple[_Category, ...], Field(max_length=40)] = ()


class RosterView(Command):
    """A colleague and, once it is set, their week."""

    staff_id: str
    name: str
    roster: RosterIn | None


@dataclass(frozen=True, slots=True)
class HostShift:
    """Somebody who could host, and when."""

    staff_id: str
    hours: WorkingHours
    fits: bool


async def rosters_for(tx: AsyncSession, actor: StaffActor) -> list[RosterView]:
    """The people of the actor's own organisation who may host, by name."""
    rows = await tx.execute(
        select(Staff, Roster)
        .outerjoin(Roster, Roster.staff_id == Staff.id)
        .where(_own(actor), Staff.disabled_at.is_(None))
        .order_by(Staff.name, Staff.id)
        .limit(_HOSTS_ASKED)
    )
    return [
        RosterView(
            staff_id=staff.id,
            name=staff.name,
            roster=RosterIn(
                hours=HoursIn.model_validate(roster.hours),
                languages=tuple(roster.languages),
                categories=tuple(roster.categories),
            )
            if roster
            else None,
        )
        for staff, roster in rows
        if _may_host(staff)
    ]


async def set_roster(unit: Unit, actor: StaffActor, staff_id: str, wanted: RosterIn) -> None:
    """Save one person's week: an admin anybody's of their organisation, others their own.

    Raises:
        CaseError: ``not_found`` (404) for who is not of the organisation, ``forbidden`` (403).
    """
    staff = await unit.tx.scalar(select(Staff).where(Staff.id == staff_id, _own(actor)))
    if staff is None:
        raise not_found()
    if not _may_host(staff) or (Role.ADMIN not in actor.roles and staff_id != actor.staff_id):
        raise forbidden()
    row = await unit.tx.get(Roster, staff_id)
    if row is None:
        row = Roster(staff_id=staff_id)
        unit.tx.add(row)
    row.hours = wanted.hours.model_dump(mode="json")
    row.languages = list(wanted.languages)
    row.categories = list(wanted.categories)
    row.updated_at = unit.now


async def queue_of(tx: AsyncSession, case: Case) -> tuple[str, list[HostShift]]:
    """Whose shifts a case's appointments come from: the warehouse's, else the tenant's own."""
    if case.warehouse_id is not None:
        shifts = await _shifts(tx, case, warehouse_id=case.warehouse_id)
        if shifts:
            return case.warehouse_id, shifts
    return case.tenant_id, await _shifts(tx, case, warehouse_id=None)


async def on_shift(tx: AsyncSession, case: Case, now: datetime) -> bool:
    """Whether somebody who could host this case works now."""
    _, shifts = await queue_of(tx, case)
    return any(shift.hours.is_open(now) for shift in shifts)


def fits(roster: Roster, case: Case) -> bool:
    """Whether somebody's skills fit a case; who names none fits every one."""
    return (not roster.languages or speaks(roster.languages, case.buyer_locale)) and (
        not roster.categories or case.claim_reason in roster.categories
    )


async def _shifts(tx: AsyncSession, case: Case, *, warehouse_id: str | None) -> list[HostShift]:
    organisation = (
        Staff.warehouse_id == warehouse_id if warehouse_id else Staff.tenant_id == case.tenant_id
    )
    rows = await tx.execute(
        select(Staff, Roster)
        .join(Roster, Roster.staff_id == Staff.id)
        .where(organisation, Staff.disabled_at.is_(None))
        .limit(_HOSTS_ASKED)
    )
    return [
        HostShift(staff.id, HoursIn.model_validate(roster.hours).hours(), fits(roster, case))
        for staff, roster in rows
        if _may_host(staff)
    ]


def _own(actor: StaffActor) -> ColumnElement[bool]:
    if actor.tenant_id is not None:
        return Staff.tenant_id == actor.tenant_id
    return Staff.warehouse_id == actor.warehouse_id


def _may_host(staff: Staff) -> bool:
    able = _HOSTS["tenant" if staff.tenant_id is not None else "warehouse"]
    return not able.isdisjoint(staff.roles)
