"""A sealed recording as one file, ordered and written: initialisation, then fragments."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from typing import BinaryIO

from sqlalchemy.ext.asyncio import AsyncSession

from cases.case_access import not_found
from cases.tables import Recording, Session
from recorder.derived.filming import Originals
from recorder.derived.order import CopyOrder
from recorder.part_order import PartOrder
from recorder.port import Evidence
from recorder.proof.part_scope import MAX_MS, Scope
from recorder.tree import tree_root
from recorder.virtual_file import Container
from runtime.errors import CaseError, StoreError


async def order_original(tx: AsyncSession, case_id: str, recording_id: str) -> CopyOrder:
    """An order of one of the case's recordings as it is, with content credentials.

    Raises:
        CaseError: ``not_found`` (404), ``no_credentials_in_webm`` (422).
    """
    found = await tx.get(Recording, recording_id)
    session = None if found is None else await tx.get_one(Session, found.session_id)
    if found is None or session is None or session.case_id != case_id:
        raise not_found()
    if found.container != Container.MP4:
        raise CaseError(
            "no_credentials_in_webm",
            "This recording is WebM, which holds no content credentials: what proves it is the "
            "evidence package alone.",
            status=422,
        )
    from_ms = found.t0_ns // 1_000_000
    # While it goes on nobody knows its end; the copy is made when it is sealed.
    to_ms = MAX_MS if found.duration_ms is None else from_ms + found.duration_ms
    scope = Scope([found.participant_id], from_ms, to_ms)
    return CopyOrder(PartOrder(session.id, scope), recording_id=found.id)


async def write_original(services: Evidence, originals: Originals, file: BinaryIO) -> None:
    """Write the one recording that these originals are; its bytes are those of the ledger.

    Raises:
        CaseError: ``nothing_recorded`` (409).
        StoreError: a segment is missing or altered, or it is not what was sealed.
    """
    if not originals.recordings:
        raise CaseError("nothing_recorded", "Nothing of this recording was sealed.")
    ((stated, source),) = originals.recordings
    fragments = [one for row in source.segments for one in row.fragments][: stated["fragments"]]
    leaves = [bytes.fromhex(one.sha256) for one in fragments]
    if tree_root([sha256(source.init).digest(), *leaves]).hex() != stated["root"]:
        raise StoreError("the ledger is not what was sealed", retryable=False)
    await asyncio.to_thread(file.write, source.init)
    for row in source.segments:
        wanted = sum(one.size_bytes for one in row.fragments if one.number <= stated["fragments"])
        if wanted:
            plain = await services.playback.segment(source.key, row)
            await asyncio.to_thread(file.write, plain[:wanted])
    await asyncio.to_thread(file.flush)
