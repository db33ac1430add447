"""PURE. What the spool is told of a recording, and the fields of the facts that say it."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from recorder.spool_state import Fact, RecordingState, TrackFact, track_facts
from recorder.virtual_file import Container


@dataclass(frozen=True, slots=True)
class RecordingOpening:
    """What begins a recording (one part of it)."""

    recording_id: str
    participant_id: str
    part: int
    container: Container
    video_codec: str | None
    tracks: tuple[TrackFact, ...]
    init: bytes
    t0_ns: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A span of a participant's evidence that is missing."""

    participant_id: str
    recording_id: str | None
    from_ns: int
    to_ns: int
    cause: str
    packets: int | None = None


def opening_fields(opening: RecordingOpening, init_sha256: str) -> Fact:
    """``recording_opened``."""
    return {
        "recording_id": opening.recording_id,
        "participant_id": opening.participant_id,
        "part": opening.part,
        "container": opening.container.value,
        "tracks": track_facts(opening.tracks),
        "init": b64encode(opening.init).decode(),
        "init_sha256": init_sha256,
        "t0_ns": opening.t0_ns,
    }


def gap_fields(gap: Gap) -> Fact:
    """``gap``; it never ends before it begins."""
    fields: dict[str, Any] = {
        "participant_id": gap.participant_id,
        "recording_id": gap.recording_id,
        "from_ns": gap.from_ns,
        "to_ns": max(gap.from_ns, gap.to_ns),
        "cause": gap.cause,
    }
    if gap.packets is not None:
        fields["packets"] = gap.packets
    return fields


def closing_fields(recording: RecordingState) -> Fact:
    """``recording_closed``."""
    return {
        "recording_id": recording.recording_id,
        "fragments": recording.leaves - 1,
        "duration_ms": recording.end_ms,
        "root": recording.frontier().root().hex(),
    }
