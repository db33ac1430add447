"""Durable work: one wanted still becomes an encrypted JPEG in the store."""

from __future__ import annotations

import asyncio
from hashlib import sha256

from sqlalchemy import select
from structlog.contextvars import bind_contextvars

from cases import stills
from cases.states import StillState
from cases.tables import Recording, Session, Still
from recorder.crypt import open_sealed, seal
from recorder.frame_cut import Still as CutPicture
from recorder.frame_cut import cut_frame
from recorder.ledger import RecordingSource
from recorder.port import Evidence
from recorder.sources import load_source
from runtime.errors import CaseError, StoreError

# When the ledger reaches this far past the moment and the picture is not in it, it never
# was recorded: it fell into a gap.
_SURELY_PAST_NS = 15_000_000_000


async def cut_still(services: Evidence, still_id: str) -> None:
    """Cut a wanted still; may be run again at any time and any number of times.

    Raises:
        StoreError: retryable while the recording has not reached the ledger, or the
            store is away.
    """
    async with services.database.read() as tx:
        still = await tx.get(Still, still_id)
        if still is None or still.state != StillState.WANTED:
            return
        session = await tx.get_one(Session, still.session_id)
        bind_contextvars(session_id=session.id)
        recordings = await tx.scalars(
            select(Recording)
            .where(Recording.participant_id == still.participant_id)
            .order_by(Recording.part.desc())
        )
        sources = [await load_source(tx, services.keys, recording) for recording in recordings]
    ended = session.recorder_closed_at is not None or _is_past(sources, still.at_ns)
    for source in sources:
        # Of several parts only the newest, which comes first, still grows.
        over = ended or source is not sources[0]
        try:
            picture = await _cut(services, source, still, over=over)
        except CaseError as error:
            if error.code != "frame_undecodable":
                raise
            await services.run(lambda unit: stills.note_failed(unit, still_id, "undecodable"))
            return
        if picture is not None:
            await _keep(services, session, still, source, picture)
            return
    if not ended:
        raise StoreError(f"{still_id}: its moment is not in the ledger yet", retryable=True)
    await services.run(lambda unit: stills.note_failed(unit, still_id, "not_recorded"))


async def _cut(
    services: Evidence, source: RecordingSource, still: Still, *, over: bool
) -> CutPicture | None:
    if not source.segments:
        return None
    file = await services.playback.open(source)
    try:
        return await cut_frame(
            file,
            rtp_timestamp=still.rtp_timestamp,
            ms=(still.at_ns - source.t0_ns) / 1e6,
            over=over,
        )
    except CaseError as error:
        if error.code == "frame_not_found":
            return None
        raise


async def _keep(
    services: Evidence,
    session: Session,
    still: Still,
    source: RecordingSource,
    picture: CutPicture,
) -> None:
    object_key = f"{session.object_prefix}/stills/{still.id}"
    jpeg = picture.jpeg
    if await services.store.size(object_key) is not None:
        # An earlier attempt stored it and was then interrupted: a store never overwrites,
        # and each encryption differs, so that one stands.
        stored = await services.store.get(object_key)
        jpeg = await asyncio.to_thread(open_sealed, source.key, object_key, stored)
    else:
        sealed = await asyncio.to_thread(seal, source.key, object_key, jpeg)
        await services.store.put(object_key, sealed)
    cut = stills.CutStill(
        object_key=object_key,
        key_id=session.key_id,
        sha256=sha256(jpeg).hexdigest(),
        width=picture.width,
        height=picture.height,
        recording_id=source.recording_id,
        recording_ms=round(picture.ms),
        at_ns=source.t0_ns + round(picture.ms * 1e6),
    )
    await services.run(lambda unit: stills.note_cut(unit, still.id, cut))


def _is_past(sources: list[RecordingSource], at_ns: int) -> bool:
    """Whether some later moment of the same person is in the ledger."""
    ends = [row.fragments[-1].wall_ns for s in sources for row in s.segments[-1:] if row.fragments]
    return any(end_ns > at_ns + _SURELY_PAST_NS for end_ns in ends)
