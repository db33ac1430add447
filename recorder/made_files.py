"""A file that durable work makes of a case: made, kept in the store, or why it was not."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import BinaryIO, Final

from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import bind_contextvars

from cases.keys import KeyDestroyed
from cases.tables import Case, DerivedCopy, EvidencePackage, PersonExport
from cases.unit import Unit
from recorder.awaiting_seal import Seal, seal_of
from recorder.export import Progress
from recorder.file_tries import begin_try, give_up_tries, give_up_try, take_try
from recorder.made_kinds import Kind, MadeFile, MadeState
from recorder.port import Evidence
from recorder.sealed_parts import KeptFile, keep_file, parts_of, read_file
from runtime.errors import CaseError, StoreError, StoreFault

_TELL_EVERY_BYTES: Final = 4 * 1024 * 1024

Finish = Callable[[Unit, KeptFile], Awaitable[None]]
"""What else belongs into the commit that says that the file is ready."""
Write = Callable[[MadeFile, BinaryIO], Awaitable[Finish | None]]
"""Writes what was ordered into a seekable file."""


async def make_file(services: Evidence, kind: Kind, file_id: str, write: Write) -> None:
    """Make what was ordered; may be run again at any time and any number of times.

    What has nothing to be made from before a seal (``nothing_sealed``) waits for it.

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
            await services.run(partial(_not_made, kind, ordered, error.code))
        except StoreError as error:
            if error.retryable:
                raise
            refused = error.fault is StoreFault.CUSTOMER
            why = "bucket_refused" if refused else "store"
            await services.run(partial(_not_made, kind, ordered, why))


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
    parts = parts_of(await asyncio.to_thread(file.seek, 0, os.SEEK_END))
    prefix = await services.run(partial(begin_try, kind, ordered, parts))
    try:
        kept = await keep_file(services.store, key, prefix, file)
    except StoreError:
        await services.run(lambda unit: give_up_try(unit, ordered, prefix, parts))
        raise

    async def note(unit: Unit) -> None:
        row: MadeFile | None = await unit.tx.get(kind, ordered.id, with_for_update=True)
        if row is None or row.state != MadeState.WANTED or not await take_try(unit, prefix):
            # Erased, or another try was faster.
            await give_up_try(unit, ordered, prefix, parts)
            return
        row.state, row.finished_at = MadeState.READY, unit.now
        row.object_prefix, row.parts = prefix, kept.parts
        row.size, row.sha256 = kept.size, kept.sha256
        if finish is not None:
            await finish(unit, kept)

    await services.run(note)


async def _not_made(kind: Kind, ordered: MadeFile, why: str, unit: Unit) -> None:
    case_id = ordered.case_id
    if case_id is not None:
        # The seal's commit locks the case, too: either it sees who waits, or we see the seal.
        await unit.tx.get_one(Case, case_id, with_for_update=True)
    row: MadeFile | None = await unit.tx.get(kind, ordered.id, with_for_update=True)
    if row is None or row.state != MadeState.WANTED:
        return
    if why == "nothing_sealed" and case_id is not None:
        seal = await seal_of(unit.tx, case_id, row)
        if seal is Seal.THERE:
            raise StoreError(f"{row.id}: it was sealed in this moment", retryable=True)
        if seal is Seal.TO_COME:
            row.state = MadeState.WAITING
            return
    row.state, row.failure, row.finished_at = MadeState.FAILED, why, unit.now
    await give_up_tries(unit, row.id)
