"""A file that durable work makes of a case: how far it is, its bytes in the store, its failure."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from enum import StrEnum
from functools import partial
from typing import BinaryIO, Final

from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import bind_contextvars

from cases.keys import KeyDestroyed
from cases.residency import placed_for
from cases.tables import Case, DerivedCopy, EvidencePackage, PersonExport, Staff
from cases.unit import Unit
from recorder.export import Progress
from recorder.port import Evidence
from recorder.sealed_parts import KeptFile, keep_file, read_file
from runtime.errors import CaseError, StoreError, StoreFault
from runtime.ids import new_id

_TELL_EVERY_BYTES: Final = 4 * 1024 * 1024

MadeFile = EvidencePackage | PersonExport | DerivedCopy
Kind = type[EvidencePackage] | type[PersonExport] | type[DerivedCopy]
Finish = Callable[[Unit, KeptFile], Awaitable[None]]
"""What else belongs into the commit that says that the file is ready."""
Write = Callable[[MadeFile, BinaryIO], Awaitable[Finish | None]]
"""Writes what was ordered into a seekable file."""

_FOLDERS: Final[dict[Kind, str]] = {
    EvidencePackage: "packages",
    PersonExport: "exports",
    DerivedCopy: "derived",
}


class MadeState(StrEnum):
    """How far a file is."""

    WANTED = "wanted"
    READY = "ready"
    FAILED = "failed"
    EXPIRED = "expired"  # it was there, and was deleted when its time had come


async def make_file(services: Evidence, kind: Kind, file_id: str, write: Write) -> None:
    """Make what was ordered; may be run again at any time and any number of times.

    Raises:
        StoreError: retryable while the store is away.
    """
    async with services.database.read() as tx:
        ordered: MadeFile | None = await tx.get(kind, file_id)
    if ordered is None or ordered.state != MadeState.WANTED:
        return
    bind_contextvars(case_id=ordered.case_id)
    await asyncio.to_thread(services.settings.data.mkdir, parents=True, exist_ok=True)
    # Without a name: whatever happens to this process, nothing in the clear stays behind.
    with tempfile.TemporaryFile(dir=services.settings.data) as file:
        try:
            finish = await write(ordered, file)
            await _keep(services, kind, ordered, file, finish)
        except CaseError as error:
            await services.run(partial(_fail, kind, file_id, error.code))
        except StoreError as error:
            if error.retryable:
                raise
            refused = error.fault is StoreFault.CUSTOMER
            why = "bucket_refused" if refused else "store"
            await services.run(partial(_fail, kind, file_id, why))


async def read_made(
    services: Evidence, made: MadeFile, start: int, end: int
) -> AsyncIterator[bytes]:
    """Bytes of a file that is ready, a part at a time.

    Raises:
        StoreError: a part is missing or altered.
        KeyDestroyed: the case was erased, or the file has expired.
    """
    async with services.database.read() as tx:
        key = await _key_of(services, tx, made)
    async for part in read_file(services.store, key, made.object_prefix or "", end, start):
        yield part


def byte_progress(
    services: Evidence, kind: type[EvidencePackage] | type[PersonExport], file_id: str
) -> Progress:
    """Writes down how many bytes are done, now and then."""
    told = -_TELL_EVERY_BYTES

    async def tell(done: int, total: int) -> None:
        nonlocal told
        if done - told < _TELL_EVERY_BYTES and done < total:
            return
        told = done

        async def note(unit: Unit) -> None:
            row: EvidencePackage | PersonExport = await unit.tx.get_one(kind, file_id)
            row.done_bytes, row.total_bytes = done, total

        await services.run(note)

    return tell


async def tenant_of(tx: AsyncSession, made: MadeFile) -> str | None:
    """The seller whose it is; None for what is about a warehouse's people."""
    if isinstance(made, PersonExport) and made.staff_id is not None:
        return (await tx.get_one(Staff, made.staff_id)).tenant_id
    return (await tx.get_one(Case, made.case_id)).tenant_id


def key_purpose(export_id: str) -> str:
    """What the key of an export about staff is for."""
    return f"person-export:{export_id}"


async def _key_of(services: Evidence, tx: AsyncSession, made: MadeFile) -> bytes:
    """A copy of an inspection goes with the inspection, everything else with the case.

    What is about staff has a key of its own.
    """
    if isinstance(made, DerivedCopy):
        return await services.keys.session_key(tx, made.session_id)
    if made.case_id is not None:
        return await services.keys.case_key(tx, made.case_id)
    if made.wrapped_key is None:
        raise KeyDestroyed
    return await services.keys.open_own_key(key_purpose(made.id), made.wrapped_key)


async def _keep(
    services: Evidence, kind: Kind, ordered: MadeFile, file: BinaryIO, finish: Finish | None
) -> None:
    async with services.database.read() as tx:
        key = await _key_of(services, tx, ordered)
        tenant_id = await tenant_of(tx, ordered)
        folder = await placed_for(tx, tenant_id, f"{_FOLDERS[kind]}/{ordered.id}")
    # A try that was cut short has stored parts of other bytes, and a store never overwrites.
    prefix = f"{folder}/{new_id('try')}"
    kept = await keep_file(services.store, key, prefix, file)

    async def note(unit: Unit) -> None:
        row: MadeFile = await unit.tx.get_one(kind, ordered.id, with_for_update=True)
        if row.state != MadeState.WANTED:
            return
        row.state, row.finished_at = MadeState.READY, unit.now
        row.object_prefix, row.parts = prefix, kept.parts
        row.size, row.sha256 = kept.size, kept.sha256
        if finish is not None:
            await finish(unit, kept)

    await services.run(note)


async def _fail(kind: Kind, file_id: str, why: str, unit: Unit) -> None:
    row: MadeFile = await unit.tx.get_one(kind, file_id, with_for_update=True)
    if row.state == MadeState.WANTED:
        row.state, row.failure, row.finished_at = MadeState.FAILED, why, unit.now
