"""What buyers were told: lists, another try, a stop, and the buyers whom nothing reaches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Row, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import planned_notices
from cases.access_policy import Action
from cases.actor import Actor
from cases.case_access import load_case, not_found
from cases.case_note import note
from cases.case_text import CaseText, text_of, texts_of
from cases.developers import tenant_of
from cases.keys import KeyRing
from cases.notice_kinds import (
    GIVE_UP_AFTER,
    GROUP_OF,
    ChannelKind,
    NoticeGroup,
    NoticeKind,
    NoticeReason,
    NoticeState,
)
from cases.notice_said import said_of
from cases.notices import suppress
from cases.planned_notices import PlannedView, planned_of, under_way
from cases.states import CaseState, Role, Scope
from cases.tables import Case, Notice
from cases.unit import Unit
from cases.view import View
from runtime.ids import TenantId

_UNREACHED_SINCE: Final = timedelta(days=30)
_NO_WAY: Final = (NoticeReason.NO_ADDRESS, NoticeReason.OPTED_OUT)
"""Reasons not to send that say something of the buyer rather than of the notice."""


class NoticeView(View):
    """One notice: what, when, over what, and why not."""

    id: str
    case_id: str
    order_number: str
    buyer_name: str
    kind: NoticeKind
    group: NoticeGroup
    channel: ChannelKind | None
    locale: str
    state: NoticeState
    reason: NoticeReason | None
    words: str | None
    """What the other side said last, in its own words."""
    tries: int
    created_at: datetime
    due_at: datetime | None
    sent_at: datetime | None


class UnreachedView(View):
    """A buyer whose newest notice did not reach them."""

    case_id: str
    order_number: str
    buyer_name: str
    kind: NoticeKind
    group: NoticeGroup
    reason: NoticeReason | None
    words: str | None
    at: datetime


def _seller_of(actor: Actor) -> TenantId:
    return tenant_of(actor, Role.ADMIN, Role.AGENT, scope=Scope.WEBHOOKS_WRITE)


async def list_notices(
    tx: AsyncSession,
    keys: KeyRing,
    actor: Actor,
    *,
    state: NoticeState | None,
    kind: NoticeKind | None,
    before: str | None,
    limit: int,
) -> tuple[list[NoticeView], str | None]:
    """The seller's notices, newest first, and where the next page begins.

    Raises:
        CaseError: ``forbidden`` (403).
    """
    query = (
        select(Notice, Case)
        .join(Case, Case.id == Notice.case_id)
        .where(Notice.tenant_id == _seller_of(actor))
    )
    if state is not None:
        query = query.where(Notice.state == state)
    if kind is not None:
        query = query.where(Notice.kind == kind)
    found, cursor = await _page(tx, query, before, limit)
    texts = await texts_of(tx, keys, [case for _, case in found])
    said = await said_of(tx, keys, [row for row, _ in found])
    return [_view(row, case, texts[case.id], said.get(row.id)) for row, case in found], cursor


async def _page(
    tx: AsyncSession, query: Select[Notice, Case], before: str | None, limit: int
) -> tuple[Sequence[Row[Notice, Case]], str | None]:
    """The newest notices of ``query`` before an id, and where the next page begins."""
    if before is not None:
        query = query.where(Notice.id < before)
    found = (await tx.execute(query.order_by(Notice.id.desc()).limit(limit + 1))).all()
    return found[:limit], found[limit - 1][0].id if len(found) > limit else None


async def notices_of_case(
    tx: AsyncSession, keys: KeyRing, actor: Actor, case_id: str, *, before: str | None, limit: int
) -> tuple[list[NoticeView], list[PlannedView], str | None]:
    """What the buyer of a case was told, newest first; what is planned, soonest first; the cursor.

    Raises:
        CaseError: ``not_found``, ``forbidden``.
    """
    case = await load_case(tx, actor, case_id, Action.READ_LOG)
    query = (
        select(Notice, Case).join(Case, Case.id == Notice.case_id).where(Notice.case_id == case.id)
    )
    found, cursor = await _page(tx, query, before, limit)
    text = await text_of(tx, keys, case)
    said = await said_of(tx, keys, [row for row, _ in found])
    shown = [_view(row, case, text, said.get(row.id)) for row, _ in found]
    return shown, await planned_of(tx, case), cursor


async def send(unit: Unit, actor: Actor, notice_id: str) -> NoticeView:
    """Send a notice now: one that waits or is planned, or once more one that did not go.

    It is tried over every channel, from the first; who ordered it stands in the case's log.

    Raises:
        CaseError: ``forbidden`` (403), ``not_found`` (404), ``notice_under_way`` (409): it
            has gone, or somebody is sending it now.
    """
    if not _is_written(notice_id):
        planned = await planned_notices.send_now(unit, actor, _seller_of(actor), notice_id)
        return await _shown(unit, *planned)
    row, case = await _held(unit, actor, notice_id)
    if row.state not in (NoticeState.WAITING, NoticeState.FAILED, NoticeState.SUPPRESSED):
        raise under_way()
    # A mail that was refused is not sent again: the way may be another by now.
    row.state, row.reason, row.tried, row.attempts = NoticeState.WAITING, None, [], 0
    row.mail_id = None
    row.due_at, row.give_up_at = unit.now, unit.now + GIVE_UP_AFTER
    await _note(unit, actor, case, "notice_ordered", row)
    return await _shown(unit, row, case)


async def stop(unit: Unit, actor: Actor, notice_id: str) -> NoticeView:
    """Do not send a notice that waits or is planned; who stopped it stands in the case's log.

    Raises:
        CaseError: ``forbidden`` (403), ``not_found`` (404), ``notice_under_way`` (409): it
            has gone, or somebody is sending it now.
    """
    if not _is_written(notice_id):
        planned = await planned_notices.hold(unit, actor, _seller_of(actor), notice_id)
        return await _shown(unit, *planned)
    row, case = await _held(unit, actor, notice_id)
    if row.state != NoticeState.WAITING:
        raise under_way()
    suppress(row, NoticeReason.STOPPED)
    await _note(unit, actor, case, "notice_stopped", row)
    return await _shown(unit, row, case)


async def _note(unit: Unit, actor: Actor, case: Case, kind: str, row: Notice) -> None:
    await note(unit.tx, unit.keys, case, kind, {"notice": row.kind}, actor, unit.now)
    unit.changes.desks.add(case.tenant_id)
    await unit.tx.flush()


def _is_written(notice_id: str) -> bool:
    """Whether it is a row of its own, or only planned."""
    return notice_id.startswith("ntc_")


async def list_unreached(
    tx: AsyncSession, keys: KeyRing, actor: Actor, now: datetime, *, before: str | None, limit: int
) -> tuple[list[UnreachedView], str | None]:
    """Open cases of the last month whose newest notice that had an end did not reach the buyer.

    Newest first, and where the next page begins.

    Raises:
        CaseError: ``forbidden`` (403).
    """
    newest = (
        select(func.max(Notice.id).label("id"))
        .where(
            Notice.tenant_id == _seller_of(actor),
            Notice.created_at >= now - _UNREACHED_SINCE,
            or_(
                Notice.state.in_((NoticeState.SENT, NoticeState.FAILED)),
                and_(Notice.state == NoticeState.SUPPRESSED, Notice.reason.in_(_NO_WAY)),
            ),
        )
        .group_by(Notice.case_id)
        .subquery()
    )
    query = (
        select(Notice, Case)
        .join(newest, newest.c.id == Notice.id)
        .join(Case, Case.id == Notice.case_id)
        .where(Notice.state != NoticeState.SENT, Case.state != CaseState.CLOSED)
    )
    found, cursor = await _page(tx, query, before, limit)
    texts = await texts_of(tx, keys, [case for _, case in found])
    said = await said_of(tx, keys, [row for row, _ in found])
    shown = [
        UnreachedView(
            case_id=case.id,
            order_number=case.order_number,
            buyer_name=texts[case.id].buyer_name,
            kind=NoticeKind(row.kind),
            group=GROUP_OF[NoticeKind(row.kind)],
            reason=NoticeReason(row.reason) if row.reason else None,
            words=said.get(row.id),
            at=row.created_at,
        )
        for row, case in found
    ]
    return shown, cursor


async def _held(unit: Unit, actor: Actor, notice_id: str) -> tuple[Notice, Case]:
    """A notice of the seller's, held until the commit, with its case."""
    tenant_id = _seller_of(actor)
    row = await unit.tx.scalar(
        select(Notice)
        .where(Notice.id == notice_id, Notice.tenant_id == tenant_id)
        .with_for_update()
    )
    if row is None:
        raise not_found()
    return row, await unit.tx.get_one(Case, row.case_id)


async def _shown(unit: Unit, row: Notice, case: Case) -> NoticeView:
    said = await said_of(unit.tx, unit.keys, [row])
    return _view(row, case, await text_of(unit.tx, unit.keys, case), said.get(row.id))


def _view(row: Notice, case: Case, text: CaseText, words: str | None) -> NoticeView:
    kind = NoticeKind(row.kind)
    return NoticeView(
        id=row.id,
        case_id=row.case_id,
        order_number=case.order_number,
        buyer_name=text.buyer_name,
        kind=kind,
        group=GROUP_OF[kind],
        channel=ChannelKind(row.channel) if row.channel else None,
        locale=row.locale,
        state=NoticeState(row.state),
        reason=NoticeReason(row.reason) if row.reason else None,
        words=words,
        tries=row.tries,
        created_at=row.created_at,
        due_at=row.due_at,
        sent_at=row.sent_at,
    )
