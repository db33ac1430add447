"""Durable work: an ordered evidence package is made."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import BinaryIO, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action
from cases.actor import Actor
from cases.case_access import load_case, not_found
from cases.tables import EvidencePackage
from cases.unit import Unit
from recorder.export import export_case
from recorder.made_files import byte_progress, make_file
from recorder.made_kinds import NAMING, MadeFile, MadeState, under_way
from recorder.part_export import export_part
from recorder.part_order import PartOrder
from recorder.port import Evidence
from recorder.proof.page import shipped_page
from runtime.errors import CaseError
from runtime.ids import new_id

MAKE_PACKAGE: Final = NAMING[EvidencePackage].work
_MAX_UNDER_WAY: Final = 3

PartWanted = Callable[[AsyncSession, str], Awaitable[PartOrder]]
"""Finds the part that is wanted of a case, by its id."""


async def order_package(
    unit: Unit, actor: Actor, case_id: str, part: PartWanted | None = None
) -> EvidencePackage:
    """Have a package of the case made, or of a part of one of its inspections.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``packages_under_way`` (409), what
            ``find_part`` refuses.
    """
    case = await load_case(unit.tx, actor, case_id, Action.REVIEW, lock=True)
    if sum(map(under_way, await packages_of(unit.tx, case.id))) >= _MAX_UNDER_WAY:
        raise CaseError("packages_under_way", "Packages of this case are being made already.")
    order = await part(unit.tx, case.id) if part is not None else None
    ordered = EvidencePackage(
        id=new_id("pkg"),
        case_id=case.id,
        ordered_by=actor.label,
        part=order.as_json() if order is not None else None,
        state=MadeState.WANTED,
        done_bytes=0,
        created_at=unit.now,
    )
    unit.tx.add(ordered)
    await unit.tx.flush()
    await unit.outbox.enqueue(unit.tx, MAKE_PACKAGE, f"{MAKE_PACKAGE}:{ordered.id}", ordered.id)
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
    page = await asyncio.to_thread(shipped_page)

    progress = byte_progress(services, EvidencePackage, package_id)

    async def write(ordered: MadeFile, file: BinaryIO) -> None:
        assert isinstance(ordered, EvidencePackage)
        if ordered.part is None:
            await export_case(services, ordered.case_id, file, page, progress)
        else:
            part = PartOrder.from_json(ordered.part)
            await export_part(services, ordered.case_id, part, file, page, progress)

    await make_file(services, EvidencePackage, package_id, write)
