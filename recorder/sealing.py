"""Durable work: evidence is sealed at hang-up, and once more when all of it is there."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import rfc8785
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases import keeping
from cases.actor import SystemActor
from cases.case_note import note
from cases.chain import rfc3339
from cases.states import StillState
from cases.tables import Case, Checkpoint, Manifest, Session, Still
from cases.unit import Unit
from recorder.awaiting_seal import make_what_waited
from recorder.key_history import note_key
from recorder.port import Evidence
from recorder.proof.formats import MANIFEST_TYPE, RECEIPT_TYPE
from recorder.signing import SigningKey
from recorder.stamp_orders import want_time_stamp
from recorder.statements import Json, manifest_body
from runtime.errors import StoreError

# At hang-up the last seconds are on their way to the store: this long they are waited for.
_HANG_UP_WAIT = timedelta(seconds=8)
# Stills that are still being cut are waited for this long.
_STILLS_WAIT = timedelta(minutes=10)


async def seal_at_hang_up(services: Evidence, session_id: str) -> None:
    """Write manifest 0 with what is there; may be run again any number of times.

    What is still on its way some seconds after the end goes into a supplement.

    Raises:
        StoreError: retryable within those seconds.
        LedgerContradicts: a recording's Merkle root is not that of its fragments.
    """
    key = await asyncio.to_thread(SigningKey.load, services.settings.keys_dir)

    async def act(unit: Unit) -> None:
        session = await unit.tx.get(Session, session_id, with_for_update=True)
        if session is None or await _newest(unit.tx, session_id) is not None:
            return
        complete = await _is_complete(unit, session)
        if not complete and unit.now - (session.ended_at or unit.now) < _HANG_UP_WAIT:
            raise StoreError(f"{session_id}: the last of it is on its way", retryable=True)
        await _seal(unit, key, session, complete=complete)

    await services.run(act)


async def seal_session(services: Evidence, session_id: str) -> None:
    """Write the manifest that has everything; may be run again any number of times.

    It is number 0 if nothing was sealed yet, otherwise a supplement; none is written when
    what is sealed was complete.

    Raises:
        StoreError: retryable while the recorder has not closed the session, or while
            stills are still being cut.
        LedgerContradicts: a recording's Merkle root is not that of its fragments.
    """
    key = await asyncio.to_thread(SigningKey.load, services.settings.keys_dir)

    async def act(unit: Unit) -> None:
        session = await unit.tx.get(Session, session_id, with_for_update=True)
        if session is None:
            return
        newest = await _newest(unit.tx, session_id)
        if newest is not None and newest.complete:
            return
        if session.recorder_closed_at is None:
            raise StoreError(f"{session_id}: not everything is in the ledger", retryable=True)
        complete = await _is_complete(unit, session)
        if not complete and unit.now - session.recorder_closed_at < _STILLS_WAIT:
            raise StoreError(f"{session_id}: stills are still being cut", retryable=True)
        await _seal(unit, key, session, complete=complete)

    await services.run(act)


async def _seal(unit: Unit, key: SigningKey, session: Session, *, complete: bool) -> None:
    newest = await _newest(unit.tx, session.id)
    number = newest.number + 1 if newest is not None else 0
    await note_key(unit.tx, key, unit.now)
    manifest = await manifest_body(
        unit.tx,
        session,
        number=number,
        previous=sha256(newest.body).hexdigest() if newest is not None else None,
        checkpoint=await _last_checkpoint(unit.tx, session.id),
        complete=complete,
        now=unit.now,
    )
    body = rfc8785.dumps(manifest)
    unit.tx.add(
        Manifest(
            session_id=session.id,
            number=number,
            body=body,
            root=manifest["root"],
            jws=key.sign(body, MANIFEST_TYPE),
            receipt=_receipt(key, session.id, number, body, manifest["root"], unit.now),
            complete=complete,
            created_at=unit.now,
        )
    )
    await unit.tx.flush()
    want_time_stamp(unit.tx, session.id, number, unit.now)
    await keeping.evidence_sealed(unit.tx, session.case_id, unit.now)
    session.sealed_root = manifest["root"]
    await unit.record(
        session.id,
        "sealed",
        {
            "root": manifest["root"],
            "recordings": len(manifest["recordings"]),
            "fragments": sum(one["fragments"] for one in manifest["recordings"]),
            "number": number,
            "complete": complete,
        },
        SystemActor(),
        client_id=f"sealed-{number}",
    )
    if number == 0:
        await _tell_case(unit, session, manifest)


async def _tell_case(unit: Unit, session: Session, manifest: Json) -> None:
    """The case's log says once of an inspection that it is sealed; what waited for that follows."""
    case = await unit.tx.get_one(Case, session.case_id, with_for_update=True)
    told = {
        "session_id": session.id,
        "root": manifest["root"],
        "recordings": len(manifest["recordings"]),
        "complete": manifest["complete"],
    }
    await note(unit.tx, unit.keys, case, "evidence_sealed", told, SystemActor(), unit.now)
    unit.changes.desks.add(case.tenant_id)
    await make_what_waited(unit, case.id, session.id)


def _receipt(
    key: SigningKey, session_id: str, number: int, body: bytes, root: str, now: datetime
) -> str:
    said: dict[str, Any] = {
        "session_id": session_id,
        "number": number,
        "at": rfc3339(now),
        "root": root,
        "manifest_sha256": sha256(body).hexdigest(),
    }
    return key.sign(rfc8785.dumps(said), RECEIPT_TYPE)


async def _newest(tx: AsyncSession, session_id: str) -> Manifest | None:
    return (
        await tx.scalars(
            select(Manifest)
            .where(Manifest.session_id == session_id)
            .order_by(Manifest.number.desc())
            .limit(1)
        )
    ).first()


async def _last_checkpoint(tx: AsyncSession, session_id: str) -> str | None:
    return await tx.scalar(
        select(Checkpoint.sha256)
        .where(Checkpoint.session_id == session_id)
        .order_by(Checkpoint.number.desc())
        .limit(1)
    )


async def _is_complete(unit: Unit, session: Session) -> bool:
    if session.recorder_closed_at is None:
        return False
    wanted = await unit.tx.scalar(
        select(Still.id)
        .where(Still.session_id == session.id, Still.state == StillState.WANTED)
        .limit(1)
    )
    return wanted is None
