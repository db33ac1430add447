"""Durable work: a person's data are gathered and written into a ZIP with their files."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import BinaryIO, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action
from cases.actor import Actor, BuyerActor
from cases.case_access import load_case, not_found
from cases.tables import PersonExport
from cases.unit import Unit
from recorder.crypt import open_sealed
from recorder.export import Progress
from recorder.made_files import byte_progress, make_file
from recorder.made_kinds import NAMING, MadeFile, MadeState, under_way
from recorder.person_export.gathering import KeptFile, gather
from recorder.person_export.page import page_of
from recorder.port import Evidence
from runtime.errors import CaseError
from runtime.ids import new_id

MAKE_EXPORT: Final = NAMING[PersonExport].work
_MOST_IN_A_DAY: Final = 5
"""An export may hold hundreds of megabytes: a link must not be a way to fill the store."""


async def order_export(unit: Unit, actor: Actor, case_id: str) -> PersonExport:
    """Have everything gathered that is kept about the case's buyer.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``export_under_way`` (409), ``too_many_exports``
            (429) after five within a day.
    """
    case = await load_case(unit.tx, actor, case_id, Action.EXPORT_PERSON, lock=True)
    known = await exports_of(unit.tx, case.id)
    if any(map(under_way, known)):
        raise CaseError("export_under_way", "This is being gathered already.", retry_after_s=5)
    day_ago = unit.now - timedelta(days=1)
    if sum(one.created_at > day_ago for one in known) >= _MOST_IN_A_DAY:
        raise CaseError("too_many_exports", "That is enough for a day.", status=429)
    ordered = PersonExport(
        id=new_id("pex"),
        case_id=case.id,
        ordered_by=actor.label,
        state=MadeState.WANTED,
        done_bytes=0,
        created_at=unit.now,
    )
    unit.tx.add(ordered)
    await unit.tx.flush()
    await unit.outbox.enqueue(unit.tx, MAKE_EXPORT, f"{MAKE_EXPORT}:{ordered.id}", ordered.id)
    return ordered


async def exports_of(tx: AsyncSession, case_id: str) -> list[PersonExport]:
    """The case's exports, the newest first, at most twenty."""
    rows = await tx.scalars(
        select(PersonExport)
        .where(PersonExport.case_id == case_id)
        .order_by(PersonExport.created_at.desc(), PersonExport.id.desc())
        .limit(20)
    )
    return list(rows)


async def see_export(tx: AsyncSession, actor: Actor, export_id: str) -> PersonExport:
    """An export for the buyer whom it is about, or for who may have one made.

    Raises:
        CaseError: ``not_found`` (404), also for a buyer of another case; ``forbidden`` (403),
            ``erased`` (410).
    """
    found = await tx.get(PersonExport, export_id)
    if found is None or (isinstance(actor, BuyerActor) and actor.case_id != found.case_id):
        raise not_found()
    await load_case(tx, actor, found.case_id, Action.EXPORT_PERSON)
    return found


async def make_export(services: Evidence, export_id: str) -> None:
    """Make an ordered export; may be run again at any time and any number of times.

    Raises:
        StoreError: retryable while the store is away.
    """
    progress = byte_progress(services, PersonExport, export_id)

    async def write(ordered: MadeFile, file: BinaryIO) -> None:
        async with services.database.read() as tx:
            found = await gather(tx, services.keys, ordered.case_id, services.clock.now())
        index = json.dumps(found.index, ensure_ascii=False, indent=2).encode()
        page = await asyncio.to_thread(page_of, found.index, found.language)
        with ZipFile(file, "w") as archive:
            _add(archive, "index.html", page.encode())
            _add(archive, "index.json", index)
            await _add_files(services, archive, found.files, found.key, progress)

    await make_file(services, PersonExport, export_id, write)


async def _add_files(
    services: Evidence,
    archive: ZipFile,
    files: Sequence[KeptFile],
    key: bytes,
    progress: Progress,
) -> None:
    done, total = 0, sum(one.size for one in files)
    for one in files:
        # Photographs and clips are compressed already.
        with archive.open(_entry(one.path, ZIP_STORED), "w", force_zip64=True) as entry:
            for name in one.object_keys:
                stored = await services.store.get(name)
                plain = await asyncio.to_thread(open_sealed, key, name, stored)
                await asyncio.to_thread(entry.write, plain)
                done += len(plain)
                await progress(done, total)
    await progress(total, total)


def _add(archive: ZipFile, path: str, content: bytes) -> None:
    archive.writestr(_entry(path, ZIP_DEFLATED), content)


def _entry(path: str, compression: int) -> ZipInfo:
    entry = ZipInfo(path)
    entry.compress_type = compression
    entry.external_attr = 0o600 << 16
    return entry
