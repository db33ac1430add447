"""Durable work: an ordered copy is made by bounded processes, kept, and stated."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from typing import BinaryIO, Final

import rfc8785
import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import bind_contextvars

from cases.access_policy import Action
from cases.actor import Actor
from cases.case_access import load_case, not_found
from cases.keys import KeyDestroyed, KeyRing
from cases.tables import DerivedCopy
from cases.unit import Unit
from recorder.derived.claim import claim_of
from recorder.derived.credential_key import CredentialKey
from recorder.derived.credentials import Credentials, add_credentials, note_root
from recorder.derived.filming import Originals, filming, originals_of
from recorder.derived.kept_order import opened_order, sealed_order, sealed_statement
from recorder.derived.order import CopyKind, CopyOrder
from recorder.derived.original import write_original
from recorder.derived.statement import derived_body
from recorder.key_history import note_key
from recorder.made_files import Finish, make_file
from recorder.made_kinds import NAMING, MadeFile, MadeState, under_way
from recorder.part_order import PartOrder
from recorder.port import Evidence
from recorder.proof import formats
from recorder.sealed_parts import KeptFile
from recorder.signing import SigningKey
from runtime.confined import stream_apart
from runtime.errors import CaseError, SetupError
from runtime.ids import new_id

log = structlog.get_logger()

MAKE_COPY: Final = NAMING[DerivedCopy].work
_MAX_UNDER_WAY: Final = 3
_STALL_S: Final = 120.0


async def order_copy(unit: Unit, actor: Actor, case_id: str, order: CopyOrder) -> DerivedCopy:
    """Have a copy made of a part of one of the case's inspections.

    Raises:
        CaseError: ``not_found``, ``forbidden``, ``copies_under_way`` (409).
    """
    case = await load_case(unit.tx, actor, case_id, Action.REVIEW, lock=True)
    if sum(map(under_way, await copies_of(unit.tx, case.id))) >= _MAX_UNDER_WAY:
        raise CaseError("copies_under_way", "Copies of this case are being made already.")
    copy_id, key = new_id("drv"), await unit.session_key(order.part.session_id)
    ordered = DerivedCopy(
        id=copy_id,
        case_id=case.id,
        session_id=order.part.session_id,
        ordered_by=actor.label,
        kind=order.kind,
        sealed_order=sealed_order(key, copy_id, order),
        state=MadeState.WANTED,
        done_ms=0,
        created_at=unit.now,
    )
    unit.tx.add(ordered)
    await unit.tx.flush()
    await unit.outbox.enqueue(unit.tx, MAKE_COPY, f"{MAKE_COPY}:{ordered.id}", ordered.id)
    return ordered


async def copies_of(tx: AsyncSession, case_id: str) -> list[DerivedCopy]:
    """The case's copies, the newest first, at most fifty."""
    rows = await tx.scalars(
        select(DerivedCopy)
        .where(DerivedCopy.case_id == case_id)
        .order_by(DerivedCopy.created_at.desc(), DerivedCopy.id)
        .limit(50)
    )
    return list(rows)


async def orders_of(
    tx: AsyncSession, keys: KeyRing, copies: Collection[DerivedCopy]
) -> dict[str, CopyOrder]:
    """What was asked for, by the copy's id.

    Raises:
        KeyDestroyed: the case was erased.
    """
    opened = await keys.session_keys(tx, {one.session_id for one in copies})
    if any(one.session_id not in opened for one in copies):
        raise KeyDestroyed
    return {one.id: opened_order(opened[one.session_id], one) for one in copies}


async def see_copy(tx: AsyncSession, actor: Actor, copy_id: str) -> DerivedCopy:
    """A copy for somebody who may review its case.

    Raises:
        CaseError: ``not_found`` (404), ``forbidden`` (403).
    """
    found = await tx.get(DerivedCopy, copy_id)
    if found is None:
        raise not_found()
    await load_case(tx, actor, found.case_id, Action.REVIEW)
    return found


async def make_copy(services: Evidence, copy_id: str) -> None:
    """Make an ordered copy; may be run again at any time and any number of times.

    Raises:
        StoreError: retryable while the store is away.
    """

    async def write(ordered: MadeFile, file: BinaryIO) -> Finish:
        assert isinstance(ordered, DerivedCopy)
        bind_contextvars(session_id=ordered.session_id)
        originals, order = await _made(services, ordered, file)
        key, credentials = await _credentials(services, ordered, originals, order, file)
        if order.kind is CopyKind.CREDENTIALED and credentials is not Credentials.SIGNED:
            raise CaseError(credentials, "The recording is not to be had with credentials.")
        signing = await asyncio.to_thread(SigningKey.load, services.settings.keys_dir)
        return partial(_state, ordered, originals, order, credentials, key, signing)

    await make_file(services, DerivedCopy, copy_id, write)


async def _made(
    services: Evidence, ordered: DerivedCopy, file: BinaryIO
) -> tuple[Originals, CopyOrder]:
    async with services.database.read() as tx:
        order = opened_order(await services.keys.session_key(tx, ordered.session_id), ordered)
        originals = await originals_of(services, tx, ordered.case_id, order)
    if order.kind is CopyKind.CREDENTIALED:
        await write_original(services, originals, file)
        return originals, replace(order, part=PartOrder(ordered.session_id, originals.scope))
    return originals, await _draw(services, ordered, originals, order, file)


async def _draw(
    services: Evidence,
    ordered: DerivedCopy,
    originals: Originals,
    order: CopyOrder,
    file: BinaryIO,
) -> CopyOrder:
    film = await filming(services, originals, order)
    total_ms = (film.plan.to_ns - film.plan.from_ns) // 1_000_000
    last: dict[str, list[int | None]] = {}

    async def tell(line: bytes) -> None:
        said = json.loads(line)
        if "lost_ns" in said:
            last.update(said)
            return

        async def note(unit: Unit) -> None:
            row = await unit.tx.get_one(DerivedCopy, ordered.id)
            row.done_ms, row.total_ms = min(int(said["done_ms"]), total_ms), total_ms

        await services.run(note)

    drawn = await stream_apart(
        "recorder.derived.render", film.feed(), tell, files=[file.fileno()], stall_s=_STALL_S
    )
    if not drawn or "lost_ns" not in last:
        log.error("film was not drawn", copy_id=ordered.id)
        raise CaseError("not_drawable", "The film could not be drawn.", status=422)
    return order.after(last["lost_ns"])


async def _credentials(
    services: Evidence,
    ordered: DerivedCopy,
    originals: Originals,
    order: CopyOrder,
    film: BinaryIO,
) -> tuple[CredentialKey | None, Credentials]:
    """Have the film signed in its place; what could not be signed stays as it is."""
    try:
        key = await asyncio.to_thread(CredentialKey.load, services.settings)
    except SetupError as error:
        log.error("content credentials cannot be signed", error=str(error))
        return None, Credentials.NOT_MADE
    manifest = {"number": originals.manifest.number, "sha256": originals.manifest_sha256}
    stated = [one for one, _ in originals.recordings]
    claim = claim_of(ordered.id, order, manifest, stated)
    with tempfile.TemporaryFile(dir=services.settings.data) as signed:
        credentials = await add_credentials(key, claim, film, signed)
        if credentials is Credentials.SIGNED:
            await asyncio.to_thread(_replace, film, signed)
    return key, credentials


def _replace(film: BinaryIO, signed: BinaryIO) -> None:
    film.seek(0)
    film.truncate()
    signed.seek(0)
    shutil.copyfileobj(signed, film)


async def _state(
    ordered: DerivedCopy,
    originals: Originals,
    order: CopyOrder,
    credentials: Credentials,
    key: CredentialKey | None,
    signing: SigningKey,
    unit: Unit,
    kept: KeptFile,
) -> None:
    """Sign what was handed out, in the commit that says so."""
    body = derived_body(
        ordered.id, ordered.case_id, originals, order, size=kept.size, sha256=kept.sha256
    )
    await note_key(unit.tx, signing, unit.now)
    if key is not None:
        await note_root(unit, key)
    row = await unit.tx.get_one(DerivedCopy, ordered.id)
    statement = signing.sign(rfc8785.dumps(body), formats.DERIVED_TYPE)
    session_key = await unit.session_key(row.session_id)
    row.sealed_statement = sealed_statement(session_key, row.id, statement)
    row.sealed_order, row.credentials = sealed_order(session_key, row.id, order), credentials
    row.done_ms = row.total_ms = originals.scope.to_ms - originals.scope.from_ms
