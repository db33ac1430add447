"""What a list shows beside its cases: their tags, and in which the buyer has written since."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import StaffActor
from cases.log import LogKind
from cases.tables import CaseTag, Event, ThreadRead

_TAGS: Final = (
    select(CaseTag.case_id, CaseTag.tag)
    .where(CaseTag.case_id.in_(bindparam("case_ids", expanding=True)))
    .order_by(CaseTag.created_at, CaseTag.tag)
)


async def tags_of(tx: AsyncSession, case_ids: Collection[str]) -> dict[str, list[str]]:
    """The tags of each case, the oldest first."""
    tags: dict[str, list[str]] = {case_id: [] for case_id in case_ids}
    if tags:
        rows = await tx.execute(_TAGS, {"case_ids": list(tags)})
        for case_id, tag in rows:
            tags[case_id].append(tag)
    return tags


async def unread_of(tx: AsyncSession, actor: StaffActor, case_ids: Collection[str]) -> set[str]:
    """In which of these cases the buyer wrote after the person last read."""
    written = (
        select(Event.subject_id, func.max(Event.at).label("at"))
        .where(
            Event.log == LogKind.CASE,
            Event.subject_id.in_(list(case_ids)),
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
    return set(rows)
