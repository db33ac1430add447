"""The searchable list of cases, newest change first, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, case, exists, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action, CaseFacts, may
from cases.actor import Actor, KeyActor, StaffActor
from cases.case_access import forbidden, not_found
from cases.case_search import search
from cases.case_views import first_picture
from cases.cursors import read_cursor, write_cursor
from cases.keys import KeyRing
from cases.states import CaseState, ClaimReason, Outcome
from cases.tables import Case, ItemLine, Recording, Session, Tenant
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
    tenant_name: str
    recorded: bool
    last_session_id: str | None


class CaseSort(StrEnum):
    """What comes first."""

    CHANGED = "changed"  # the newest change
    DUE = "due"  # the earliest deadline; cases without one are left out


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What a list is narrowed to.

    Every word of ``words`` must occur, in the case or in what was written about it; a case of
    which it is the whole number (of the order, a parcel, or its own) comes first.
    """

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


async def list_cases(tx: AsyncSession, keys: KeyRing, actor: Actor, wanted: CaseFilter) -> CasePage:
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
    tenants = _seen_tenants(actor)
    query = query.where(Case.tenant_id.in_(tenants))
    is_warehouse = isinstance(actor, StaffActor) and actor.tenant_id is None
    if isinstance(actor, StaffActor) and is_warehouse:
        query = query.where(Case.warehouse_id == actor.warehouse_id)
    if wanted.state is not None:
        query = query.where(Case.state == wanted.state)
    if wanted.order_number is not None:
        query = query.where(Case.order_number == wanted.order_number)
    if wanted.recorded is not None:
        query = query.where(recorded if wanted.recorded else ~recorded)
    query = _for_whom_and_when(query, wanted)
    first: frozenset[str] = frozenset()
    if wanted.words and not wanted.words.isspace():
        found = await search(tx, keys, tenants, wanted.words, as_seller=not is_warehouse)
        query, first = query.where(found.narrowed), found.first
    query = _in_order(query, wanted, first)
    rows = (await tx.execute(query)).all()
    page = rows[: wanted.limit]
    items = [
        CaseSummary(
            id=one.id,
            order_number=one.order_number,
            buyer_name=one.buyer_name,
            buyer_locale=one.buyer_locale,
            state=CaseState(one.state),
            title=listing["title"],
            picture=first_picture(listing["pictures"]),
            claim_reason=ClaimReason(one.claim_reason),
            outcome=Outcome(one.verdict_outcome) if one.verdict_outcome else None,
            updated_at=one.updated_at,
            due_at=one.due_at,
            assignee_staff_id=one.assignee_staff_id,
            tenant_name=tenant_name,
            recorded=is_recorded,
            last_session_id=last_session_id,
        ).model_dump(mode="json")
        for one, tenant_name, listing, is_recorded, last_session_id in page
    ]
    more = len(rows) > wanted.limit
    return CasePage(items, _cursor(page[-1][0], wanted.sort) if more else None)


def _seen_tenants(actor: Actor) -> list[str]:
    """The tenants of which ``access_policy`` lets the actor view cases."""
    if isinstance(actor, KeyActor):
        if not may(actor, Action.VIEW_CASE, CaseFacts(actor.tenant_id, None, None)):
            raise forbidden()
        return [actor.tenant_id]
    if not isinstance(actor, StaffActor):
        raise not_found()
    tenants = actor.granted_tenants if actor.tenant_id is None else {actor.tenant_id}
    return [
        tenant_id
        for tenant_id in sorted(tenants)
        if may(actor, Action.VIEW_CASE, CaseFacts(tenant_id, actor.warehouse_id, None))
    ]


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


def _in_order(query: Select[Any], wanted: CaseFilter, first: frozenset[str]) -> Select[Any]:
    """Sort, and begin behind the cursor; a cursor of the other order is refused."""
    begin = None if wanted.cursor is None else read_cursor(wanted.cursor, _tag(wanted.sort))
    is_due = wanted.sort is CaseSort.DUE
    place = tuple_(Case.due_at if is_due else Case.updated_at, Case.id)
    if is_due:
        query = query.where(Case.due_at.is_not(None))
    if begin is not None:
        after = place > begin if is_due else place < begin
        if first:
            is_first = Case.id.in_(sorted(first))
            after = (after | ~is_first) if begin[1] in first else (after & ~is_first)
        query = query.where(after)
    if first:
        query = query.order_by(case((Case.id.in_(sorted(first)), 0), else_=1))
    if is_due:
        return query.order_by(Case.due_at, Case.id)
    return query.order_by(Case.updated_at.desc(), Case.id.desc())


def _cursor(case: Case, sort: CaseSort) -> str:
    at = case.due_at if sort is CaseSort.DUE else case.updated_at
    assert at is not None, "a case in this order has its moment"
    return write_cursor(at, case.id, _tag(sort))


def _tag(sort: CaseSort) -> str:
    """So that a cursor of one order is refused in the other."""
    return sort if sort is CaseSort.DUE else ""
