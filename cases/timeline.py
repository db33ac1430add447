"""What is known of a finished or running inspection, on one clock: the reviewer's timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.access_policy import Action
from cases.actor import Actor
from cases.case_views import case_view
from cases.keys import KeyRing
from cases.log import LogKind, read_events
from cases.participant_names import opened_name
from cases.session_access import participants_of, see_session
from cases.session_views import show_events, visible_to
from cases.states import SessionState, StillState
from cases.tables import Fragment, Gap, Participant, Recording, Session, Still
from runtime.clock import Clock

_MAX_CLOCK_POINTS = 400
_EVENTS_AT_ONCE = 1000

Shown = dict[str, object]
PictureSizes = Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class RecordingExtent:
    """How far a recording reaches in the ledger; the clock maps its time to ours, both in ms."""

    fragments: int
    start_ms: int
    duration_ms: int
    clock: list[tuple[int, int]]


async def timeline(
    tx: AsyncSession,
    keys: KeyRing,
    actor: Actor,
    session_id: str,
    sizes: PictureSizes,
    clock: Clock,
) -> Shown:
    """The answer of ``GET /api/v1/sessions/{id}/timeline``; ``sizes`` by recording.

    Raises:
        CaseError: ``not_found`` (404).
    """
    seen = await see_session(tx, actor, session_id, Action.REVIEW)
    session = seen.session
    people = {person.id: person for person in await participants_of(tx, session_id)}
    key = (await keys.session_keys(tx, {session_id})).get(session_id)
    recordings, ends_ms = [], []
    for recording in await recordings_of(tx, session_id):
        extent = await extent_of(tx, recording)
        ends_ms.append(extent.start_ms + extent.duration_ms)
        recordings.append(_recording(recording, people, key, extent, sizes.get(recording.id)))
    return {
        "session_id": session.id,
        "case": await case_view(tx, keys, actor, session.case_id, clock.now()),
        "state": session.state,
        "complete": session.recorder_closed_at is not None,
        "start_ms": _ms(session.created_at.timestamp()),
        "end_ms": _end_ms(session, ends_ms, clock),
        "recordings": recordings,
        "gaps": await _gaps(tx, session_id),
        "stills": await _stills(tx, session_id),
        "events": await _events(tx, key, actor, session_id),
    }


async def recordings_of(tx: AsyncSession, session_id: str) -> list[Recording]:
    """The session's recordings, the earliest first."""
    rows = await tx.scalars(
        select(Recording)
        .where(Recording.session_id == session_id)
        .order_by(Recording.t0_ns, Recording.id)
    )
    return list(rows)


async def see_recording(
    tx: AsyncSession, actor: Actor, recording_id: str
) -> tuple[Recording, Session]:
    """A recording for somebody who may review it.

    Raises:
        CaseError: ``not_found`` (404).
    """
    recording = await tx.get(Recording, recording_id)
    seen = await see_session(tx, actor, recording.session_id if recording else "", Action.REVIEW)
    assert recording is not None
    return recording, seen.session


async def extent_of(tx: AsyncSession, recording: Recording) -> RecordingExtent:
    """What of a recording is in the ledger now."""
    count = await tx.scalar(select(func.count()).where(Fragment.recording_id == recording.id))
    every = max(1, (count or 0) // _MAX_CLOCK_POINTS)
    rows = list(
        await tx.execute(
            select(Fragment.start_ms, Fragment.duration_ms, Fragment.wall_ns)
            .where(
                Fragment.recording_id == recording.id,
                (Fragment.fragment_no % every == 0) | (Fragment.fragment_no >= (count or 0)),
            )
            .order_by(Fragment.fragment_no)
        )
    )
    start_ms = recording.t0_ns // 1_000_000
    reached_ms = rows[-1].start_ms + rows[-1].duration_ms if rows else 0
    return RecordingExtent(
        fragments=count or 0,
        start_ms=start_ms,
        duration_ms=recording.duration_ms if recording.duration_ms is not None else reached_ms,
        clock=[(row.start_ms, row.wall_ns // 1_000_000) for row in rows] or [(0, start_ms)],
    )


def _recording(
    recording: Recording,
    people: Mapping[str, Participant],
    key: bytes | None,
    extent: RecordingExtent,
    size: tuple[int, int] | None,
) -> Shown:
    person = people[recording.participant_id]
    return {
        "recording_id": recording.id,
        "participant": {"id": person.id, "role": person.role, "name": opened_name(key, person)},
        "part": recording.part,
        "container": recording.container,
        "url": f"/api/v1/recordings/{recording.id}/media",
        "start_ms": extent.start_ms,
        "duration_ms": extent.duration_ms,
        "width": size[0] if size else None,
        "height": size[1] if size else None,
        "fragments": extent.fragments,
        "root": recording.root,
        "clock": [list(point) for point in extent.clock],
    }


async def _gaps(tx: AsyncSession, session_id: str) -> list[Shown]:
    rows = await tx.scalars(
        select(Gap).where(Gap.session_id == session_id).order_by(Gap.from_ns, Gap.id)
    )
    return [
        {
            "participant_id": gap.participant_id,
            "recording_id": gap.recording_id,
            "from_ms": gap.from_ns // 1_000_000,
            "to_ms": gap.to_ns // 1_000_000,
            "cause": gap.cause,
        }
        for gap in rows
    ]


async def _stills(tx: AsyncSession, session_id: str) -> list[Shown]:
    rows = await tx.scalars(
        select(Still).where(Still.session_id == session_id).order_by(Still.at_ns, Still.id)
    )
    return [
        {
            "still_id": still.id,
            "state": still.state,
            "at_ms": still.at_ns // 1_000_000,
            "participant_id": still.participant_id,
            "image": f"/api/v1/stills/{still.id}/image" if still.state == StillState.CUT else None,
            "preview": f"/api/v1/stills/{still.id}/preview",
        }
        for still in rows
    ]


async def _events(
    tx: AsyncSession, key: bytes | None, actor: Actor, session_id: str
) -> list[Shown]:
    events, after = [], 0
    while page := await read_events(
        tx,
        log=LogKind.SESSION,
        subject_id=session_id,
        key=key,
        after=after,
        limit=_EVENTS_AT_ONCE,
        visibilities=visible_to(actor),
    ):
        events += page
        after = page[-1].seq
    return await show_events(tx, key, session_id, events)


def _end_ms(session: Session, recordings_end_ms: list[int], clock: Clock) -> int:
    if session.state == SessionState.ENDED and session.ended_at is not None:
        return max([_ms(session.ended_at.timestamp()), *recordings_end_ms])
    return _ms(clock.now().timestamp())


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
