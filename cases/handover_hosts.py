"""Whom a host may ask to take over: those who are ready, may host the session and speak for it."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action, may
from cases.actor import Actor, StaffActor
from cases.case_access import facts_of
from cases.people import actor_of_staff
from cases.session_access import see_as_host
from cases.states import SessionState
from cases.tables import Case, Handover, Session, Shift, Staff


async def hosts_to_ask(tx: AsyncSession, actor: Actor, session_id: str) -> list[dict[str, object]]:
    """Who else may host this session and has said "ready", the free ones first.

    Raises:
        CaseError: what ``see_as_host`` raises.
    """
    session, case, _me = await see_as_host(tx, actor, session_id)
    found = [
        {
            "staff_id": staff.id,
            "name": staff.name,
            "locale": staff.locale,
            "of_the_seller": staff.tenant_id is not None,
            "busy": busy,
        }
        for staff, busy in await ready_hosts(tx, session, case)
    ]
    return sorted(found, key=lambda one: (bool(one["busy"]), str(one["name"])))


async def ready_hosts(tx: AsyncSession, session: Session, case: Case) -> list[tuple[Staff, bool]]:
    """Who could host this session instead, and whether they are in a call now."""
    in_call = (
        select(Session.id)
        .where(
            Session.state != SessionState.ENDED,
            or_(Session.host_staff_id == Staff.id, Session.successor_staff_id == Staff.id),
        )
        .correlate(Staff)
        .exists()
    )
    rows = await tx.execute(
        select(Staff, in_call)
        .join(Shift, Shift.staff_id == Staff.id)
        .where(
            Staff.disabled_at.is_(None),
            Staff.id != session.host_staff_id,
            or_(Staff.tenant_id == case.tenant_id, Staff.warehouse_id == case.warehouse_id),
        )
        .order_by(Shift.ready_since, Staff.id)
    )
    return [
        (staff, bool(busy))
        for staff, busy in rows.all()
        if may(await actor_of_staff(tx, staff), Action.HOST, facts_of(case))
    ]


async def is_asked(tx: AsyncSession, actor: StaffActor, handover: Handover) -> bool:
    """Whether a hand-over rings at somebody's desk: by name, or as one of those who are ready."""
    if handover.from_staff_id == actor.staff_id:
        return False
    if handover.to_staff_id is not None:
        return handover.to_staff_id == actor.staff_id
    if await tx.get(Shift, actor.staff_id) is None:
        return False
    staff = await tx.get_one(Staff, actor.staff_id)
    return speaks(staff.locale, handover.language)


def speaks(locale: str, language: str | None) -> bool:
    """Whether somebody of this locale speaks the language; where none is asked for, they do."""
    return language is None or locale.split("-")[0].lower() == language.split("-")[0].lower()
