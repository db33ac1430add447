"""Every object that the store has of a case: what retention keeps and erasure deletes."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.tables import (
    Attachment,
    AttachmentPart,
    DerivedCopy,
    EvidencePackage,
    Label,
    PersonExport,
    Recording,
    Segment,
    Session,
    Still,
)
from recorder.sealed_parts import part_key

ObjectName = tuple[str, str | None]
"""Its key, and its version where one is known."""


async def evidence_of(tx: AsyncSession, case_id: str) -> list[ObjectName]:
    """What was sealed, and what the buyer sent: the store is told how long to keep it."""
    segments = await tx.execute(
        select(Segment.object_key, Segment.version_id)
        .join(Recording, Recording.id == Segment.recording_id)
        .join(Session, Session.id == Recording.session_id)
        .where(Session.case_id == case_id)
        .order_by(Segment.recording_id, Segment.segment_no)
    )
    stills = await tx.scalars(
        select(Still.object_key)
        .join(Session, Session.id == Still.session_id)
        .where(Session.case_id == case_id, Still.object_key.is_not(None))
        .order_by(Still.id)
    )
    parts = await tx.scalars(
        select(AttachmentPart.object_key)
        .join(Attachment, Attachment.id == AttachmentPart.attachment_id)
        .where(Attachment.case_id == case_id)
        .order_by(AttachmentPart.attachment_id, AttachmentPart.position)
    )
    return [
        *((key, version) for key, version in segments),
        *((key or "", None) for key in stills),
        *((key, None) for key in parts),
    ]


async def objects_of(tx: AsyncSession, case_id: str) -> list[ObjectName]:
    """The evidence, and what was made from it or beside it."""
    previews = await tx.scalars(
        select(Attachment.preview_key).where(
            Attachment.case_id == case_id, Attachment.preview_key.is_not(None)
        )
    )
    labels = await tx.scalars(select(Label.object_key).where(Label.case_id == case_id))
    made = [
        row
        for table in (EvidencePackage, PersonExport, DerivedCopy)
        for row in await tx.execute(
            select(table.object_prefix, table.parts).where(
                table.case_id == case_id, table.parts.is_not(None)
            )
        )
    ]
    return [
        *await evidence_of(tx, case_id),
        *((key or "", None) for key in previews),
        *((key, None) for key in labels),
        *((part_key(prefix or "", no), None) for prefix, parts in made for no in range(parts or 0)),
    ]
