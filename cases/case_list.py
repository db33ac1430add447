"""The searchable list of cases, newest change first, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from cases.access_policy import Action, CaseFacts, may
from cases.actor import Actor, KeyActor, StaffActor
from cases.case_access import forbidden, not_found
from cases.case_marks import marks_of
from cases.case_views import first_picture
from cases.cursors import read_cursor, write_cursor
from cases.states import CaseState, ClaimReason, Disposition, Outcome
from cases.tables import (
    Case,
    CaseTag,
    Deadline,
    Filing,
    ItemLine,
    Recording,
    Session,
    Snooze,
    Tenant,
)
from cases.view import View


class CaseSummary(View):
    """A case in a list."""

    id: str
    order_number: str
    buyer_name: str
    buyer_locale: str
    state: CaseState
    title: str
    picture: str | None
    claim_reason: ClaimReason
    outcome: Outcome | None
    updated_at: datetime
    due_at: datetime | None
    assignee_staff_id: str | None
    assignee_name: str | None
    unread: bool
    """The buyer has written since the asker last read; false for machines."""
    tags: list[str]
    snoozed_until: datetime | None
    warehouse_id: str | None
    warehouse_name: str | None
    tenant_name: str
    recorded: bool
    last_session_id: str | None


class CaseSort(StrEnum):
    """What comes first."""

    CHANGED = "changed"  # the newest change
    DUE = "due"  # the earliest deadline; cases without one are left out


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What a list is narrowed to; every word of ``words`` must occur."""

    words: str | None = None
    state: CaseState | None = None
    order_number: str | None = None
    recorded: bool | None = None
    assignee: str | None = None
    """A staff id, or ``none`` for the cases that are nobody's."""
    due_before: datetime | None = None
    language: str | None = None
    reason: ClaimReason | None = None
    warehouse_id: str | None = None
    tag: str | None = None
    snoozed: bool | None = None
    """Out of sight for now; needs ``now``."""
    overdue: bool | None = None
    """A deadline is past; needs ``now``."""
    waits_for_buyer: bool | None = None
    anomaly: bool | None = None
    """Nothing that a rule foresaw: see ``_anomaly``."""
    now: datetime | None = None
    sort: CaseSort = CaseSort.CHANGED
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class CasePage:
    """One page of a list, newest change first, and where the next begins."""

    items: list[dict[str, Any]]
    next_cursor: str | None


async def list_cases(tx: AsyncSession, actor: Actor, wanted: CaseFilter) -> CasePage:
    """The cases an actor may see, newest change first, as ``CaseSummary`` JSON.

    Raises:
        CaseError: ``bad_cursor`` (422), or ``forbidden`` (403) for a key without the scope.
        ValueError: the filter needs ``now`` and has none.
    """
    last_session = (
        select(Session.id)
        .where(Session.case_id == Case.id)
        .order_by(Session.created_at.desc(), Session.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    recorded = _recorded()
    query = (
        select(Case, Tenant.name, ItemLine.listing, recorded, last_session)
        .join(Tenant, Tenant.id == Case.tenant_id)
        .join(ItemLine, (ItemLine.case_id == Case.id) & (ItemLine.position == 0))
        .limit(wanted.limit + 1)
    )
    query = _narrowed(_seen_by(query, actor), wanted)
    query = _in_order(query, wanted)
    rows = (await tx.execute(query)).all()
    page = rows[: wanted.limit]
    marks = await marks_of(tx, actor, [row[0] for row in page])
    items = [
        CaseSummary(
            id=case.id,
            order_number=case.order_number,
            buyer_name=case.buyer_name,
            buyer_locale=case.buyer_locale,
            state=CaseState(case.state),
            title=listing["title"],
            picture=first_picture(listing["pictures"]),
            claim_reason=ClaimReason(case.claim_reason),
            outcome=Outcome(case.verdict_outcome) if case.verdict_outcome else None,
            updated_at=case.updated_at,
            due_at=case.due_at,
            assignee_staff_id=case.assignee_staff_id,
            assignee_name=marks[case.id].assignee_name,
            unread=marks[case.id].unread,
            tags=marks[case.id].tags,
            snoozed_until=marks[case.id].snoozed_until,
            warehouse_id=case.warehouse_id,
            warehouse_name=marks[case.id].warehouse_name,
            tenant_name=tenant_name,
            recorded=is_recorded,
            last_session_id=last_session_id,
        ).model_dump(mode="json")
        for case, tenant_name, listing, is_recorded, last_session_id in page
    ]
    more = len(rows) > wanted.limit
    return CasePage(items, _cursor(page[-1][0], wanted.sort) if more else None)


async def count_cases(tx: AsyncSession, actor: Actor, wanted: CaseFilter, most: int) -> int:
    """How many cases the actor finds, counted to ``most`` at most.

    Raises:
        CaseError: ``forbidden`` (403) for a key without the scope.
        ValueError: the filter needs ``now`` and has none.
    """
    found = _narrowed(_seen_by(select(Case.id), actor), wanted)
    if wanted.sort is CaseSort.DUE:
        found = found.where(Case.due_at.is_not(None))
    counted = select(func.count()).select_from(found.limit(most).subquery())
    return await tx.scalar(counted) or 0


def _narrowed(query: Select[Any], wanted: CaseFilter) -> Select[Any]:
    if wanted.state is not None:
        query = query.where(Case.state == wanted.state)
    if wanted.order_number is not None:
        query = query.where(Case.order_number == wanted.order_number)
    if wanted.recorded is not None:
        query = query.where(_is(_recorded(), wanted.recorded))
    for word in (wanted.words or "").casefold().split():
        query = query.where(Case.search_text.contains(word, autoescape=True))
    query = _for_whom_and_when(query, wanted)
    return _of_which_kind(query, wanted)


def _seen_by(query: Select[Any], actor: Actor) -> Select[Any]:
    """Narrow a query to the cases that ``access_policy`` lets the actor view."""
    if isinstance(actor, KeyActor):
        if not may(actor, Action.VIEW_CASE, CaseFacts(actor.tenant_id, None, None)):
            raise forbidden()
        return query.where(Case.tenant_id == actor.tenant_id)
    if not isinstance(actor, StaffActor):
        raise not_found()
    tenants = actor.granted_tenants if actor.tenant_id is None else {actor.tenant_id}
    seen = [
        tenant_id
        for tenant_id in sorted(tenants)
        if may(actor, Action.VIEW_CASE, CaseFacts(tenant_id, actor.warehouse_id, None))
    ]
    if actor.tenant_id is None:
        query = query.where(Case.warehouse_id == actor.warehouse_id)
    return query.where(Case.tenant_id.in_(seen))


def _recorded() -> ColumnElement[bool]:
    return exists().where(Recording.session_id == Session.id, Session.case_id == Case.id)


def _is(condition: ColumnElement[bool], wanted: bool) -> ColumnElement[bool]:
    return condition if wanted else ~condition


def _of_which_kind(query: Select[Any], wanted: CaseFilter) -> Select[Any]:
    if wanted.reason is not None:
        query = query.where(Case.claim_reason == wanted.reason)
    if wanted.warehouse_id is not None:
        query = query.where(Case.warehouse_id == wanted.warehouse_id)
    if wanted.tag is not None:
        query = query.where(exists().where(CaseTag.case_id == Case.id, CaseTag.tag == wanted.tag))
    if wanted.snoozed is not None:
        sleeps = exists().where(Snooze.case_id == Case.id, Snooze.until > _now(wanted))
        query = query.where(_is(sleeps, wanted.snoozed))
    if wanted.overdue is not None:
        late = Case.due_at.is_not(None) & (Case.due_at < _now(wanted))
        query = query.where(_is(late, wanted.overdue))
    if wanted.waits_for_buyer is not None:
        query = query.where(_is(_waits_for_buyer(), wanted.waits_for_buyer))
    if wanted.anomaly is not None:
        query = query.where(_is(_anomaly(), wanted.anomaly))
    return query


def _now(wanted: CaseFilter) -> datetime:
    if wanted.now is None:
        raise ValueError("this filter needs the time")
    return wanted.now


def _waits_for_buyer() -> ColumnElement[bool]:
    """The buyer was asked, has an offer, an invitation, or a label and has not sent it off."""
    asked = exists().where(
        Deadline.case_id == Case.id, Deadline.ended_at.is_(None), Deadline.paused_at.is_not(None)
    )
    theirs = (CaseState.KEEP_OFFERED, CaseState.INSPECTION_OFFERED, CaseState.LABEL_GIVEN)
    return or_(Case.state.in_(theirs), asked)


def _anomaly() -> ColumnElement[bool]:
    """Filed for an order that the seller did not tell, or something of it is missing."""
    unknown = exists().where(Filing.case_id == Case.id, Filing.order.is_(None))
    # Not the line that the list shows, which is joined under its own name.
    line = aliased(ItemLine)
    missing = exists().where(
        line.case_id == Case.id,
        line.disposition.in_([Disposition.MISSING, Disposition.NOT_RECEIVED]),
    )
    return or_(unknown, missing)


def _for_whom_and_when(query: Select[Any], wanted: CaseFilter) -> Select[Any]:
    if wanted.assignee is not None:
        nobody = wanted.assignee == "none"
        query = query.where(Case.assignee_staff_id == (None if nobody else wanted.assignee))
    if wanted.due_before is not None:
        query = query.where(Case.due_at < wanted.due_before)
    if wanted.language is not None:
        query = query.where(Case.buyer_locale == wanted.language)
    return query


def _in_order(query: Select[Any], wanted: CaseFilter) -> Select[Any]:
    """Sort, and begin behind the cursor; a cursor of the other order is refused."""
    begin = None if wanted.cursor is None else read_cursor(wanted.cursor, _tag(wanted.sort))
    if wanted.sort is CaseSort.DUE:
        query = query.where(Case.due_at.is_not(None)).order_by(Case.due_at, Case.id)
        if begin is not None:
            at, case_id = begin
            query = query.where((Case.due_at > at) | ((Case.due_at == at) & (Case.id > case_id)))
        return query
    query = query.order_by(Case.updated_at.desc(), Case.id.desc())
    if begin is not None:
        at, case_id = begin
        query = query.where(
            (Case.updated_at < at) | ((Case.updated_at == at) & (Case.id < case_id))
        )
    return query


def _cursor(case: Case, sort: CaseSort) -> str:
    at = case.due_at if sort is CaseSort.DUE else case.updated_at
    assert at is not None, "a case in this order has its moment"
    return write_cursor(at, case.id, _tag(sort))


def _tag(sort: CaseSort) -> str:
    """So that a cursor of one order is refused in the other."""
    return sort if sort is CaseSort.DUE else ""
