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
_LOOK_EVERY: Final = timedelta(seconds=1)


async def look_for_checkpoints(services: Evidence) -> datetime | None:
    """Write what is due of every live session; says when to look again, None without any."""
    now = services.clock.now()
    async with services.database.read() as tx:
        since = await _since_last(tx)
    due = [session_id for session_id, at in since if at is not None and at <= now - EVERY]
    if due:
        key = await asyncio.to_thread(SigningKey.load, services.settings.keys_dir)
        for session_id in due:
            try:
                await services.run(partial(write_checkpoint, key=key, session_id=session_id))
            except LedgerContradicts as error:
                # Nothing is signed over it; the other sessions are not kept waiting.
                log.error("no checkpoint", session_id=session_id, why=str(error))
    return services.clock.now() + _LOOK_EVERY if since else None


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


async def _since_last(tx: AsyncSession) -> Sequence[tuple[str, datetime | None]]:
    """The live sessions, and since when each has had no checkpoint."""
    newest = (
        select(Checkpoint.session_id, func.max(Checkpoint.created_at).label("at"))
        .group_by(Checkpoint.session_id)
        .subquery()
    )
    rows = await tx.execute(
        # The first after ten seconds, too: before them nothing is durable.
        select(Session.id, func.coalesce(newest.c.at, Session.live_at))
        .outerjoin(newest, newest.c.session_id == Session.id)
        .where(Session.state == SessionState.LIVE)
    )
    return [(session_id, at) for session_id, at in rows]
