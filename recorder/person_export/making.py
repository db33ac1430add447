"""Durable work: a person's data are gathered and written into a ZIP with their files.

A case's buyer and whoever works here are given theirs in the same way.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import BinaryIO, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action
from cases.actor import Actor, BuyerActor, StaffActor
from cases.case_access import forbidden, load_case, not_found
from cases.database import hold
from cases.people import actor_of_staff
from cases.staffing import see_person
from cases.tables import PersonExport, Staff
from cases.unit import Unit
from recorder.crypt import open_sealed
from recorder.export import Progress
from recorder.made_files import Finish, byte_progress, key_purpose, make_file
from recorder.made_kinds import NAMING, MadeFile, MadeState, under_way
from recorder.person_export.expiring import KEPT_FOR
from recorder.person_export.gathering import Gathered, KeptFile, gather
from recorder.person_export.page import page_of
from recorder.person_export.staff import gather_staff
from recorder.port import Evidence
from recorder.sealed_parts import KeptFile as StoredFile
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
    _check_pace(await exports_of(unit.tx, case.id), unit.now)
    return await _order(unit, actor, case_id=case.id)


async def order_staff_export(unit: Unit, actor: StaffActor, staff_id: str) -> PersonExport:
    """Have everything gathered that is kept about somebody who works here, for who asks.

    Raises:
        CaseError: ``not_found`` but for the person and the admins of their organisation,
            ``export_under_way`` (409), ``too_many_exports`` (429).
    """
    staff = await see_person(unit.tx, actor, staff_id)
    await hold(unit.tx, f"person-exports:{staff.id}")
    _check_pace(await staff_exports_of(unit.tx, actor, staff_id), unit.now)
    return await _order(unit, actor, staff_id=staff.id)


async def exports_of(tx: AsyncSession, case_id: str) -> list[PersonExport]:
    """The exports about a case's buyer, the newest first, at most twenty."""
    return await _exports(tx, PersonExport.case_id == case_id)


async def staff_exports_of(
    tx: AsyncSession, actor: StaffActor, staff_id: str
) -> list[PersonExport]:
    """Those about a member of staff that this actor ordered: each holds what its asker may see.

    Raises:
        CaseError: ``not_found`` as ``order_staff_export``.
    """
    staff = await see_person(tx, actor, staff_id)
    return await _exports(
        tx, (PersonExport.staff_id == staff.id) & (PersonExport.ordered_by == actor.label)
    )


async def see_export(tx: AsyncSession, actor: Actor, export_id: str) -> PersonExport:
    """An export for the buyer whom it is about, or for who may have one made.

    About a member of staff: for whoever ordered it, while they still might.

    Raises:
        CaseError: ``not_found`` (404), also for a buyer of another case; ``forbidden`` (403),
            ``erased`` (410).
    """
    found = await tx.get(PersonExport, export_id)
    if found is None:
        raise not_found()
    if found.case_id is None:
        if not isinstance(actor, StaffActor) or found.ordered_by != actor.label:
            raise not_found()
        await see_person(tx, actor, found.staff_id or "")
        return found
    if isinstance(actor, BuyerActor) and actor.case_id != found.case_id:
        raise not_found()
    await load_case(tx, actor, found.case_id, Action.EXPORT_PERSON)
    return found


async def make_export(services: Evidence, export_id: str) -> None:
    """Make an ordered export; may be run again at any time and any number of times.

    Raises:
        StoreError: retryable while the store is away.
    """
    progress = byte_progress(services, PersonExport, export_id)

    async def finish(unit: Unit, _: StoredFile) -> None:
        row = await unit.tx.get_one(PersonExport, export_id)
        row.expires_at = unit.now + KEPT_FOR

    async def write(ordered: MadeFile, file: BinaryIO) -> Finish:
        assert isinstance(ordered, PersonExport)
        async with services.database.read() as tx:
            found = await _gathered(services, tx, ordered)
        intro = "page_intro" if ordered.case_id is not None else "staff_intro"
        index = json.dumps(found.index, ensure_ascii=False, indent=2).encode()
        page = await asyncio.to_thread(page_of, found.index, found.language, intro=intro)
        with ZipFile(file, "w") as archive:
            _add(archive, "index.html", page.encode())
            _add(archive, "index.json", index)
            await _add_files(services, archive, found.files, found.key, progress)
        return finish

    await make_file(services, PersonExport, export_id, write)


async def _gathered(services: Evidence, tx: AsyncSession, ordered: PersonExport) -> Gathered:
    if ordered.case_id is not None:
        return await gather(tx, services.keys, ordered.case_id, services.clock.now())
    staff = await tx.get(Staff, ordered.ordered_by.removeprefix("staff:"))
    if staff is None or staff.disabled_at is not None:
        raise forbidden()
    asker = await actor_of_staff(tx, staff)
    about = await see_person(tx, asker, ordered.staff_id or "")
    return await gather_staff(tx, services.keys, asker, about.id, services.clock.now())


def _check_pace(known: Sequence[PersonExport], now: datetime) -> None:
    if any(map(under_way, known)):
        raise CaseError("export_under_way", "This is being gathered already.", retry_after_s=5)
    day_ago = now - timedelta(days=1)
    if sum(one.created_at > day_ago for one in known) >= _MOST_IN_A_DAY:
        raise CaseError("too_many_exports", "That is enough for a day.", status=429)


async def _order(
    unit: Unit, actor: Actor, *, case_id: str | None = None, staff_id: str | None = None
) -> PersonExport:
    export_id = new_id("pex")
    key = await unit.keys.new_own_key(key_purpose(export_id)) if staff_id is not None else None
    ordered = PersonExport(
        id=export_id,
        case_id=case_id,
        staff_id=staff_id,
        wrapped_key=key,
        ordered_by=actor.label,
        state=MadeState.WANTED,
        done_bytes=0,
        created_at=unit.now,
    )
    unit.tx.add(ordered)
    await unit.tx.flush()
    await unit.outbox.enqueue(unit.tx, MAKE_EXPORT, f"{MAKE_EXPORT}:{export_id}", export_id)
    return ordered


async def _exports(tx: AsyncSession, whose: ColumnElement[bool]) -> list[PersonExport]:
    rows = await tx.scalars(
        select(PersonExport)
        .where(whose)
        .order_by(PersonExport.created_at.desc(), PersonExport.id.desc())
        .limit(20)
    )
    return list(rows)


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
