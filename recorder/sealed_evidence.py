"""What was sealed of a case, read back for a package: whole ones and parts take it from here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.chain import rfc3339
from cases.log import Opening
from cases.states import StillState
from cases.tables import Checkpoint, Countersignature, Manifest, Session, Still
from recorder.crypt import open_sealed
from recorder.port import Evidence
from recorder.proof import formats
from recorder.proof.jws import read_jws
from recorder.proof.package_writer import PackageWriter
from recorder.stamp_orders import kept_of
from runtime.errors import StoreError

Files = list[tuple[str, bytes]]
"""Small files by path, in the order of the package."""


@dataclass(frozen=True, slots=True)
class Photograph:
    """A photograph in the store."""

    path: str
    object_key: str
    key: bytes


async def sealed_sessions(tx: AsyncSession, case_id: str) -> list[tuple[Session, list[Manifest]]]:
    """The case's sessions that are sealed, each with its manifests in order."""
    found = []
    for session in await tx.scalars(
        select(Session).where(Session.case_id == case_id).order_by(Session.created_at, Session.id)
    ):
        manifests = list(
            await tx.scalars(
                select(Manifest).where(Manifest.session_id == session.id).order_by(Manifest.number)
            )
        )
        # Without a receipt it was sealed before there were packages: it says too little.
        if manifests and all(one.receipt for one in manifests):
            found.append((session, manifests))
    return found


def stated_in(manifest: Manifest) -> Any:
    """What a manifest states."""
    return json.loads(manifest.body)


def manifest_files(manifests: Sequence[Manifest]) -> Files:
    """The manifests and their receipts."""
    files = []
    for one in manifests:
        path = formats.manifest_path(one.session_id, one.number)
        files.append((path, one.jws.encode()))
        receipt = (one.receipt or "").encode()
        files.append((formats.receipt_path(one.session_id, one.number), receipt))
    return files


async def time_stamp_files(tx: AsyncSession, session_ids: Iterable[str]) -> Files:
    """What authorities said of the manifests, and the certificates under which it was believed."""
    files: Files = []
    authorities: set[bytes] = set()
    for session_id in session_ids:
        for stamp in await kept_of(tx, session_id):
            path = formats.timestamp_path(session_id, stamp.number, stamp.renewal)
            files.append((path, stamp.response or b""))
            authorities.add(stamp.authority or b"")
    if authorities:
        files.append((formats.AUTHORITIES_PATH, b"".join(sorted(authorities))))
    return files


@dataclass(frozen=True, slots=True)
class SealedCheckpoint:
    """A checkpoint as it was signed, and who countersigned it."""

    jws: str
    countersignatures: Sequence[Countersignature]

    @property
    def said(self) -> Any:
        """What it states."""
        return json.loads(read_jws(self.jws).payload)

    @property
    def shown(self) -> dict[str, Any]:
        """As a package lists it."""
        signed = [
            {"participant_id": one.participant_id, "jws": one.jws} for one in self.countersignatures
        ]
        return {"jws": self.jws, "countersignatures": signed}


async def checkpoints_of(tx: AsyncSession, session_id: str) -> list[SealedCheckpoint]:
    """The checkpoints of a session in order."""
    countersigned: dict[int, list[Countersignature]] = {}
    for row in await tx.scalars(
        select(Countersignature)
        .where(Countersignature.session_id == session_id)
        .order_by(Countersignature.number, Countersignature.participant_id)
    ):
        countersigned.setdefault(row.number, []).append(row)
    rows = await tx.scalars(
        select(Checkpoint).where(Checkpoint.session_id == session_id).order_by(Checkpoint.number)
    )
    return [SealedCheckpoint(row.jws, countersigned.get(row.number, [])) for row in rows]


async def photographs_of(
    tx: AsyncSession, session_id: str, stills: Iterable[Any], key: bytes
) -> list[Photograph]:
    """Where the photographs are that were cut; ``stills`` are as a manifest states them.

    Raises:
        StoreError: the ledger has no place for one.
    """
    found = []
    for still in stills:
        if still["state"] != StillState.CUT:
            continue
        row = await tx.get_one(Still, still["still_id"])
        if row.object_key is None:
            raise StoreError(f"{row.id}: it has no place in the store", retryable=False)
        path = formats.still_path(session_id, row.id)
        found.append(Photograph(path, row.object_key, key))
    return found


async def add_photographs(
    services: Evidence, writer: PackageWriter, photographs: Sequence[Photograph]
) -> None:
    """Write them into a package.

    Raises:
        StoreError: the store is away, or what it has is not what was stored.
    """
    for one in photographs:
        jpeg = await read_photograph(services, one)
        await asyncio.to_thread(writer.add, one.path, jpeg)


async def read_photograph(services: Evidence, one: Photograph) -> bytes:
    """Its JPEG.

    Raises:
        StoreError: the store is away, or what it has is not what was stored.
    """
    stored = await services.store.get(one.object_key)
    return await asyncio.to_thread(open_sealed, one.key, one.object_key, stored)


def add_files(writer: PackageWriter, files: Files) -> None:
    """Write small files into a package; blocks."""
    for path, content in files:
        writer.add(path, content)


def shown_event(one: Opening) -> dict[str, Any]:
    """An event of a log as a package has it; closed when the opening has no salt."""
    return {
        "seq": one.link.seq,
        "kind": one.link.kind,
        "visibility": one.link.visibility,
        "at": rfc3339(one.link.at),
        "actor": one.link.actor,
        "commitment": one.link.commitment,
        "prev": one.link.previous,
        "hash": one.link.hash,
        "salt": one.salt.hex() if one.salt is not None else None,
        "payload": one.payload,
    }
