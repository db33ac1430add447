"""Attachments of a case: uploads that grow part by part, and files that come whole by mail."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import filing
from cases.access_policy import Action
from cases.actor import Actor
from cases.case_access import load_case, not_found
from cases.residency import placed_for
from cases.sealing import open_text, seal_text
from cases.sniffing import MAX_CLIP_BYTES
from cases.states import AttachmentState
from cases.tables import Attachment, AttachmentPart, Case, Filing
from cases.unit import Unit
from runtime.errors import CaseError
from runtime.ids import new_id

MAX_ATTACHMENTS: Final = 12
MAX_FILING_BYTES: Final = 300_000_000
MAX_MAILED: Final = 60
MAX_MAILED_BYTES: Final = 500_000_000
_MAX_PARTS: Final = 1000
_MAX_NAME: Final = 120


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload as its browser sees it, with what seals it."""

    attachment: Attachment
    filing: Filing
    key: bytes
    folder: str
    """What the names of its sealed parts begin with."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much more a case takes by mail."""

    files: int
    size: int


@dataclass(frozen=True, slots=True)
class WholeFile:
    """A file that was looked at and lies in the store, sealed with its case's key."""

    name: str
    media_type: str
    sha256: str
    parts: tuple[tuple[int, str], ...]
    """Size and object key of each, in order."""
    preview_key: str | None


async def create(unit: Unit, secret: str, *, size: int, name: str) -> tuple[Attachment, Filing]:
    """Begin an upload of this browser's filing.

    Raises:
        CaseError: what ``load_draft`` raises, ``already_filed`` (409), ``too_large`` (413),
            ``too_many_attachments`` (409).
    """
    found = await filing.load_draft(unit, secret, lock=True)
    if found.case_id is not None:
        raise CaseError("already_filed", "This return has been filed already.")
    if not 0 < size <= MAX_CLIP_BYTES:
        raise CaseError("too_large", "This file is too large.", status=413)
    count, total = (
        await unit.tx.execute(
            select(func.count(), func.coalesce(func.sum(Attachment.size), 0)).where(
                Attachment.filing_id == found.id, Attachment.state != AttachmentState.REMOVED
            )
        )
    ).one()
    if count >= MAX_ATTACHMENTS or total + size > MAX_FILING_BYTES:
        raise CaseError("too_many_attachments", "That is enough pictures and clips.")
    attachment_id, key = new_id("att"), await filing.key_of(unit, found)
    made = Attachment(
        id=attachment_id,
        filing_id=found.id,
        sealed_name=_sealed_name(attachment_id, key, name),
        size=size,
        received=0,
        state=AttachmentState.UPLOADING,
        created_at=unit.now,
    )
    unit.tx.add(made)
    await unit.tx.flush()
    return made, found


async def load(unit: Unit, secret: str, attachment_id: str, *, lock: bool = False) -> Upload:
    """An upload of this browser's filing.

    Raises:
        CaseError: what ``load_draft`` raises, ``not_found`` (404), ``upload_gone`` (410).
    """
    draft = await filing.load_draft(unit, secret)
    query = select(Attachment).where(
        Attachment.id == attachment_id, Attachment.filing_id == draft.id
    )
    found = await unit.tx.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise not_found()
    if found.state in (AttachmentState.REMOVED, AttachmentState.REFUSED):
        raise CaseError("upload_gone", "This upload has ended.", status=410)
    folder = await placed_for(unit.tx, draft.tenant_id, f"filings/{draft.id}")
    return Upload(found, draft, await filing.key_of(unit, draft), folder)


async def add_part(
    unit: Unit, secret: str, attachment_id: str, *, at: int, size: int, object_key: str
) -> int:
    """Note the bytes that came next; gives how many there are now.

    Raises:
        CaseError: what ``load`` raises, ``wrong_offset`` (409), ``too_large`` (413).
    """
    found = (await load(unit, secret, attachment_id, lock=True)).attachment
    check_offset(found, at)
    if at + size > found.size:
        raise CaseError("too_large", "This is more than was announced.", status=413)
    parts = await unit.tx.scalar(
        select(func.count()).where(AttachmentPart.attachment_id == attachment_id)
    )
    if (parts or 0) >= _MAX_PARTS:
        raise CaseError("too_large", "This upload came in too many pieces.", status=413)
    unit.tx.add(
        AttachmentPart(attachment_id=found.id, position=at, size=size, object_key=object_key)
    )
    found.received = at + size
    await unit.tx.flush()
    return found.received


def check_offset(found: Attachment, at: int) -> None:
    """Hold a part to where the last one ended.

    Raises:
        CaseError: ``wrong_offset`` (409).
    """
    if found.received != at or found.state != AttachmentState.UPLOADING:
        raise CaseError("wrong_offset", "The upload is elsewhere; ask where with HEAD.")


async def keep(
    unit: Unit, attachment_id: str, *, media_type: str, sha256: str, preview_key: str | None
) -> None:
    """The attachment is whole and was looked at."""
    found = await unit.tx.get_one(Attachment, attachment_id, with_for_update=True)
    if found.state == AttachmentState.UPLOADING:
        found.state, found.media_type = AttachmentState.KEPT, media_type
        found.sha256, found.preview_key = sha256, preview_key


async def refuse(unit: Unit, attachment_id: str) -> None:
    """The attachment is not what we take."""
    found = await unit.tx.get_one(Attachment, attachment_id, with_for_update=True)
    found.state = AttachmentState.REFUSED


async def remove(unit: Unit, secret: str, attachment_id: str) -> None:
    """The buyer does not want it any more; what was filed stays.

    Raises:
        CaseError: what ``load`` raises, ``already_filed`` (409).
    """
    found = await load(unit, secret, attachment_id, lock=True)
    if found.filing.case_id is not None:
        raise CaseError("already_filed", "This return has been filed already.")
    found.attachment.state = AttachmentState.REMOVED


async def parts_of(tx: AsyncSession, attachment_id: str) -> list[AttachmentPart]:
    """Where an attachment's bytes are, in order."""
    rows = await tx.scalars(
        select(AttachmentPart)
        .where(AttachmentPart.attachment_id == attachment_id)
        .order_by(AttachmentPart.position)
    )
    return list(rows)


async def of_filing(tx: AsyncSession, filing_id: str) -> list[Attachment]:
    """A filing's attachments that are or may become good."""
    rows = await tx.scalars(
        select(Attachment)
        .where(
            Attachment.filing_id == filing_id,
            Attachment.state.in_((AttachmentState.UPLOADING, AttachmentState.KEPT)),
        )
        .order_by(Attachment.id)
    )
    return list(rows)


async def of_case(tx: AsyncSession, case_id: str) -> list[Attachment]:
    """A case's whole attachments, oldest first."""
    rows = await tx.scalars(
        select(Attachment)
        .where(Attachment.case_id == case_id, Attachment.state == AttachmentState.KEPT)
        .order_by(Attachment.created_at, Attachment.id)
    )
    return list(rows)


async def room_in(tx: AsyncSession, case_id: str) -> Room:
    """How much more this case takes by mail."""
    count, total = (
        await tx.execute(
            select(func.count(), func.coalesce(func.sum(Attachment.size), 0)).where(
                Attachment.case_id == case_id, Attachment.filing_id.is_(None)
            )
        )
    ).one()
    return Room(max(0, MAX_MAILED - count), max(0, MAX_MAILED_BYTES - total))


async def attach(unit: Unit, case: Case, files: Sequence[WholeFile]) -> list[str]:
    """Make these files the case's; their ids."""
    if not files:
        return []
    made, key = [], await unit.keys.key_of(unit.tx, case)
    for one in files:
        size = sum(part_bytes for part_bytes, _ in one.parts)
        attachment_id = new_id("att")
        attachment = Attachment(
            id=attachment_id,
            case_id=case.id,
            sealed_name=_sealed_name(attachment_id, key, one.name),
            size=size,
            received=size,
            state=AttachmentState.KEPT,
            media_type=one.media_type,
            sha256=one.sha256,
            preview_key=one.preview_key,
            created_at=unit.now,
        )
        unit.tx.add(attachment)
        await unit.tx.flush()
        at = 0
        for part_bytes, object_key in one.parts:
            unit.tx.add(
                AttachmentPart(
                    attachment_id=attachment_id,
                    position=at,
                    size=part_bytes,
                    object_key=object_key,
                )
            )
            at += part_bytes
        made.append(attachment_id)
    await unit.tx.flush()
    return made


async def load_kept(
    tx: AsyncSession, actor: Actor, case_id: str, attachment_id: str
) -> tuple[Case, Attachment]:
    """A whole attachment of a case that the actor may view.

    Raises:
        CaseError: ``not_found`` or ``forbidden``.
    """
    case = await load_case(tx, actor, case_id, Action.VIEW_CASE)
    found = await tx.get(Attachment, attachment_id)
    if found is None or found.case_id != case.id or found.state != AttachmentState.KEPT:
        raise not_found()
    return case, found


def name_of(attachment: Attachment, key: bytes) -> str:
    """What its sender's device called it, by its case's key; empty once it is forgotten."""
    return open_text(key, _bound(attachment.id), attachment.sealed_name) or ""


def plain_name(name: str) -> str:
    """A file's name without a path or anything that does not print."""
    last = re.split(r"[/\\]", name)[-1]
    plain = "".join(c for c in last if c.isprintable() and c not in '"<>|:*?').strip(" .")
    return plain[:_MAX_NAME] or "file"


def _sealed_name(attachment_id: str, key: bytes, name: str) -> bytes | None:
    return seal_text(key, _bound(attachment_id), plain_name(name))


def _bound(attachment_id: str) -> str:
    return f"attachments:{attachment_id}"
