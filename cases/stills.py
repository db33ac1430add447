"""Stills: wanted at once with a preview, cut from the recording when that is in the ledger."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cases.actor import Actor, StaffActor, SystemActor
from cases.case_access import not_found
from cases.consenting import has_withdrawn
from cases.keys import KeyRing
from cases.log import ALL_VISIBILITIES, LogKind, read_events
from cases.sealing import seal
from cases.session_access import see_as_host
from cases.states import SessionState, StillState
from cases.tables import Event, Manifest, Participant, Preview, Session, Still
from cases.unit import Unit
from runtime.errors import CaseError
from runtime.ids import new_id


@dataclass(frozen=True, slots=True)
class WantedFrame:
    """A source frame by its owner, track and RTP timestamp; ``at_ns`` is about when it was.

    Without track and timestamp it is the picture that had arrived here at ``at_ns``.
    """

    participant_id: str
    track_id: str | None
    rtp_timestamp: int | None
    at_ns: int


@dataclass(frozen=True, slots=True)
class CutStill:
    """Where the photograph is stored and what it is; ``recording_ms`` is its place."""

    object_key: str
    key_id: str
    sha256: str
    width: int
    height: int
    recording_id: str
    recording_ms: int
    at_ns: int


async def already_taken(
    tx: AsyncSession, keys: KeyRing, actor: Actor, session_id: str, client_id: str
) -> tuple[str, int] | None:
    """The still and event that this ``client_id`` made before, if it did."""
    seq = await tx.scalar(
        select(Event.seq).where(
            Event.log == LogKind.SESSION,
            Event.subject_id == session_id,
            Event.actor == actor.label,
            Event.client_id == client_id,
            Event.kind == "still_taken",
        )
    )
    if seq is None:
        return None
    events = await read_events(
        tx,
        log=LogKind.SESSION,
        subject_id=session_id,
        key=await keys.session_key(tx, session_id),
        visibilities=ALL_VISIBILITIES,
        after=seq - 1,
        limit=1,
    )
    payload = events[0].payload or {}
    return str(payload.get("still_id", "")), seq


async def want(
    unit: Unit,
    actor: StaffActor,
    session_id: str,
    frame: WantedFrame,
    preview: bytes,
    client_id: str,
) -> tuple[str, int]:
    """Order a still; gives its id and the event's number. Repeating it orders nothing new.

    Raises:
        CaseError: what ``see_as_host`` raises, ``already_ended``, ``not_recorded`` (409).
    """
    session, _case, _me = await see_as_host(unit.tx, actor, session_id)
    if session.state == SessionState.ENDED:
        raise CaseError("already_ended", "This inspection has already ended.")
    source = await unit.tx.get(Participant, frame.participant_id)
    if source is None or source.session_id != session_id:
        raise not_found()
    if await has_withdrawn(unit.tx, source.id):
        raise CaseError("not_recorded", "This person has stopped the recording of themselves.")
    still_id = new_id("stl")
    event = await unit.record(
        session_id,
        "still_taken",
        {
            "still_id": still_id,
            "participant_id": frame.participant_id,
            "at_ms": frame.at_ns // 1_000_000,
        },
        actor,
        client_id=client_id,
    )
    first_id = str((event.payload or {}).get("still_id", still_id))
    if first_id != still_id:
        return first_id, event.seq
    unit.tx.add(
        Still(
            id=still_id,
            session_id=session_id,
            participant_id=frame.participant_id,
            state=StillState.WANTED,
            track_id=frame.track_id,
            rtp_timestamp=frame.rtp_timestamp,
            at_ns=frame.at_ns,
            taken_by=actor.label,
            created_at=unit.now,
        )
    )
    await unit.tx.flush()
    key = await unit.session_key(session_id)
    unit.tx.add(Preview(still_id=still_id, sealed=seal(key, still_id, preview)))
    await unit.outbox.enqueue(unit.tx, "cut_still", f"cut_still:{still_id}", still_id)
    return still_id, event.seq


async def note_cut(unit: Unit, still_id: str, cut: CutStill) -> None:
    """The still is in the store; nothing happens when that is known."""
    still = await unit.tx.get(Still, still_id, with_for_update=True)
    if still is None or still.state != StillState.WANTED:
        return
    still.state = StillState.CUT
    still.object_key, still.key_id = cut.object_key, cut.key_id
    still.sha256, still.width, still.height = cut.sha256, cut.width, cut.height
    still.recording_id, still.recording_ms = cut.recording_id, cut.recording_ms
    still.at_ns = cut.at_ns
    await unit.record(
        still.session_id,
        "still_cut",
        {
            "still_id": still_id,
            "sha256": cut.sha256,
            "width": cut.width,
            "height": cut.height,
            "recording_id": cut.recording_id,
            "recording_ms": cut.recording_ms,
        },
        SystemActor(),
        client_id=f"still-{still_id}",
    )
    await _have_late_one_sealed(unit, still)


async def note_failed(unit: Unit, still_id: str, reason: str) -> None:
    """The still can never be cut; nothing happens when that is known."""
    still = await unit.tx.get(Still, still_id, with_for_update=True)
    if still is None or still.state != StillState.WANTED:
        return
    still.state, still.failure = StillState.FAILED, reason
    await unit.record(
        still.session_id,
        "still_failed",
        {"still_id": still_id, "reason": reason},
        SystemActor(),
        client_id=f"still-{still_id}",
    )
    await _have_late_one_sealed(unit, still)


async def _have_late_one_sealed(unit: Unit, still: Still) -> None:
    """The last one that sealing no longer waited for goes into a supplement."""
    # Locked, so that of two that are noted at once the second sees the first.
    session = await unit.tx.get_one(Session, still.session_id, with_for_update=True)
    if session.recorder_closed_at is None:
        return
    await unit.tx.flush()
    newest = await unit.tx.scalar(
        select(Manifest.complete)
        .where(Manifest.session_id == session.id)
        .order_by(Manifest.number.desc())
        .limit(1)
    )
    wanted = await unit.tx.scalar(
        select(Still.id)
        .where(Still.session_id == session.id, Still.state == StillState.WANTED)
        .limit(1)
    )
    if newest is False and wanted is None:
        work = f"seal_session:{session.id}:{still.id}"
        await unit.outbox.enqueue(unit.tx, "seal_session", work, session.id)
