"""How staff arrange their cases: tags, and snoozing what needs nobody for a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action
from cases.actor import KeyActor, StaffActor
from cases.case_access import forbidden, load_case
from cases.case_note import note
from cases.commands import one_line
from cases.states import CaseState
from cases.tables import Case, CaseTag, Snooze
from cases.unit import Unit
from runtime.errors import CaseError

_MOST_TAGS: Final = 20
_TAGS_SHOWN: Final = 200
_LONGEST_SNOOZE: Final = timedelta(days=366)

Tag = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=40),
    AfterValidator(one_line),
]


async def put_tag(unit: Unit, actor: StaffActor | KeyActor, case_id: str, tag: str) -> None:
    """Put a word on a case; a second time changes nothing.

    Raises:
        CaseError: ``not_found``, ``forbidden``, or ``too_many_tags`` (422).
    """
    case = await load_case(unit.tx, actor, case_id, Action.ASSIGN, lock=True)
    if await unit.tx.get(CaseTag, (case_id, tag)) is not None:
        return
    has = await unit.tx.scalar(
        select(func.count()).select_from(CaseTag).where(CaseTag.case_id == case_id)
    )
    if (has or 0) >= _MOST_TAGS:
        raise CaseError("too_many_tags", f"{_MOST_TAGS} tags are the most.", status=422)
    unit.tx.add(CaseTag(case_id=case_id, tag=tag, tenant_id=case.tenant_id, created_at=unit.now))
    await unit.tx.flush()
    await note(unit.tx, unit.keys, case, "tagged", {"tag": tag}, actor, unit.now)
    _hint(unit, case)


async def drop_tag(unit: Unit, actor: StaffActor | KeyActor, case_id: str, tag: str) -> None:
    """Take a word off a case; one that is not there is no error.

    Raises:
        CaseError: ``not_found`` or ``forbidden``.
    """
    case = await load_case(unit.tx, actor, case_id, Action.ASSIGN, lock=True)
    row = await unit.tx.get(CaseTag, (case_id, tag))
    if row is None:
        return
    await unit.tx.delete(row)
    await unit.tx.flush()
    await note(unit.tx, unit.keys, case, "untagged", {"tag": tag}, actor, unit.now)
    _hint(unit, case)


async def tags_of_tenant(tx: AsyncSession, actor: StaffActor | KeyActor) -> list[str]:
    """The words in use at the actor's tenant, the most used first.

    Raises:
        CaseError: ``forbidden`` (403) for who is of no tenant.
    """
    if actor.tenant_id is None:
        raise forbidden()
    rows = await tx.scalars(
        select(CaseTag.tag)
        .where(CaseTag.tenant_id == actor.tenant_id)
        .group_by(CaseTag.tag)
        .order_by(func.count().desc(), CaseTag.tag)
        .limit(_TAGS_SHOWN)
    )
    return list(rows)


async def snooze(unit: Unit, actor: StaffActor | KeyActor, case_id: str, until: datetime) -> None:
    """Keep a case out of sight until then, or until the buyer writes; deadlines go on.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``case_closed`` (409), or
            ``date_impossible`` (422) for a time that is past or more than a year away.
    """
    case = await load_case(unit.tx, actor, case_id, Action.ASSIGN, lock=True)
    if case.state == CaseState.CLOSED:
        raise CaseError("case_closed", "This case is closed.")
    if not unit.now < until < unit.now + _LONGEST_SNOOZE:
        raise CaseError("date_impossible", "Give a time from now to a year ahead.", status=422)
    row = await unit.tx.get(Snooze, case_id)
    if row is None:
        row = Snooze(case_id=case_id)
        unit.tx.add(row)
    row.until, row.snoozed_by, row.created_at = until, actor.label, unit.now
    await unit.tx.flush()
    payload = {"until": until.isoformat()}
    await note(unit.tx, unit.keys, case, "snoozed", payload, actor, unit.now)
    _hint(unit, case)


async def unsnooze(unit: Unit, actor: StaffActor | KeyActor, case_id: str) -> None:
    """See a case again; one that is not snoozed stays as it is.

    Raises:
        CaseError: ``not_found`` or ``forbidden``.
    """
    case = await load_case(unit.tx, actor, case_id, Action.ASSIGN, lock=True)
    if await unit.tx.get(Snooze, case_id) is None:
        return
    await wake(unit.tx, case_id)
    await note(unit.tx, unit.keys, case, "unsnoozed", {}, actor, unit.now)
    _hint(unit, case)


async def wake(tx: AsyncSession, case_id: str) -> None:
    """The case is seen again."""
    await tx.execute(delete(Snooze).where(Snooze.case_id == case_id))


def _hint(unit: Unit, case: Case) -> None:
    unit.changes.desks.add(case.tenant_id)
    if case.warehouse_id is not None:
        unit.changes.desks.add(case.warehouse_id)
