"""The ledger of evidence: the recorder's facts, each taken in exactly once, become rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from cases.actor import SystemActor
from cases.facts import (
    Fact,
    GapFound,
    RecordingClosed,
    RecordingOpened,
    SegmentSealed,
    SessionClosed,
)
from cases.keys import KeyDestroyed
from cases.tables import Fragment, Gap, Participant, RecorderFact, Recording, Segment, Session
from cases.unit import Unit
from runtime.errors import ProofcallError
from runtime.ids import new_id

Known = RecordingOpened | SegmentSealed | GapFound | RecordingClosed | SessionClosed


class FactRefused(ProofcallError):  # noqa: N818 - it says what happened to the fact
    """A fact that cannot be true beside what the ledger holds; it stays in the spool."""

    def __init__(self, fact: Fact, reason: str) -> None:
        super().__init__(f"{fact.session_id}/{fact.seq}: {reason}")
        self.session_id = fact.session_id
        self.seq = fact.seq


@dataclass(frozen=True, slots=True)
class Taken:
    """Which fact of a session was acknowledged, and whether it was news."""

    session_id: str
    seq: int
    is_news: bool


async def take_in(unit: Unit, facts: Sequence[Known]) -> list[Taken]:
    """Write facts into the ledger in the order given; those already known are only acknowledged.

    All of them are committed together.

    Raises:
        FactRefused: one contradicts the ledger; nothing of this call must be committed.
    """
    taken = []
    for fact in facts:
        # The lock comes first: of two deliveries that cross, the second waits here and
        # then finds the facts known.
        session = await unit.tx.get(Session, fact.session_id, with_for_update=True)
        known = await unit.tx.get(RecorderFact, (fact.session_id, fact.seq))
        if known is None:
            await _take_one(unit, session, fact)
            unit.tx.add(
                RecorderFact(
                    session_id=fact.session_id, seq=fact.seq, kind=fact.kind, at_ns=fact.at_ns
                )
            )
            await unit.tx.flush()
        taken.append(Taken(fact.session_id, fact.seq, known is None))
    return taken


async def _take_one(unit: Unit, session: Session | None, fact: Known) -> None:
    if session is None:
        # A join that was refused after the recorder had been told: it holds nothing.
        if isinstance(fact, SessionClosed):
            return
        raise FactRefused(fact, "no such session")
    match fact:
        case RecordingOpened():
            await _open_recording(unit, fact)
        case SegmentSealed():
            await _add_segment(unit, fact)
        case GapFound():
            await _add_gap(unit, fact)
        case RecordingClosed():
            await _close_recording(unit, fact)
        case SessionClosed():
            await _close_session(unit, session)


async def _open_recording(unit: Unit, fact: RecordingOpened) -> None:
    await _check_participant(unit, fact, fact.participant_id)
    if await unit.tx.get(Recording, fact.recording_id) is not None:
        raise FactRefused(fact, "this recording exists")
    unit.tx.add(
        Recording(
            id=fact.recording_id,
            session_id=fact.session_id,
            participant_id=fact.participant_id,
            part=fact.part,
            container=fact.container,
            tracks=fact.tracks,
            init=fact.init,
            init_sha256=fact.init_sha256,
            t0_ns=fact.t0_ns,
        )
    )
    await unit.tx.flush()
    await _log(
        unit,
        fact,
        "recording_opened",
        {
            "recording_id": fact.recording_id,
            "participant_id": fact.participant_id,
            "container": fact.container,
            "t0_ms": fact.t0_ns // 1_000_000,
        },
    )


async def _add_segment(unit: Unit, fact: SegmentSealed) -> None:
    recording = await _recording(unit, fact, fact.recording_id)
    if recording.closed_at is not None:
        raise FactRefused(fact, "the recording is closed")
    session = await unit.tx.get_one(Session, fact.session_id)
    if not fact.object_key.startswith(f"{session.object_prefix}/"):
        raise FactRefused(fact, "stored under another session's prefix")
    unit.tx.add(
        Segment(
            recording_id=fact.recording_id,
            segment_no=fact.segment_no,
            object_key=fact.object_key,
            version_id=fact.version_id,
            stored_bytes=fact.stored_bytes,
            stored_sha256=fact.stored_sha256,
            plain_bytes=fact.plain_bytes,
            key_id=fact.key_id,
            sample_index=fact.index,
            stored_at=unit.now,
        )
    )
    unit.tx.add_all(
        Fragment(
            recording_id=fact.recording_id,
            fragment_no=fragment.no,
            segment_no=fact.segment_no,
            bytes=fragment.bytes,
            sha256=fragment.sha256,
            start_ms=fragment.start_ms,
            duration_ms=fragment.duration_ms,
            wall_ns=fragment.wall_ns,
            keyframe=fragment.keyframe,
            clocks=fragment.clocks,
        )
        for fragment in fact.fragments
    )


async def _add_gap(unit: Unit, fact: GapFound) -> None:
    await _check_participant(unit, fact, fact.participant_id)
    if fact.to_ns < fact.from_ns:
        raise FactRefused(fact, "a gap that ends before it begins")
    unit.tx.add(
        Gap(
            id=new_id("gap"),
            session_id=fact.session_id,
            participant_id=fact.participant_id,
            recording_id=fact.recording_id,
            from_ns=fact.from_ns,
            to_ns=fact.to_ns,
            cause=fact.cause,
            packets=fact.packets,
        )
    )
    await _log(
        unit,
        fact,
        "gap",
        {
            "participant_id": fact.participant_id,
            "recording_id": fact.recording_id,
            "from_ms": fact.from_ns // 1_000_000,
            "to_ms": fact.to_ns // 1_000_000,
            "cause": fact.cause,
        },
    )


async def _close_recording(unit: Unit, fact: RecordingClosed) -> None:
    recording = await _recording(unit, fact, fact.recording_id)
    recording.duration_ms = fact.duration_ms
    recording.root = fact.root
    recording.closed_at = unit.now


async def _close_session(unit: Unit, session: Session) -> None:
    session.recorder_closed_at = unit.now
    unit.changes.sessions.add(session.id)
    await unit.outbox.enqueue(unit.tx, "seal_session", f"seal_session:{session.id}", session.id)


async def _recording(unit: Unit, fact: Fact, recording_id: str) -> Recording:
    recording = (
        await unit.tx.execute(
            select(Recording).where(
                Recording.id == recording_id, Recording.session_id == fact.session_id
            )
        )
    ).scalar_one_or_none()
    if recording is None:
        raise FactRefused(fact, f"no recording {recording_id} in this session")
    return recording


async def _check_participant(unit: Unit, fact: Fact, participant_id: str) -> None:
    person = await unit.tx.get(Participant, participant_id)
    if person is None or person.session_id != fact.session_id:
        raise FactRefused(fact, f"no participant {participant_id} in this session")


async def _log(unit: Unit, fact: Known, kind: str, payload: dict[str, object]) -> None:
    try:
        await unit.record(
            fact.session_id,
            kind,
            payload,
            SystemActor(),
            client_id=f"recorder-{fact.seq}",
        )
    except KeyDestroyed:
        # The session was erased while its last facts were under way: there is nothing to
        # tell any more, and the ledger's rows go with it.
        return
