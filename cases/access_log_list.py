"""The access log as a seller's admins read it: filtered, newest first, page by page."""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action
from cases.actor import Actor, StaffActor
from cases.case_access import load_case
from cases.keys import KeyRing
from cases.log import LoggedEvent, LogKind, Visibility, last_seq, opened, read_events
from cases.shares import with_viewers
from cases.states import Role
from cases.tables import ApiKey, CaseAccess, Event, Share, Staff, Warehouse
from runtime.errors import CaseError

_STRIDE = 200
_MOST_SEEN = 4000
"""Entries looked at for one page, so that a rare filter does not hold the database."""


class AccessSpan(BaseModel):
    """Moments of an inspection, in wall-clock milliseconds."""

    from_ms: int
    to_ms: int


class AccessEntry(BaseModel):
    """Who looked at, or changed, what; ``spans`` are what was replayed, sent or shared of it."""

    seq: int
    at: AwareDatetime
    kind: str
    actor: str
    name: str
    organisation: str | None
    what: str
    subject_id: str
    spans: list[AccessSpan] = []


class AccessPage(BaseModel):
    """Entries, newest first; a page may be short or empty although ``next_cursor`` is there."""

    items: list[AccessEntry]
    next_cursor: int | None


async def list_access(
    tx: AsyncSession,
    keys: KeyRing,
    actor: StaffActor,
    *,
    who: str | None,
    what: str | None,
    subject_id: str | None,
    since: datetime | None,
    until: datetime | None,
    before: int | None,
    limit: int,
) -> AccessPage:
    """One page of the log of the actor's seller.

    Raises:
        CaseError: ``wrong_role`` (403).
    """
    if actor.tenant_id is None or Role.ADMIN not in actor.roles:
        raise CaseError("wrong_role", "Your role does not allow this.", status=403)
    tenant_id = actor.tenant_id
    key = await keys.tenant_key(tx, tenant_id)
    end = await last_seq(tx, log=LogKind.ACCESS, subject_id=tenant_id) + 1
    end = end if before is None else min(before, end)
    if until is not None:
        end = min(end, await _first_after(tx, tenant_id, until, end))
    items: list[AccessEntry] = []
    seen = 0
    while end > 1 and len(items) < limit and seen < _MOST_SEEN:
        begin = max(1, end - _STRIDE)
        events = await read_events(
            tx,
            log=LogKind.ACCESS,
            subject_id=tenant_id,
            key=key,
            visibilities=frozenset({Visibility.SELLER}),
            after=begin - 1,
            limit=end - begin,
        )
        seen += end - begin
        for event in reversed(events):
            end = event.seq
            if since is not None and event.at < since:
                return AccessPage(items=await _named(tx, keys, items), next_cursor=None)
            entry = _entry(event)
            if (
                (who is None or entry.actor == who)
                and (what is None or entry.what == what)
                and (subject_id is None or entry.subject_id == subject_id)
            ):
                items.append(entry)
                if len(items) == limit:
                    break
        else:
            end = begin
    return AccessPage(items=await _named(tx, keys, items), next_cursor=end if end > 1 else None)


async def list_case_access(
    tx: AsyncSession, keys: KeyRing, actor: Actor, case_id: str, *, before: int | None, limit: int
) -> AccessPage:
    """One page of what the log says about one case, for whoever may read the case's log.

    Raises:
        CaseError: ``not_found`` (404), ``forbidden`` (403).
    """
    case = await load_case(tx, actor, case_id, Action.READ_LOG)
    asked = (
        select(Event)
        .join(
            CaseAccess, (CaseAccess.tenant_id == Event.subject_id) & (CaseAccess.seq == Event.seq)
        )
        .where(Event.log == LogKind.ACCESS, CaseAccess.case_id == case.id)
        .order_by(CaseAccess.seq.desc())
        .limit(limit + 1)
    )
    if before is not None:
        asked = asked.where(CaseAccess.seq < before)
    key = await keys.tenant_key(tx, case.tenant_id)
    found = [opened(row, key) for row in await tx.scalars(asked)]
    shown = [_entry(event) for event in found[:limit]]
    return AccessPage(
        items=await _named(tx, keys, shown),
        next_cursor=shown[-1].seq if len(found) > limit else None,
    )


def _entry(event: LoggedEvent) -> AccessEntry:
    payload = event.payload or {}
    spans = payload.get("spans")
    return AccessEntry(
        seq=event.seq,
        at=event.at,
        kind=event.kind,
        actor=event.actor,
        name="",
        organisation=None,
        what=str(payload.get("what", "")),
        subject_id=str(payload.get("id", "")),
        spans=[AccessSpan(from_ms=begin, to_ms=end) for begin, end in spans]
        if isinstance(spans, list)
        else [],
    )


async def _first_after(tx: AsyncSession, tenant_id: str, until: datetime, end: int) -> int:
    """The first number whose entry is later than ``until``: times only grow along the log."""
    low, high = 1, end
    while low < high:
        middle = (low + high) // 2
        at = await tx.scalar(
            select(Event.at).where(
                Event.log == LogKind.ACCESS, Event.subject_id == tenant_id, Event.seq == middle
            )
        )
        if at is not None and at > until:
            high = middle
        else:
            low = middle + 1
    return low


async def _named(tx: AsyncSession, keys: KeyRing, items: list[AccessEntry]) -> list[AccessEntry]:
    """The same entries with the names of who did it."""
    ids = {kind: set[str]() for kind in ("staff", "key", "share")}
    for item in items:
        kind, _, actor_id = item.actor.partition(":")
        ids.setdefault(kind, set()).add(actor_id)
    names: dict[str, tuple[str, str | None]] = {}
    staff = await tx.execute(
        select(Staff.id, Staff.name, Warehouse.name)
        .outerjoin(Warehouse, Warehouse.id == Staff.warehouse_id)
        .where(Staff.id.in_(ids["staff"]))
    )
    for staff_id, name, warehouse in staff:
        names[f"staff:{staff_id}"] = (name, warehouse)
    found = await tx.execute(select(ApiKey.id, ApiKey.name).where(ApiKey.id.in_(ids["key"])))
    for key_id, name in found:
        names[f"key:{key_id}"] = (name, None)
    shares = await tx.scalars(select(Share).where(Share.id.in_(ids["share"])))
    for share, viewer in await with_viewers(tx, keys, shares):
        names[f"share:{share.id}"] = (viewer.name, None)
    return [
        item.model_copy(
            update=dict(
                zip(("name", "organisation"), names.get(item.actor, ("", None)), strict=True)
            )
        )
        for item in items
    ]
