"""Saved filters: the lists of cases that a person wants again, alone or with the organisation."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, StrictBool, StringConstraints
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import StaffActor
from cases.arranging import Tag
from cases.case_access import forbidden, not_found
from cases.case_filter import CaseFilter, CaseSort
from cases.case_list import count_cases
from cases.commands import Command, Locale, one_line
from cases.keys import KeyRing
from cases.states import CaseState, ClaimReason, Role
from cases.tables import SavedFilter
from cases.unit import Unit
from cases.view import View
from runtime.errors import CaseError
from runtime.ids import new_id

COUNTED_TO: Final = 1000
_MOST: Final = 50

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=60),
    AfterValidator(one_line),
]
_Words = Annotated[str, StringConstraints(max_length=200), AfterValidator(one_line)]
_Id = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,4}(_[A-Za-z0-9]{1,40})?$")]


class Narrowed(Command):
    """What a filter asks for; ``assignee`` is ``me``, ``none`` or somebody's id."""

    q: _Words | None = None
    state: CaseState | None = None
    reason: ClaimReason | None = None
    warehouse: _Id | None = None
    assignee: _Id | None = None
    language: Locale | None = None
    tag: Tag | None = None
    overdue: StrictBool | None = None
    waits_for_buyer: StrictBool | None = None
    anomaly: StrictBool | None = None
    snoozed: StrictBool | None = None
    sort: CaseSort = CaseSort.CHANGED


class SaveFilter(Command):
    """A filter with its name."""

    name: Name
    shared: StrictBool = False
    """Everybody of the organisation has it, not only who made it."""
    wanted: Annotated[Narrowed, Field(examples=[{"assignee": "me", "overdue": True}])]


class FilterView(View):
    """A saved filter, and how many cases it finds for the asker."""

    id: str
    name: str
    shared: bool
    mine: bool
    editable: bool
    wanted: Narrowed
    count: int
    """At most 1000: then it is that many or more."""


VIEWS: Final[dict[str, Narrowed]] = {
    "all": Narrowed(snoozed=False),
    "mine": Narrowed(assignee="me", snoozed=False, sort=CaseSort.DUE),
    "unassigned": Narrowed(assignee="none", snoozed=False, sort=CaseSort.DUE),
    "overdue": Narrowed(overdue=True, sort=CaseSort.DUE),
    "waits_for_buyer": Narrowed(waits_for_buyer=True, snoozed=False),
    "anomaly": Narrowed(anomaly=True),
    "snoozed": Narrowed(snoozed=True),
}
"""What everybody has without saving it."""


async def list_filters(
    tx: AsyncSession, keys: KeyRing, actor: StaffActor, now: datetime
) -> list[FilterView]:
    """One's own filters and those shared in the organisation, by name, with their counts."""
    rows = await tx.scalars(
        select(SavedFilter).where(_seen(actor)).order_by(SavedFilter.name, SavedFilter.id)
    )
    return [await _view(tx, keys, actor, row, now) for row in rows]


async def count_views(
    tx: AsyncSession, keys: KeyRing, actor: StaffActor, now: datetime
) -> dict[str, int]:
    """How many cases of each built-in view the person finds."""
    return {
        name: await count_cases(tx, keys, actor, filter_of(actor, wanted, now), COUNTED_TO)
        for name, wanted in VIEWS.items()
    }


async def save(
    unit: Unit, actor: StaffActor, saved: SaveFilter, filter_id: str | None = None
) -> FilterView:
    """Keep a new filter, or change one's own; an admin changes every shared one.

    Raises:
        CaseError: ``not_found`` (404), ``forbidden`` (403), or ``too_many_filters`` (422).
    """
    if filter_id is None:
        own = await unit.tx.scalar(
            select(func.count())
            .select_from(SavedFilter)
            .where(SavedFilter.staff_id == actor.staff_id)
        )
        if (own or 0) >= _MOST:
            raise CaseError(
                "too_many_filters", f"{_MOST} filters are the most: delete one.", status=422
            )
        row = SavedFilter(
            id=new_id("flt"),
            organisation_id=_organisation(actor),
            staff_id=actor.staff_id,
            created_at=unit.now,
        )
        unit.tx.add(row)
    else:
        row = await _editable(unit.tx, actor, filter_id)
    row.name, row.shared = saved.name, saved.shared
    row.wanted = saved.wanted.model_dump(mode="json", exclude_none=True)
    await unit.tx.flush()
    return await _view(unit.tx, unit.keys, actor, row, unit.now)


async def forget(unit: Unit, actor: StaffActor, filter_id: str) -> None:
    """Delete a filter.

    Raises:
        CaseError: ``not_found`` (404) or ``forbidden`` (403).
    """
    await unit.tx.delete(await _editable(unit.tx, actor, filter_id))
    await unit.tx.flush()


def filter_of(actor: StaffActor, wanted: Narrowed, now: datetime) -> CaseFilter:
    """What the list is asked for somebody who has this filter."""
    return CaseFilter(
        words=wanted.q,
        state=wanted.state,
        reason=wanted.reason,
        warehouse_id=wanted.warehouse,
        assignee=actor.staff_id if wanted.assignee == "me" else wanted.assignee,
        language=wanted.language,
        tag=wanted.tag,
        overdue=wanted.overdue,
        waits_for_buyer=wanted.waits_for_buyer,
        anomaly=wanted.anomaly,
        snoozed=wanted.snoozed,
        now=now,
        sort=wanted.sort,
    )


async def _editable(tx: AsyncSession, actor: StaffActor, filter_id: str) -> SavedFilter:
    row = await tx.scalar(
        select(SavedFilter).where(SavedFilter.id == filter_id, _seen(actor)).with_for_update()
    )
    if row is None:
        raise not_found()
    if not _may_edit(actor, row):
        raise forbidden()
    return row


def _may_edit(actor: StaffActor, row: SavedFilter) -> bool:
    return row.staff_id == actor.staff_id or Role.ADMIN in actor.roles


def _seen(actor: StaffActor) -> ColumnElement[bool]:
    of_us = SavedFilter.organisation_id == _organisation(actor)
    return of_us & or_(SavedFilter.shared.is_(True), SavedFilter.staff_id == actor.staff_id)


def _organisation(actor: StaffActor) -> str:
    organisation_id = actor.tenant_id or actor.warehouse_id
    assert organisation_id is not None, "staff are of a tenant or of a warehouse"
    return organisation_id


async def _view(
    tx: AsyncSession, keys: KeyRing, actor: StaffActor, row: SavedFilter, now: datetime
) -> FilterView:
    stored: dict[str, Any] = row.wanted
    wanted = Narrowed.model_validate(stored)
    return FilterView(
        id=row.id,
        name=row.name,
        shared=row.shared,
        mine=row.staff_id == actor.staff_id,
        editable=_may_edit(actor, row),
        wanted=wanted,
        count=await count_cases(tx, keys, actor, filter_of(actor, wanted, now), COUNTED_TO),
    )
