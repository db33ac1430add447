"""What a list of cases is narrowed to: whom the actor may see, the filter, the words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from cases.access_policy import Action, CaseFacts, may
from cases.actor import Actor, KeyActor, StaffActor
from cases.case_access import forbidden, not_found
from cases.case_search import search
from cases.keys import KeyRing
from cases.states import CaseState, ClaimReason, Disposition
from cases.tables import Case, CaseTag, Deadline, Filing, ItemLine, Recording, Session, Snooze


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


async def narrowed(
    tx: AsyncSession, keys: KeyRing, query: Select[Any], actor: Actor, wanted: CaseFilter
) -> tuple[Select[Any], frozenset[str]]:
    """Narrow a query to what the actor may see and wants; and the cases that come first.

    Raises:
        CaseError: ``forbidden`` (403) for a key without the scope.
        ValueError: the filter needs ``now`` and has none.
    """
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
        query = query.where(_is(recorded(), wanted.recorded))
    query = _of_which_kind(_for_whom_and_when(query, wanted), wanted)
    if not wanted.words or wanted.words.isspace():
        return query, frozenset()
    found = await search(tx, keys, tenants, wanted.words, as_seller=not is_warehouse)
    return query.where(found.narrowed), found.first


def recorded() -> ColumnElement[bool]:
    """Whether a case has a recording."""
    return exists().where(Recording.session_id == Session.id, Session.case_id == Case.id)


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
    """Filed for an order the seller did not tell, or of it or its parcel something is wrong."""
    unknown = exists().where(Filing.case_id == Case.id, Filing.order_known.is_(False))
    # Not the line that the list shows, which is joined under its own name.
    line = aliased(ItemLine)
    missing = exists().where(
        line.case_id == Case.id,
        line.disposition.in_([Disposition.MISSING, Disposition.NOT_RECEIVED]),
    )
    return or_(unknown, missing, Case.parcel_anomaly.is_not(None))


def _for_whom_and_when(query: Select[Any], wanted: CaseFilter) -> Select[Any]:
    if wanted.assignee is not None:
        nobody = wanted.assignee == "none"
        query = query.where(Case.assignee_staff_id == (None if nobody else wanted.assignee))
    if wanted.due_before is not None:
        query = query.where(Case.due_at < wanted.due_before)
    if wanted.language is not None:
        query = query.where(Case.buyer_locale == wanted.language)
    return query
