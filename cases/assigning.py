"""Whose a case is: taken, given, released, and passed on to who has least to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import deadlines
from cases.access_policy import Action, CaseFacts, may
from cases.actor import Actor, KeyActor, StaffActor
from cases.case_access import forbidden, load_case
from cases.case_note import note
from cases.deadline_plan import DeadlineKind
from cases.states import CaseState, Role
from cases.tables import Case, Roster, Staff
from cases.unit import Unit
from cases.view import View
from runtime.errors import CaseError

_MAY_HAVE_CASES: Final = frozenset({Role.AGENT, Role.ADMIN})
_PEOPLE_ASKED: Final = 500


class AssigneeChoice(View):
    """Somebody who can be given cases."""

    staff_id: str
    name: str
    open_cases: int


async def take(unit: Unit, actor: StaffActor, case_id: str) -> None:
    """Take a case that nobody has; taking one's own again changes nothing.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``case_closed`` or ``taken`` (409).
    """
    case = await load_case(unit.tx, actor, case_id, Action.ASSIGN, lock=True)
    if case.assignee_staff_id not in (None, actor.staff_id):
        raise CaseError("taken", "Somebody else has taken this case.")
    await _give(unit, case, actor.staff_id, actor)


async def assign(unit: Unit, actor: StaffActor | KeyActor, case_id: str, staff_id: str) -> None:
    """Give a case to one of the tenant's people, whoever has it now.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``case_closed`` (409) or
            ``not_of_the_desk`` (422) for who cannot have cases of this tenant.
    """
    case = await load_case(unit.tx, actor, case_id, Action.ASSIGN, lock=True)
    staff = await unit.tx.get(Staff, staff_id)
    if staff is None or not _can_have(staff, case):
        raise CaseError("not_of_the_desk", "This person cannot take cases here.", status=422)
    await _give(unit, case, staff_id, actor)


async def release(unit: Unit, actor: StaffActor | KeyActor, case_id: str) -> None:
    """Nobody's again; what was to be decided by then is no longer due.

    Raises:
        CaseError: ``not_found`` or ``forbidden``.
    """
    case = await load_case(unit.tx, actor, case_id, Action.ASSIGN, lock=True)
    if case.assignee_staff_id is None:
        return
    payload = {"from": case.assignee_staff_id}
    case.assignee_staff_id = None
    case.updated_at = unit.now
    await deadlines.end(unit.tx, case, {DeadlineKind.DECISION}, unit.now)
    await note(unit.tx, unit.keys, case, "released", payload, actor, unit.now)
    unit.changes.desks.add(case.tenant_id)


async def assignees(tx: AsyncSession, actor: StaffActor | KeyActor) -> list[AssigneeChoice]:
    """Who of the actor's tenant can be given cases, by name, with how many they have open.

    Raises:
        CaseError: ``forbidden`` (403) for who is of no tenant or may give nobody a case.
    """
    tenant_id = actor.tenant_id
    if tenant_id is None or not may(actor, Action.ASSIGN, CaseFacts(tenant_id, None, None)):
        raise forbidden()
    rows = await tx.scalars(
        select(Staff)
        .where(Staff.tenant_id == tenant_id, Staff.disabled_at.is_(None))
        .order_by(Staff.name, Staff.id)
        .limit(_PEOPLE_ASKED)
    )
    people = [staff for staff in rows if not _MAY_HAVE_CASES.isdisjoint(staff.roles)]
    counts = await tx.execute(
        select(Case.assignee_staff_id, func.count().label("open"))
        .where(
            Case.assignee_staff_id.in_([staff.id for staff in people]),
            Case.state != CaseState.CLOSED,
        )
        .group_by(Case.assignee_staff_id)
    )
    load = {row.assignee_staff_id: row.open for row in counts}
    return [
        AssigneeChoice(staff_id=staff.id, name=staff.name, open_cases=load.get(staff.id, 0))
        for staff in people
    ]


async def pass_on(unit: Unit, case: Case, actor: Actor) -> str | None:
    """Give a case to somebody else, best in the buyer's language and least loaded.

    Says who; ``None`` when there is nobody else, and then it stays whose it is.
    """
    staff_id = await least_loaded(unit.tx, case, without={case.assignee_staff_id})
    if staff_id is not None:
        await _give(unit, case, staff_id, actor)
    return staff_id


async def least_loaded(
    tx: AsyncSession, case: Case, *, without: Iterable[str | None] = ()
) -> str | None:
    """Who of the tenant's people should have a case: first by language, then by open cases."""
    rows = await tx.execute(
        select(Staff, Roster.languages)
        .outerjoin(Roster, Roster.staff_id == Staff.id)
        .where(Staff.tenant_id == case.tenant_id, Staff.disabled_at.is_(None))
        .order_by(Staff.id)
        .limit(_PEOPLE_ASKED)
    )
    people: list[tuple[str, list[str] | None]] = [
        (staff.id, languages)
        for staff, languages in rows
        if staff.id not in set(without) and _can_have(staff, case)
    ]
    if not people:
        return None
    counts = await tx.execute(
        select(Case.assignee_staff_id, func.count())
        .where(
            Case.assignee_staff_id.in_([staff_id for staff_id, _ in people]),
            Case.state != CaseState.CLOSED,
        )
        .group_by(Case.assignee_staff_id)
    )
    load: dict[str | None, int] = {}
    for staff_id, number in counts:
        load[staff_id] = number
    return min(
        people,
        key=lambda person: (not speaks(person[1], case.buyer_locale), load.get(person[0], 0)),
    )[0]


def speaks(languages: Iterable[str] | None, locale: str) -> bool:
    """Whether somebody with these languages serves this buyer: ``zh`` serves ``zh-Hans``."""
    wanted = locale.partition("-")[0]
    return any(language.partition("-")[0] == wanted for language in languages or ())


async def _give(unit: Unit, case: Case, staff_id: str, actor: Actor) -> None:
    if case.state == CaseState.CLOSED:
        raise CaseError("case_closed", "This case is closed.")
    if case.assignee_staff_id == staff_id:
        return
    payload = {"from": case.assignee_staff_id, "to": staff_id}
    case.assignee_staff_id = staff_id
    case.updated_at = unit.now
    await deadlines.begin(unit.tx, case, DeadlineKind.DECISION, unit.now)
    await note(unit.tx, unit.keys, case, "assigned", payload, actor, unit.now)
    unit.changes.desks.add(case.tenant_id)


def _can_have(staff: Staff, case: Case) -> bool:
    return (
        staff.tenant_id == case.tenant_id
        and staff.disabled_at is None
        and not _MAY_HAVE_CASES.isdisjoint(staff.roles)
    )
