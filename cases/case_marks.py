"""What a list shows beside a case: whose it is, its tags, whether it sleeps, what is unread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import Actor, StaffActor
from cases.log import LogKind
from cases.tables import Case, CaseTag, Event, Snooze, Staff, ThreadRead, Warehouse


@dataclass(slots=True)
class CaseMarks:
    """Of one case, as one person sees it."""

    assignee_name: str | None = None
    warehouse_name: str | None = None
    unread: bool = False
    """The buyer has written since this person last read."""
    tags: list[str] = field(default_factory=list)
    snoozed_until: datetime | None = None
    """As it was set: it may be past."""


async def marks_of(tx: AsyncSession, actor: Actor, page: Sequence[Case]) -> dict[str, CaseMarks]:
    """The marks of cases that the actor may see, by id; a handful of queries for a page."""
    marks = {case.id: CaseMarks() for case in page}
    if not marks:
        return marks
    people = await _names(tx, Staff, {case.assignee_staff_id for case in page})
    places = await _names(tx, Warehouse, {case.warehouse_id for case in page})
    for case in page:
        marks[case.id].assignee_name = people.get(case.assignee_staff_id or "")
        marks[case.id].warehouse_name = places.get(case.warehouse_id or "")
    tags = await tx.execute(
        select(CaseTag.case_id, CaseTag.tag)
        .where(CaseTag.case_id.in_(marks))
        .order_by(CaseTag.created_at, CaseTag.tag)
    )
    for case_id, tag in tags:
        marks[case_id].tags.append(tag)
    snoozes = await tx.execute(
        select(Snooze.case_id, Snooze.until).where(Snooze.case_id.in_(marks))
    )
    for case_id, until in snoozes:
        marks[case_id].snoozed_until = until
    if isinstance(actor, StaffActor):
        for case_id in await _unread(tx, actor, list(marks)):
            marks[case_id].unread = True
    return marks


async def _names(
    tx: AsyncSession, table: type[Staff | Warehouse], ids: set[str | None]
) -> dict[str, str]:
    wanted = ids - {None}
    if not wanted:
        return {}
    rows = await tx.execute(select(table.id, table.name).where(table.id.in_(wanted)))
    return {row.id: row.name for row in rows}


async def _unread(tx: AsyncSession, actor: StaffActor, case_ids: list[str]) -> list[str]:
    """In which of these cases the buyer wrote after the person last read."""
    written = (
        select(Event.subject_id, func.max(Event.at).label("at"))
        .where(
            Event.log == LogKind.CASE,
            Event.subject_id.in_(case_ids),
            Event.kind == "message",
            Event.actor.startswith("buyer:"),
        )
        .group_by(Event.subject_id)
        .subquery()
    )
    rows = await tx.scalars(
        select(written.c.subject_id)
        .outerjoin(
            ThreadRead,
            (ThreadRead.case_id == written.c.subject_id) & (ThreadRead.reader == actor.label),
        )
        .where((ThreadRead.read_to.is_(None)) | (ThreadRead.read_to < written.c.at))
    )
    return list(rows)
