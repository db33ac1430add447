"""From the ledger's rows to something that can be played."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.keys import KeyRing
from cases.tables import Fragment, Recording, Segment
from recorder.h264_parameters import find_parameter_sets, vp8_picture_size
from recorder.ledger import FragmentRow, RecordingSource, SegmentRow
from recorder.playback import VirtualFile
from recorder.sample_index import KEYFRAME, VIDEO
from recorder.virtual_file import Container


async def load_source(tx: AsyncSession, keys: KeyRing, recording: Recording) -> RecordingSource:
    """A recording as far as it is in the ledger.

    Only segments that follow each other from the first are used: what is stored
    ahead of a missing one cannot be played yet.

    Raises:
        KeyDestroyed: the session was erased.
    """
    fragments: dict[int, list[FragmentRow]] = defaultdict(list)
    for fragment in await tx.scalars(
        select(Fragment).where(Fragment.recording_id == recording.id).order_by(Fragment.fragment_no)
    ):
        fragments[fragment.segment_no].append(
            FragmentRow(
                number=fragment.fragment_no,
                size_bytes=fragment.bytes,
                sha256=fragment.sha256,
                start_ms=fragment.start_ms,
                duration_ms=fragment.duration_ms,
                wall_ns=fragment.wall_ns,
                keyframe=fragment.keyframe,
            )
        )
    segments: list[SegmentRow] = []
    for segment in await tx.scalars(
        select(Segment).where(Segment.recording_id == recording.id).order_by(Segment.segment_no)
    ):
        if segments and segment.segment_no != segments[-1].number + 1:
            break
        segments.append(
            SegmentRow(
                number=segment.segment_no,
                object_key=segment.object_key,
                version_id=segment.version_id,
                stored_bytes=segment.stored_bytes,
                stored_sha256=segment.stored_sha256,
                plain_bytes=segment.plain_bytes,
                fragments=tuple(fragments[segment.segment_no]),
                index=segment.sample_index,
            )
        )
    return RecordingSource(
        recording_id=recording.id,
        container=Container(recording.container),
        init=recording.init,
        t0_ns=recording.t0_ns,
        key=await keys.session_key(tx, recording.session_id),
        segments=tuple(segments),
    )


async def picture_size(file: VirtualFile) -> tuple[int, int] | None:
    """Width and height of the recording's first picture, if it has one.

    Raises:
        StoreError: its segment cannot be read.
    """
    wanted = (file.table["track"] == VIDEO) & ((file.table["flags"] & KEYFRAME) != 0)
    rows = np.flatnonzero(wanted)
    if not len(rows):
        return None
    picture = await file.sample(int(rows[0]))
    if file.source.container is Container.WEBM:
        return vp8_picture_size(picture)
    parameters = find_parameter_sets(picture)
    return (parameters.width, parameters.height) if parameters else None
