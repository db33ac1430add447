"""Notices are ordered with the log entry that they follow from, in its own commit, once each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.notice_kinds import GIVE_UP_AFTER, PROMPT, NoticeKind, NoticeReason, NoticeState
from cases.notice_plan import Planned, planned
from cases.notice_words import notice_locale
from cases.quiet_hours import DEFAULT_FROM, DEFAULT_UNTIL, next_loud, zones_of
from cases.tables import Appointment, Case, Notice, NoticeSetting, Tenant
from runtime.ids import new_id

_OWN_ZONE: Final = "UTC"


@dataclass(frozen=True, slots=True)
class Quiet:
    """When a seller's buyers are left alone, and what they are not told."""

    quiet_from: int = DEFAULT_FROM
    quiet_until: int = DEFAULT_UNTIL
    zone: str = _OWN_ZONE
    off: frozenset[str] = frozenset()


async def order_notices(
    tx: AsyncSession,
    case_id: str,
    kind: str,
    payload: Mapping[str, object],
    *,
    actor: str,
    seq: int,
    at: datetime,
) -> None:
    """Order what follows from an entry; the caller holds the case's log."""
    case = await tx.get_one(Case, case_id)
    at_opening = case.created_at == at
    for plan in planned(kind, payload, actor=actor, seq=seq, at_opening=at_opening):
        await _order(tx, case, plan, payload, seq=seq, at=at)


async def quiet_of(tx: AsyncSession, tenant_id: str) -> Quiet:
    """A seller's settings, or ours."""
    found = await tx.get(NoticeSetting, tenant_id)
    if found is None:
        return Quiet()
    return Quiet(found.quiet_from, found.quiet_until, found.zone, frozenset(found.off))


async def _order(
    tx: AsyncSession,
    case: Case,
    plan: Planned,
    payload: Mapping[str, object],
    *,
    seq: int,
    at: datetime,
) -> None:
    quiet = await quiet_of(tx, case.tenant_id)
    if plan.kind in quiet.off or await _is_known(tx, case.id, plan):
        return
    is_prompt = plan.kind in PROMPT
    if plan.instead_of is not None:
        is_prompt |= await _withdraw(tx, case.id, plan.instead_of, at)
    due_at = at + plan.after
    if not is_prompt:
        reminds = plan.kind is NoticeKind.APPOINTMENT_REMINDER
        latest = _moment(payload.get("starts_at"), due_at) if reminds else None
        due_at = await loud_for(tx, case, quiet, due_at, latest)
    row = await _new(tx, case, plan.kind, plan.subject, seq=seq, at=at)
    row.due_at, row.give_up_at = due_at, due_at + GIVE_UP_AFTER
    tx.add(row)
    await tx.flush()


async def hold_back(
    tx: AsyncSession, case: Case, kind: NoticeKind, *, seq: int, at: datetime
) -> Notice:
    """Write a notice that somebody stopped before its time; ``seq`` is the entry that says so."""
    row = await _new(tx, case, kind, str(seq), seq=seq, at=at)
    row.state, row.reason = NoticeState.SUPPRESSED, NoticeReason.STOPPED
    tx.add(row)
    await tx.flush()
    return row


async def _new(
    tx: AsyncSession, case: Case, kind: NoticeKind, subject: str, *, seq: int, at: datetime
) -> Notice:
    tenant = await tx.get_one(Tenant, case.tenant_id)
    return Notice(
        id=new_id("ntc"),
        tenant_id=case.tenant_id,
        case_id=case.id,
        kind=kind,
        subject=subject,
        seq=seq,
        tried=[],
        locale=notice_locale(case.buyer_locale, tenant.default_locale),
        state=NoticeState.WAITING,
        created_at=at,
        attempts=0,
        tries=0,
    )


async def _withdraw(tx: AsyncSession, case_id: str, kind: NoticeKind, at: datetime) -> bool:
    """Take back what this very commit has ordered; whether there was any."""
    withdrawn = await tx.scalars(
        delete(Notice)
        .where(
            Notice.case_id == case_id,
            Notice.kind == kind,
            Notice.state == NoticeState.WAITING,
            Notice.created_at == at,
        )
        .returning(Notice.id)
    )
    return withdrawn.first() is not None


async def _is_known(tx: AsyncSession, case_id: str, plan: Planned) -> bool:
    """Whether it was ordered before; of several unread messages the first speaks for all."""
    query = select(Notice.id).where(Notice.case_id == case_id, Notice.kind == plan.kind)
    if plan.kind is NoticeKind.MESSAGE:
        query = query.where(Notice.state == NoticeState.WAITING)
    else:
        query = query.where(Notice.subject == plan.subject)
    return await tx.scalar(query.limit(1)) is not None


async def loud_for(
    tx: AsyncSession, case: Case, quiet: Quiet, at: datetime, latest: datetime | None
) -> datetime:
    """The first moment at which the buyer's clock allows it; a zone they chose comes first.

    Better at night than after ``latest``.
    """
    chosen = await tx.scalar(
        select(Appointment.zone)
        .where(Appointment.case_id == case.id)
        .order_by(Appointment.updated_at.desc())
        .limit(1)
    )
    zones = (chosen,) if chosen else zones_of(case.market, case.buyer_locale, quiet.zone)
    found = next_loud(at, zones, quiet.quiet_from, quiet.quiet_until)
    return found if latest is None else max(at, min(found, latest))


def _moment(text: object, otherwise: datetime) -> datetime:
    return datetime.fromisoformat(text) if isinstance(text, str) else otherwise
