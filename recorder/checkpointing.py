"""During a call, every ten seconds: a signed statement of what is durable so far."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Final

import rfc8785
import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.states import SessionState
from cases.tables import Checkpoint, Session
from cases.unit import Unit
from recorder.key_history import note_key
from recorder.port import Evidence
from recorder.proof.formats import CHECKPOINT_TYPE
from recorder.signing import SigningKey
from recorder.statements import LedgerContradicts, checkpoint_body

log = structlog.get_logger()

EVERY: Final = timedelta(seconds=10)
_LOOK_EVERY_S: Final = 1.0


async def checkpoint_forever(services: Evidence) -> None:
    """Write checkpoints of every live session until cancelled."""
    while True:
        key = await asyncio.to_thread(SigningKey.load, services.settings.keys_dir)
        async with services.database.read() as tx:
            due = await _due(tx, services.clock.now())
        for session_id in due:
            try:
                await services.run(partial(write_checkpoint, key=key, session_id=session_id))
            except LedgerContradicts as error:
                # Nothing is signed over it; the other sessions are not kept waiting.
                log.error("no checkpoint", session_id=session_id, why=str(error))
        await asyncio.sleep(_LOOK_EVERY_S)


async def write_checkpoint(unit: Unit, key: SigningKey, session_id: str) -> None:
    """Write the next checkpoint of a session that is live and has none of the last ten seconds.

    Raises:
        LedgerContradicts: a closed recording's root is not that of its fragments.
    """
    session = await unit.tx.get(Session, session_id, with_for_update=True)
    if session is None or session.state != SessionState.LIVE:
        return
    last = (
        await unit.tx.scalars(
            select(Checkpoint)
            .where(Checkpoint.session_id == session_id)
            .order_by(Checkpoint.number.desc())
            .limit(1)
        )
    ).first()
    if last is not None and unit.now - last.created_at < EVERY:
        return
    number = last.number + 1 if last is not None else 1
    await note_key(unit.tx, key, unit.now)
    previous = last.sha256 if last is not None else None
    body = rfc8785.dumps(await checkpoint_body(unit.tx, session, number, previous, unit.now))
    unit.tx.add(
        Checkpoint(
            session_id=session_id,
            number=number,
            jws=key.sign(body, CHECKPOINT_TYPE),
            sha256=sha256(body).hexdigest(),
            created_at=unit.now,
        )
    )


async def _due(tx: AsyncSession, now: datetime) -> Sequence[str]:
    newest = (
        select(Checkpoint.session_id, func.max(Checkpoint.created_at).label("at"))
        .group_by(Checkpoint.session_id)
        .subquery()
    )
    rows = await tx.scalars(
        select(Session.id)
        .outerjoin(newest, newest.c.session_id == Session.id)
        .where(
            Session.state == SessionState.LIVE,
            # The first after ten seconds, too: before them nothing is durable.
            func.coalesce(newest.c.at, Session.live_at) <= now - EVERY,
        )
    )
    return list(rows)
