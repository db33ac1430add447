"""The hosts' side of the queue: who is ready, who waits, who is expected, who is next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, delete, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action, may
from cases.actor import StaffActor
from cases.case_access import facts_of
from cases.case_text import CaseText, texts_of
from cases.case_views import first_picture
from cases.keys import KeyRing
from cases.rosters import fits
from cases.standing_consent import agreement_of, require_agreement
from cases.states import CaseState, ParticipantRole, Presence, SessionState
from cases.tables import Case, ItemLine, Participant, Roster, Session, Shift, Staff, Tenant
from cases.unit import Unit

SHIFT_LASTS = timedelta(hours=14)
_EXPECTED_SHOWN = 50
_WAITING_SHOWN = 200
_CALLS_AVERAGED = 20
_DEFAULT_CALL_S = 360.0


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """Where a waiting buyer stands; ``position`` counts from 1."""

    position: int
    length: int
    hosts_ready: int
    expected_wait_s: int | None


def desk_ids(actor: StaffActor) -> set[str]:
    """The organisations whose queue changes this actor hears of."""
    if actor.tenant_id is not None:
        return {actor.tenant_id}
    return {actor.warehouse_id} if actor.warehouse_id is not None else set()


def queue_ids(session: Session, case: Case) -> set[str]:
    """The organisations in whose queue this session stands."""
    return {session.tenant_id} | ({case.warehouse_id} if case.warehouse_id else set())


async def set_ready(unit: Unit, actor: StaffActor, ready: bool) -> None:
    """Say that this host may, or may not, be offered waiting buyers.

    Raises:
        CaseError: ``consent_required`` (409) for coming on shift.
    """
    if ready:
        await require_agreement(unit.tx, actor)
    shift = await unit.tx.get(Shift, actor.staff_id)
    if ready and shift is None:
        unit.tx.add(Shift(staff_id=actor.staff_id, ready_since=unit.now))
    elif not ready and shift is not None:
        await unit.tx.delete(shift)
    unit.changes.desks |= desk_ids(actor)


async def end_old_shifts(unit: Unit) -> None:
    """Forget hosts who said "ready" a working day ago and never took it back."""
    await unit.tx.execute(delete(Shift).where(Shift.ready_since < unit.now - SHIFT_LASTS))


async def session_of_host(tx: AsyncSession, actor: StaffActor) -> Session | None:
    """The open session this person hosts, or is about to take over."""
    return await tx.scalar(
        select(Session)
        .where(
            or_(
                Session.host_staff_id == actor.staff_id,
                Session.successor_staff_id == actor.staff_id,
            ),
            Session.state != SessionState.ENDED,
        )
        .limit(1)
    )


async def next_in_line(tx: AsyncSession, actor: StaffActor) -> str | None:
    """The case whose buyer has waited longest, those who are there before those who are away.

    Of these the ones that the host's skills fit come first; whoever fits nobody else's
    skills either is served all the same.
    """
    waiting = (await tx.execute(_waiting(actor))).all()
    here = [row for row in waiting if row.Participant.presence == Presence.HERE]
    cases = [row.Case for row in here or waiting if may(actor, Action.HOST, facts_of(row.Case))]
    roster = await tx.get(Roster, actor.staff_id)
    fitting = [case for case in cases if roster is None or fits(roster, case)]
    case_ids: list[str] = [case.id for case in fitting or cases]
    return case_ids[0] if case_ids else None


async def desk_of(tx: AsyncSession, keys: KeyRing, actor: StaffActor) -> dict[str, object]:
    """What the host's page shows before a call."""
    shift = await tx.get(Shift, actor.staff_id)
    mine = await session_of_host(tx, actor)
    waiting = [
        row
        for row in (await tx.execute(_waiting(actor))).all()
        if may(actor, Action.HOST, facts_of(row.Case))
    ]
    expected = [
        row
        for row in (await tx.execute(_expected(actor))).all()
        if may(actor, Action.HOST, facts_of(row.Case))
    ]
    cases = [row.Case for row in (*waiting, *expected)]
    items = await first_items(tx, [case.id for case in cases])
    texts = await texts_of(tx, keys, cases)
    return {
        "ready": shift is not None,
        "ready_since": shift.ready_since.isoformat() if shift else None,
        "mine": {"session_id": mine.id, "case_id": mine.case_id} if mine else None,
        "consent": await agreement_of(tx, actor),
        "waiting": [
            {
                **_card(row.Case, texts[row.Case.id], row.Tenant.name, items.get(row.Case.id)),
                "session_id": row.Session.id,
                "waiting_since": _text(row.Session.waiting_since),
                "presence": row.Participant.presence,
            }
            for row in waiting
        ],
        "expected": [
            _card(row.Case, texts[row.Case.id], row.Tenant.name, items.get(row.Case.id))
            for row in expected
        ],
    }


async def place_in_queue(tx: AsyncSession, session: Session, case: Case) -> QueuePlace | None:
    """Where a waiting session stands among those for the same hosts."""
    if session.state != SessionState.WAITING:
        return None
    since = session.waiting_since or session.created_at
    same_queue = (
        Case.warehouse_id == case.warehouse_id
        if case.warehouse_id
        else and_(Case.warehouse_id.is_(None), Case.tenant_id == case.tenant_id)
    )
    earlier = or_(
        Session.waiting_since < since, and_(Session.waiting_since == since, Session.id < session.id)
    )
    counts = (
        await tx.execute(
            select(func.count(), func.count().filter(earlier))
            .select_from(Session)
            .join(Case, Case.id == Session.case_id)
            .where(Session.state == SessionState.WAITING, same_queue)
        )
    ).one()
    hosts = await hosts_ready(tx, case)
    wait = await _typical_call_s(tx, same_queue) if hosts else None
    position = int(counts[1]) + 1
    return QueuePlace(
        position=position,
        length=int(counts[0]),
        hosts_ready=hosts,
        expected_wait_s=None if wait is None else round(wait * (position - 1) / hosts),
    )


async def queue_before_joining(tx: AsyncSession, case: Case) -> tuple[int, int, int | None]:
    """For somebody who has not tapped yet: hosts ready, people waiting, expected seconds."""
    same_queue = (
        Case.warehouse_id == case.warehouse_id
        if case.warehouse_id
        else and_(Case.warehouse_id.is_(None), Case.tenant_id == case.tenant_id)
    )
    length = await tx.scalar(
        select(func.count())
        .select_from(Session)
        .join(Case, Case.id == Session.case_id)
        .where(Session.state == SessionState.WAITING, same_queue)
    )
    hosts = await hosts_ready(tx, case)
    wait = round(await _typical_call_s(tx, same_queue) * (length or 0) / hosts) if hosts else None
    return hosts, length or 0, wait


async def hosts_ready(tx: AsyncSession, case: Case) -> int:
    """How many people who may host this case have said "ready"."""
    organisation = Staff.tenant_id == case.tenant_id
    if case.warehouse_id:
        organisation = or_(organisation, Staff.warehouse_id == case.warehouse_id)
    return (
        await tx.scalar(
            select(func.count())
            .select_from(Shift)
            .join(Staff, Staff.id == Shift.staff_id)
            .where(organisation, Staff.disabled_at.is_(None))
        )
    ) or 0


async def _typical_call_s(tx: AsyncSession, same_queue: ColumnElement[bool]) -> float:
    """The mean length of the last calls of a queue, or a guess when there were none."""
    rows = await tx.execute(
        select(Session.live_at, Session.ended_at)
        .join(Case, Case.id == Session.case_id)
        .where(
            same_queue,
            Session.state == SessionState.ENDED,
            Session.live_at.is_not(None),
            Session.ended_at.is_not(None),
        )
        .order_by(Session.ended_at.desc())
        .limit(_CALLS_AVERAGED)
    )
    lengths = [(ended - live).total_seconds() for live, ended in rows if ended is not None and live]
    return sum(lengths) / len(lengths) if lengths else _DEFAULT_CALL_S


def _mine(actor: StaffActor) -> ColumnElement[bool]:
    """A first, coarse filter; the policy still decides on each row."""
    if actor.tenant_id is not None:
        return Case.tenant_id == actor.tenant_id
    if actor.warehouse_id is None:
        return false()
    return and_(
        Case.warehouse_id == actor.warehouse_id, Case.tenant_id.in_(sorted(actor.granted_tenants))
    )


def _waiting(actor: StaffActor) -> Select[Session, Case, Tenant, Participant]:
    return (
        select(Session, Case, Tenant, Participant)
        .join(Case, Case.id == Session.case_id)
        .join(Tenant, Tenant.id == Case.tenant_id)
        .join(
            Participant,
            and_(Participant.session_id == Session.id, Participant.role == ParticipantRole.BUYER),
        )
        .where(Session.state == SessionState.WAITING, _mine(actor))
        .order_by(Session.waiting_since, Session.id)
        .limit(_WAITING_SHOWN)
    )


def _expected(actor: StaffActor) -> Select[Case, Tenant]:
    has_session = (
        select(Session.id)
        .where(Session.case_id == Case.id, Session.state != SessionState.ENDED)
        .exists()
    )
    return (
        select(Case, Tenant)
        .join(Tenant, Tenant.id == Case.tenant_id)
        .where(Case.state == CaseState.INSPECTION_OFFERED, _mine(actor), ~has_session)
        .order_by(Case.updated_at.desc(), Case.id)
        .limit(_EXPECTED_SHOWN)
    )


async def first_items(tx: AsyncSession, case_ids: list[str]) -> dict[str, ItemLine]:
    """Of each case the line that names it."""
    if not case_ids:
        return {}
    rows = await tx.execute(
        select(ItemLine)
        .where(ItemLine.case_id.in_(case_ids))
        .order_by(ItemLine.case_id, ItemLine.position.desc())
    )
    return {item.case_id: item for item in rows.scalars()}


def _card(case: Case, text: CaseText, tenant_name: str, item: ItemLine | None) -> dict[str, object]:
    listing = item.listing if item else {}
    pictures = listing.get("pictures") or []
    return {
        "case_id": case.id,
        "buyer_name": text.buyer_name,
        "buyer_locale": case.buyer_locale,
        "order_number": case.order_number,
        "tenant_name": tenant_name,
        "title": listing.get("title", ""),
        "picture": first_picture(pictures),
        "claim": {"reason": case.claim_reason, "words": text.claim_words},
        "direction": case.direction,
    }


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
