"""Durable work: an ordered package is made, and kept in the store in sealed parts."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from enum import StrEnum
from functools import partial
from typing import BinaryIO, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import bind_contextvars

from cases.access_policy import Action
from cases.actor import Actor
from cases.case_access import load_case, not_found
from cases.keys import KeyDestroyed
from cases.residency import placed_for
from cases.tables import Case, EvidencePackage
from cases.unit import Unit
from recorder.export import export_case
from recorder.part_export import export_part
from recorder.part_order import PartOrder
from recorder.port import Evidence
from recorder.proof.page import shipped_page
from recorder.sealed_parts import keep_file, read_file
from runtime.errors import CaseError, StoreError, StoreFault
from runtime.ids import new_id

_TELL_EVERY_BYTES: Final = 4 * 1024 * 1024
_MAX_UNDER_WAY: Final = 3

PartWanted = Callable[[AsyncSession, str], Awaitable[PartOrder]]
"""Finds the part that is wanted of a case, by its id."""


class PackageState(StrEnum):
    """How far a package is."""

    WANTED = "wanted"
    READY = "ready"
    FAILED = "failed"


async def order_package(
    unit: Unit, actor: Actor, case_id: str, part: PartWanted | None = None
) -> EvidencePackage:
    """Have a package of the case made, or of a part of one of its inspections.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``packages_under_way`` (409), what
            ``find_part`` refuses.
    """
    case = await load_case(unit.tx, actor, case_id, Action.REVIEW, lock=True)
    under_way = [one for one in await packages_of(unit.tx, case.id) if one.state == "wanted"]
    if len(under_way) >= _MAX_UNDER_WAY:
        raise CaseError("packages_under_way", "Packages of this case are being made already.")
    order = await part(unit.tx, case.id) if part is not None else None
    ordered = EvidencePackage(
        id=new_id("pkg"),
        case_id=case.id,
        ordered_by=actor.label,
        part=order.as_json() if order is not None else None,
        state=PackageState.WANTED,
        done_bytes=0,
        created_at=unit.now,
    )
    unit.tx.add(ordered)
    await unit.tx.flush()
    work = f"make_package:{ordered.id}"
    await unit.outbox.enqueue(unit.tx, "make_package", work, ordered.id)
    return ordered


async def packages_of(tx: AsyncSession, case_id: str) -> list[EvidencePackage]:
    """The case's packages, the newest first."""
    rows = await tx.scalars(
        select(EvidencePackage)
        .where(EvidencePackage.case_id == case_id)
        .order_by(EvidencePackage.created_at.desc(), EvidencePackage.id)
        .limit(20)
    )
    return list(rows)


async def see_package(tx: AsyncSession, actor: Actor, package_id: str) -> EvidencePackage:
    """A package for somebody who may review its case.

    Raises:
        CaseError: ``not_found`` (404), ``forbidden`` (403).
    """
    found = await tx.get(EvidencePackage, package_id)
    if found is None:
        raise not_found()
    await load_case(tx, actor, found.case_id, Action.REVIEW)
    return found


async def make_package(services: Evidence, package_id: str) -> None:
    """Make an ordered package; may be run again at any time and any number of times.

    Raises:
        StoreError: retryable while the store is away.
    """
    async with services.database.read() as tx:
        ordered = await tx.get(EvidencePackage, package_id)
    if ordered is None or ordered.state != PackageState.WANTED:
        return
    bind_contextvars(case_id=ordered.case_id)
    page = await asyncio.to_thread(shipped_page)
    await asyncio.to_thread(services.settings.data.mkdir, parents=True, exist_ok=True)
    # Without a name: whatever happens to this process, nothing in the clear stays behind.
    with tempfile.TemporaryFile(dir=services.settings.data) as file:
        try:
            told = _Teller(services, package_id)
            if ordered.part is None:
                await export_case(services, ordered.case_id, file, page, told.tell)
            else:
                part = PartOrder.from_json(ordered.part)
                await export_part(services, ordered.case_id, part, file, page, told.tell)
            await _keep(services, ordered, file)
        except CaseError as error:
            await services.run(partial(_fail, package_id=package_id, why=error.code))
        except KeyDestroyed:
            await services.run(partial(_fail, package_id=package_id, why="erased"))
        except StoreError as error:
            if error.retryable:
                raise
            refused = error.fault is StoreFault.CUSTOMER
            why = "bucket_refused" if refused else "store"
            await services.run(partial(_fail, package_id=package_id, why=why))


async def read_package(services: Evidence, package: EvidencePackage) -> AsyncIterator[bytes]:
    """The bytes of a package that is ready, a part at a time.

    Raises:
        StoreError: a part is missing or altered.
        KeyDestroyed: the case was erased.
    """
    async with services.database.read() as tx:
        key = await services.keys.case_key(tx, package.case_id)
    async for part in read_file(
        services.store, key, package.object_prefix or "", package.size or 0
    ):
        yield part


class _Teller:
    """Writes down the progress, now and then."""

    def __init__(self, services: Evidence, package_id: str) -> None:
        self._services = services
        self._package_id = package_id
        self._told = -_TELL_EVERY_BYTES

    async def tell(self, done: int, total: int) -> None:
        if done - self._told < _TELL_EVERY_BYTES and done < total:
            return
        self._told = done

        async def note(unit: Unit) -> None:
            row = await unit.tx.get_one(EvidencePackage, self._package_id)
            row.done_bytes, row.total_bytes = done, total

        await self._services.run(note)


async def _keep(services: Evidence, ordered: EvidencePackage, file: BinaryIO) -> None:
    async with services.database.read() as tx:
        key = await services.keys.case_key(tx, ordered.case_id)
        case = await tx.get_one(Case, ordered.case_id)
        folder = await placed_for(tx, case.tenant_id, f"packages/{ordered.id}")
    # A try that was cut short has stored parts of other bytes, and a store never overwrites.
    prefix = f"{folder}/{new_id('try')}"
    kept = await keep_file(services.store, key, prefix, file)

    async def note(unit: Unit) -> None:
        row = await unit.tx.get_one(EvidencePackage, ordered.id, with_for_update=True)
        if row.state == PackageState.WANTED:
            row.state, row.finished_at = PackageState.READY, unit.now
            row.object_prefix, row.parts = prefix, kept.parts
            row.size, row.sha256 = kept.size, kept.sha256

    await services.run(note)


async def _fail(unit: Unit, package_id: str, why: str) -> None:
    row = await unit.tx.get_one(EvidencePackage, package_id, with_for_update=True)
    if row.state == PackageState.WANTED:
        row.state, row.failure, row.finished_at = PackageState.FAILED, why, unit.now
