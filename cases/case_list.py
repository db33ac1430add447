"""The searchable list of cases, newest change first, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action, CaseFacts, may
from cases.actor import Actor, KeyActor, StaffActor
from cases.case_access import forbidden, not_found
from cases.case_views import first_picture
from cases.cursors import read_cursor, write_cursor
from cases.states import CaseState, ClaimReason, Outcome
from cases.tables import Case, ItemLine, Recording, Session, Tenant
from cases.tracking import Anomaly
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
    parcel_anomaly: Anomaly | None
    assignee_staff_id: str | None
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
    query = _seen_by(query, actor)
    if wanted.state is not None:
        query = query.where(Case.state == wanted.state)
    if wanted.order_number is not None:
        query = query.where(Case.order_number == wanted.order_number)
    if wanted.recorded is not None:
        query = query.where(recorded if wanted.recorded else ~recorded)
    for word in (wanted.words or "").casefold().split():
        query = query.where(Case.search_text.contains(word, autoescape=True))
    query = _for_whom_and_when(query, wanted)
    query = _in_order(query, wanted)
    rows = (await tx.execute(query)).all()
    page = rows[: wanted.limit]
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
            parcel_anomaly=Anomaly(case.parcel_anomaly) if case.parcel_anomaly else None,
            assignee_staff_id=case.assignee_staff_id,
            tenant_name=tenant_name,
            recorded=is_recorded,
            last_session_id=last_session_id,
        ).model_dump(mode="json")
        for case, tenant_name, listing, is_recorded, last_session_id in page
    ]
    more = len(rows) > wanted.limit
    return CasePage(items, _cursor(page[-1][0], wanted.sort) if more else None)


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
