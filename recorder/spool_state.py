"""PURE. What ``session.json`` holds: a session's key, its next numbers, its recordings so far."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from recorder.depacketise import Loss
from recorder.tree import Frontier
from recorder.virtual_file import Container

Fact = dict[str, Any]
"""One fact as it is posted: JSON values only."""


@dataclass(frozen=True, slots=True)
class TrackFact:
    """A track as ``recording_opened`` names it."""

    track_id: str
    kind: str
    codec: str
    clock_rate: int


@dataclass(frozen=True, slots=True)
class RecordingState:
    """One recording up to its last sealed segment.

    ``peaks`` is the Merkle frontier over initialisation and fragments, ``last_ticks`` the
    last decode time given out per track (video, audio; −1 for none), ``last_wall_ns``
    when the last of it arrived, ``untold`` the losses up to then that no gap tells of yet,
    ``tellings`` how many gaps have told of losses.
    """

    recording_id: str
    participant_id: str
    part: int
    container: Container
    video_codec: str | None
    t0_ns: int
    leaves: int
    peaks: tuple[bytes, ...]
    next_segment: int = 1
    end_ms: int = 0
    last_wall_ns: int = 0
    last_ticks: tuple[int, int] = (-1, -1)
    closed: bool = False
    untold: tuple[Loss, ...] = ()
    tellings: int = 0

    @property
    def next_fragment(self) -> int:
        """The number of the next fragment, which is also its leaf."""
        return self.leaves

    def frontier(self) -> Frontier:
        """The Merkle tree so far."""
        return Frontier(self.leaves, self.peaks)


@dataclass(frozen=True, slots=True)
class SessionState:
    """A session's spool. ``intent`` is the last fact decided on, perhaps not yet written.

    ``stopped`` are the participants who may no longer be recorded, ``left`` those who
    went away on purpose and are not missing.
    """

    session_id: str
    key_id: str
    key: bytes
    object_prefix: str
    next_seq: int = 1
    closed: bool = False
    recordings: Mapping[str, RecordingState] = field(default_factory=dict)
    intent: Fact | None = None
    stopped: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def encode_state(state: SessionState) -> bytes:
    """The content of ``session.json``."""
    return json.dumps(
        {
            "session_id": state.session_id,
            "key_id": state.key_id,
            "key": b64encode(state.key).decode(),
            "object_prefix": state.object_prefix,
            "next_seq": state.next_seq,
            "closed": state.closed,
            "recordings": [_encode_recording(one) for one in state.recordings.values()],
            "intent": state.intent,
            "stopped": list(state.stopped),
            "left": list(state.left),
        }
    ).encode()


def _encode_recording(state: RecordingState) -> dict[str, Any]:
    return {
        "recording_id": state.recording_id,
        "participant_id": state.participant_id,
        "part": state.part,
        "container": state.container.value,
        "video_codec": state.video_codec,
        "t0_ns": state.t0_ns,
        "leaves": state.leaves,
        "peaks": [peak.hex() for peak in state.peaks],
        "next_segment": state.next_segment,
        "end_ms": state.end_ms,
        "last_wall_ns": state.last_wall_ns,
        "last_ticks": list(state.last_ticks),
        "closed": state.closed,
        "untold": [asdict(loss) for loss in state.untold],
        "tellings": state.tellings,
    }


def decode_state(content: bytes) -> SessionState:
    """Read ``session.json``.

    Raises:
        ValueError: it is not one of ours.
    """
    try:
        given = json.loads(content)
        recordings = [_decode_recording(one) for one in given["recordings"]]
        return SessionState(
            session_id=given["session_id"],
            key_id=given["key_id"],
            key=b64decode(given["key"]),
            object_prefix=given["object_prefix"],
            next_seq=given["next_seq"],
            closed=given["closed"],
            recordings={one.recording_id: one for one in recordings},
            intent=given["intent"],
            stopped=tuple(given["stopped"]),
            left=tuple(given["left"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a session's state: {error!r}") from error


def _decode_recording(given: Mapping[str, Any]) -> RecordingState:
    video_ticks, audio_ticks = given["last_ticks"]
    return RecordingState(
        recording_id=given["recording_id"],
        participant_id=given["participant_id"],
        part=given["part"],
        container=Container(given["container"]),
        video_codec=given["video_codec"],
        t0_ns=given["t0_ns"],
        leaves=given["leaves"],
        peaks=tuple(bytes.fromhex(peak) for peak in given["peaks"]),
        next_segment=given["next_segment"],
        end_ms=given["end_ms"],
        last_wall_ns=given["last_wall_ns"],
        last_ticks=(video_ticks, audio_ticks),
        closed=given["closed"],
        untold=tuple(Loss(**loss) for loss in given.get("untold", ())),
        tellings=given.get("tellings", 0),
    )


def encode_fact(fact: Fact) -> bytes:
    """The content of a fact's file."""
    return json.dumps(fact, separators=(",", ":")).encode()


def track_facts(tracks: Sequence[TrackFact]) -> list[dict[str, Any]]:
    """Tracks as ``recording_opened`` carries them."""
    return [
        {
            "track_id": track.track_id,
            "kind": track.kind,
            "codec": track.codec,
            "clock_rate": track.clock_rate,
        }
        for track in tracks
    ]
