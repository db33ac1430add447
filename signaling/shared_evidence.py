"""What a share reaches of an inspection: its recordings, gaps and photographs, and no more."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.case_access import not_found
from cases.keys import KeyDestroyed
from cases.shares import OpenShare
from cases.states import StillState
from cases.tables import Gap, Participant, Recording, Still
from cases.timeline import extent_of, recordings_of
from recorder.ledger import RecordingSource
from recorder.shared_part import fragments_between
from recorder.sources import load_source, picture_size
from runtime.errors import CaseError, StoreError
from signaling.services import Services

log = structlog.get_logger()

_PICTURE_SIZE_TIMEOUT_S = 3.0

Shown = dict[str, object]


@dataclass(frozen=True, slots=True)
class Reached:
    """A recording, and which of its fragments the share reaches; None is all of them."""

    recording: Recording
    source: RecordingSource
    only: range | None

    @property
    def extent_ms(self) -> tuple[int, int]:
        """From when to when of the recording's own time."""
        rows = [row for segment in self.source.segments for row in segment.fragments]
        inside = [row for row in rows if self.only is None or row.number in self.only]
        return inside[0].start_ms, inside[-1].start_ms + inside[-1].duration_ms


async def reached(
    tx: AsyncSession, services: Services, share: OpenShare, recording: Recording
) -> Reached | None:
    """What the share reaches of a recording; None if nothing.

    Raises:
        CaseError: ``erased`` (410).
    """
    if recording.session_id != share.session.id:
        return None
    try:
        source = await load_source(tx, services.keys, recording)
    except KeyDestroyed as error:
        raise CaseError("erased", "This evidence was erased.", status=410) from error
    from_ms, to_ms = share.share.from_ms, share.share.to_ms
    if not source.segments:
        return None
    if from_ms is None or to_ms is None:
        return Reached(recording, source, None)
    only = await asyncio.to_thread(fragments_between, source, from_ms, to_ms)
    return None if only is None else Reached(recording, source, only)


async def see_shared_still(tx: AsyncSession, share: OpenShare, still_id: str) -> Still:
    """A photograph that was taken in the moments of the share.

    Raises:
        CaseError: ``not_found`` (404).
    """
    still = await tx.get(Still, still_id)
    if still is None or still.session_id != share.session.id or not _holds(share, still.at_ns):
        raise not_found()
    return still


async def shared_timeline(services: Services, share: OpenShare) -> Shown:
    """Everything that the viewer's page shows, on one clock; people by their role alone."""
    async with services.database.read() as tx:
        all_of_them = await recordings_of(tx, share.session.id)
        found = [one for row in all_of_them if (one := await reached(tx, services, share, row))]
        people = {
            person.id: person
            for person in await tx.scalars(
                select(Participant).where(Participant.session_id == share.session.id)
            )
        }
        gaps = list(
            await tx.scalars(
                select(Gap).where(Gap.session_id == share.session.id).order_by(Gap.from_ns, Gap.id)
            )
        )
        stills = list(
            await tx.scalars(
                select(Still)
                .where(Still.session_id == share.session.id, Still.state == StillState.CUT)
                .order_by(Still.at_ns, Still.id)
            )
        )
        clocks = {one.recording.id: (await extent_of(tx, one.recording)).clock for one in found}
    base = f"/api/shared/{share.share.id}"
    recordings: list[Shown] = []
    ends = []
    for one in found:
        row = one.recording
        person = people[row.participant_id]
        size = await _size_of(services, one)
        start_ms = row.t0_ns // 1_000_000
        _, end_ms = one.extent_ms
        ends.append(start_ms + end_ms)
        recordings.append(
            {
                "recording_id": row.id,
                "participant": {"id": person.id, "role": person.role, "name": ""},
                "part": row.part,
                "container": row.container,
                "url": f"{base}/recordings/{row.id}/media",
                "download": f"{base}/recordings/{row.id}/file",
                "start_ms": start_ms,
                "duration_ms": end_ms,
                "width": size[0] if size else 0,
                "height": size[1] if size else 0,
                "clock": [list(point) for point in clocks[row.id]],
            }
        )
    begins_ms = share.share.from_ms
    if begins_ms is None:
        begins_ms = round(share.session.created_at.timestamp() * 1000)
    return {
        "start_ms": begins_ms,
        "end_ms": share.share.to_ms or max([begins_ms, *ends]),
        "direction": share.session.direction,
        "recordings": recordings,
        "gaps": [
            {
                "participant_id": gap.participant_id,
                "recording_id": gap.recording_id,
                "from_ms": gap.from_ns // 1_000_000,
                "to_ms": gap.to_ns // 1_000_000,
                "cause": gap.cause,
            }
            for gap in gaps
            if _touches(share, gap.from_ns, gap.to_ns)
        ],
        "stills": [
            {
                "still_id": still.id,
                "at_ms": still.at_ns // 1_000_000,
                "image": f"{base}/stills/{still.id}/image",
            }
            for still in stills
            if _holds(share, still.at_ns)
        ],
    }


def _holds(share: OpenShare, at_ns: int) -> bool:
    return _touches(share, at_ns, at_ns)


def _touches(share: OpenShare, begin_ns: int, end_ns: int) -> bool:
    """Whether something of this span lies in the moments of the share."""
    from_ms, to_ms = share.share.from_ms, share.share.to_ms
    if from_ms is None or to_ms is None:
        return True
    return begin_ns // 1_000_000 <= to_ms and end_ns // 1_000_000 >= from_ms


async def _size_of(services: Services, one: Reached) -> tuple[int, int] | None:
    """The picture's size, if it can be had: a store that is away must not hide the rest."""
    try:
        async with asyncio.timeout(_PICTURE_SIZE_TIMEOUT_S):
            return await picture_size(await services.playback.open(one.source, one.only))
    except (StoreError, TimeoutError) as error:
        log.warning("picture size unknown", recording_id=one.recording.id, error=str(error))
        return None
