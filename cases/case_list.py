"""The searchable list of cases, newest change first, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, case, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from cases.actor import Actor, StaffActor
from cases.case_filter import CaseFilter, CaseSort, narrowed, recorded
from cases.case_marks import tags_of, unread_of
from cases.case_text import CaseText, SealedText, open_texts
from cases.case_views import first_picture
from cases.cursors import read_cursor, write_cursor
from cases.keys import KeyRing, WrappedCaseKey
from cases.states import CaseState, ClaimReason, Outcome
from cases.tables import Case, ItemLine, Session, Snooze, Staff, Tenant, Warehouse
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
    erased_at: datetime | None
    """When its erasure was ordered: nobody reads it any more, its buyer has no name."""


@dataclass(frozen=True, slots=True)
class CasePage:
    """One page of a list, newest change first, and where the next begins."""

    items: list[dict[str, Any]]
    next_cursor: str | None


def _summaries() -> Select[Any]:
    """What a list shows of its cases but tags and unread words; of all cases, in no order."""
    last_session = (
        select(Session.id)
        .where(Session.case_id == Case.id)
        .order_by(Session.created_at.desc(), Session.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    # A filter asks for snoozes of its own.
    snooze = aliased(Snooze)
    # Columns, not whole cases: an object of thirty attributes costs more than its row.
    columns: list[Any] = [
        Case.id,
        Case.tenant_id,
        Case.order_number,
        Case.sealed_text,
        Case.wrapped_key,
        Tenant.wrapped_key.label("tenants_key"),
        Case.buyer_locale,
        Case.state,
        Case.claim_reason,
        Case.verdict_outcome,
        Case.updated_at,
        Case.erased_at,
        Case.due_at,
        Case.parcel_anomaly,
        Case.assignee_staff_id,
        Staff.name.label("assignee_name"),
        snooze.until.label("snoozed_until"),
        Case.warehouse_id,
        Warehouse.name.label("warehouse_name"),
        Tenant.name.label("tenant_name"),
        ItemLine.listing,
        recorded().label("is_recorded"),
        last_session.label("last_session_id"),
    ]
    query: Select[Any] = select(*columns)
    return (
        query.join(Tenant, Tenant.id == Case.tenant_id)
        .join(ItemLine, (ItemLine.case_id == Case.id) & (ItemLine.position == 0))
        .outerjoin(Staff, Staff.id == Case.assignee_staff_id)
        .outerjoin(Warehouse, Warehouse.id == Case.warehouse_id)
        .outerjoin(snooze, snooze.case_id == Case.id)
    )


# Built once: putting it together costs as much as asking it.
_SUMMARIES: Final = _summaries()


async def list_cases(tx: AsyncSession, keys: KeyRing, actor: Actor, wanted: CaseFilter) -> CasePage:
    """The cases an actor may see, newest change first, as ``CaseSummary`` JSON.

    Raises:
        CaseError: ``bad_cursor`` (422), or ``forbidden`` (403) for a key without the scope.
        ValueError: the filter needs ``now`` and has none.
    """
    query = _SUMMARIES.limit(wanted.limit + 1)
    query, first = await narrowed(tx, keys, query, actor, wanted)
    query = _in_order(query, wanted, first)
    rows = (await tx.execute(query)).all()
    page = rows[: wanted.limit]
    ids = [one.id for one in page]
    tags = await tags_of(tx, ids)
    unread = await unread_of(tx, actor, ids) if isinstance(actor, StaffActor) and ids else set()
    texts = await _texts(keys, page)
    items = [
        CaseSummary(
            id=one.id,
            order_number=one.order_number,
            buyer_name=text.buyer_name,
            buyer_locale=one.buyer_locale,
            state=CaseState(one.state),
            title=one.listing["title"],
            picture=None if one.erased_at else first_picture(one.listing["pictures"]),
            claim_reason=ClaimReason(one.claim_reason),
            outcome=Outcome(one.verdict_outcome) if one.verdict_outcome else None,
            updated_at=one.updated_at,
            due_at=one.due_at,
            parcel_anomaly=Anomaly(one.parcel_anomaly) if one.parcel_anomaly else None,
            assignee_staff_id=one.assignee_staff_id,
            assignee_name=one.assignee_name,
            unread=one.id in unread,
            tags=tags[one.id],
            snoozed_until=one.snoozed_until,
            warehouse_id=one.warehouse_id,
            warehouse_name=one.warehouse_name,
            tenant_name=one.tenant_name,
            recorded=one.is_recorded,
            last_session_id=one.last_session_id,
            erased_at=one.erased_at,
        ).model_dump(mode="json")
        for one, text in zip(page, texts, strict=True)
    ]
    more = len(rows) > wanted.limit
    return CasePage(items, _cursor(page[-1], wanted.sort) if more else None)


async def _texts(keys: KeyRing, page: Sequence[Row[Any]]) -> list[CaseText]:
    """The words of a page's cases; of one whose erasure was ordered they are not read any more."""
    return await open_texts(
        keys,
        [
            SealedText(
                one.id,
                WrappedCaseKey(one.tenant_id, one.wrapped_key, one.tenants_key),
                None if one.erased_at else one.sealed_text,
            )
            for one in page
        ],
    )


async def count_cases(
    tx: AsyncSession, keys: KeyRing, actor: Actor, wanted: CaseFilter, most: int
) -> int:
    """How many cases the actor finds, counted to ``most`` at most.

    Raises:
        CaseError: ``forbidden`` (403) for a key without the scope.
        ValueError: the filter needs ``now`` and has none.
    """
    found, _ = await narrowed(tx, keys, select(Case.id), actor, wanted)
    if wanted.sort is CaseSort.DUE:
        found = found.where(Case.due_at.is_not(None))
    counted = select(func.count()).select_from(found.limit(most).subquery())
    return await tx.scalar(counted) or 0


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


def _cursor(last: Row[Any], sort: CaseSort) -> str:
    at = last.due_at if sort is CaseSort.DUE else last.updated_at
    return write_cursor(at, last.id, _tag(sort))


def _tag(sort: CaseSort) -> str:
    """So that a cursor of one order is refused in the other."""
    return sort if sort is CaseSort.DUE else ""
