"""The reconciler: every session's ledger against the store, its seal and itself, now and then.

It changes no evidence. What does not match stands in the session's row, in the log and in
the figures until somebody has mended it; the next look then finds nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.states import StillState
from cases.tables import EvidenceCheck, Manifest, Recording, Segment, Session, Still
from cases.unit import Unit
from recorder.port import Evidence
from recorder.statements import LedgerContradicts, recorded_of
from runtime.errors import StoreError

log = structlog.get_logger()

_AGAIN_AFTER: Final = timedelta(days=1)
_WHOLE_EVERY: Final = timedelta(days=30)
"""Objects are read and hashed at the first look and this often; daily their sizes are compared."""
_SETTLED_AFTER: Final = timedelta(days=90)
_MISMATCH_AGAIN_AFTER: Final = timedelta(hours=1)
_CLAIMED_FOR: Final = timedelta(minutes=10)
_MOST_TOLD: Final = 100


class MismatchKind(StrEnum):
    """What does not fit."""

    NOT_CLOSED = "not_closed"  # the recorder has not said that it gave everything
    NOT_SEALED = "not_sealed"  # no complete manifest
    LEDGER = "ledger"  # segments and fragments contradict each other or the root
    SEAL = "seal"  # the ledger is not what was sealed
    MISSING = "missing"  # the store has no such object
    SIZE = "size"  # the object is longer or shorter
    DIGEST = "digest"  # the object's bytes are others


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that does not fit; ``subject`` is a recording's id or an object's key."""

    kind: MismatchKind
    subject: str


@dataclass(frozen=True, slots=True)
class _Kept:
    key: str
    version_id: str | None
    size: int | None
    sha256: str


async def next_due(tx: AsyncSession) -> datetime | None:
    """When the next session is to be looked at."""
    return await tx.scalar(select(func.min(EvidenceCheck.next_at)))


async def mismatched(tx: AsyncSession) -> int:
    """How many sessions do not match."""
    count = await tx.scalar(
        select(func.count()).select_from(EvidenceCheck).where(EvidenceCheck.mismatches > 0)
    )
    return count or 0


async def reconcile_due(services: Evidence) -> int:
    """Look at the session that has waited longest; how many were looked at, 0 or 1."""
    claimed = await services.run(_claim)
    if claimed is None:
        return 0
    session_id, is_whole = claimed
    try:
        found = await reconcile(services, session_id, whole=is_whole)
    except StoreError as error:
        # An outage is no verdict, and no mismatch: the claim lapses, then it is looked at again.
        log.warning("evidence not checked", session_id=session_id, error=str(error))
        return 1
    if found:
        log.error(
            "evidence does not match",
            session_id=session_id,
            mismatches=len(found),
            kinds=sorted({one.kind for one in found}),
            first=found[0].subject,
        )
    await services.run(lambda unit: _note(unit, session_id, found, is_whole=is_whole))
    return 1


async def _claim(unit: Unit) -> tuple[str, bool] | None:
    """The session to look at now, and whether its objects are to be read; others leave it alone."""
    row = (
        await unit.tx.scalars(
            select(EvidenceCheck)
            .where(EvidenceCheck.next_at <= unit.now)
            .order_by(EvidenceCheck.next_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
    ).first()
    if row is None:
        return None
    row.next_at = unit.now + _CLAIMED_FOR
    return row.session_id, row.whole_at is None or unit.now - row.whole_at >= _WHOLE_EVERY


async def reconcile(services: Evidence, session_id: str, *, whole: bool) -> list[Mismatch]:
    """Everything about a session that does not match; ``whole`` reads and hashes every object.

    Raises:
        StoreError: the store is away or refuses, so that nothing can be said.
    """
    async with services.database.read() as tx:
        session = await tx.get_one(Session, session_id)
        found = await _in_the_ledger(tx, session)
        # What was erased is in no store, or in none that anybody could read.
        kept = await _kept(tx, session_id) if session.wrapped_key is not None else []
    for one in kept:
        kind = await _in_the_store(services, one, whole=whole)
        if kind is not None:
            found.append(Mismatch(kind, one.key))
    return found


async def _in_the_ledger(tx: AsyncSession, session: Session) -> list[Mismatch]:
    if session.recorder_closed_at is None:
        return [Mismatch(MismatchKind.NOT_CLOSED, session.id)]
    manifest = (
        await tx.scalars(
            select(Manifest)
            .where(Manifest.session_id == session.id)
            .order_by(Manifest.number.desc())
            .limit(1)
        )
    ).first()
    found = []
    if manifest is None or not manifest.complete:
        found.append(Mismatch(MismatchKind.NOT_SEALED, session.id))
    try:
        recorded = await recorded_of(tx, session.id)
    except LedgerContradicts:
        return [*found, Mismatch(MismatchKind.LEDGER, session.id)]
    for one in recorded:
        segments = await tx.execute(
            select(Segment.segment_no, Segment.plain_bytes)
            .where(Segment.recording_id == one.row.id)
            .order_by(Segment.segment_no)
        )
        held = {row.segment_no: row.plain_bytes for row in segments}
        sizes: dict[int, int] = dict.fromkeys(held, 0)
        for fragment in one.fragments:
            sizes[fragment.segment_no] = sizes.get(fragment.segment_no, 0) + fragment.bytes
        if list(held) != list(range(1, len(held) + 1)) or sizes != held:
            found.append(Mismatch(MismatchKind.LEDGER, one.row.id))
    if manifest is not None and manifest.complete:
        sealed = {
            (each["recording_id"], each["fragments"], each["root"])
            for each in json.loads(manifest.body)["recordings"]
        }
        known = {(one.row.id, len(one.fragments), one.root) for one in recorded}
        found += [Mismatch(MismatchKind.SEAL, one[0]) for one in sorted(sealed ^ known)]
    return found


async def _kept(tx: AsyncSession, session_id: str) -> Sequence[_Kept]:
    segments = await tx.execute(
        select(Segment.object_key, Segment.version_id, Segment.stored_bytes, Segment.stored_sha256)
        .join(Recording, Recording.id == Segment.recording_id)
        .where(Recording.session_id == session_id)
        .order_by(Segment.recording_id, Segment.segment_no)
    )
    stills = await tx.scalars(
        select(Still.object_key)
        .where(
            Still.session_id == session_id,
            Still.state == StillState.CUT,
            Still.object_key.is_not(None),
        )
        .order_by(Still.id)
    )
    # A still's digest is that of its plain bytes, so only its being there is compared.
    return [
        *(_Kept(key, version, size, digest) for key, version, size, digest in segments),
        *(_Kept(key or "", None, None, "") for key in stills),
    ]


async def _in_the_store(services: Evidence, one: _Kept, *, whole: bool) -> MismatchKind | None:
    size = await services.store.size(one.key, version_id=one.version_id)
    if size is None:
        return MismatchKind.MISSING
    if one.size is None:
        return None
    if size != one.size:
        return MismatchKind.SIZE
    if whole:
        content = await services.store.get(one.key, version_id=one.version_id)
        if sha256(content).hexdigest() != one.sha256:
            return MismatchKind.DIGEST
    return None


async def _note(unit: Unit, session_id: str, found: list[Mismatch], *, is_whole: bool) -> None:
    row = await unit.tx.get_one(EvidenceCheck, session_id, with_for_update=True)
    session = await unit.tx.get_one(Session, session_id)
    row.checked_at = unit.now
    if is_whole:
        row.whole_at = unit.now
    row.mismatches = len(found)
    row.found = [asdict(one) for one in found[:_MOST_TOLD]]
    is_old = session.ended_at is not None and unit.now - session.ended_at > _SETTLED_AFTER
    again = _WHOLE_EVERY if is_old else _AGAIN_AFTER
    row.next_at = unit.now + (_MISMATCH_AGAIN_AFTER if found else again)
