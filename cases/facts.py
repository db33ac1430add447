"""What the recorder and the media workers report, parsed at the edge into values."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    Base64Bytes,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
)

Id = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Ns = Annotated[int, Field(ge=0, lt=2**63)]
Count = Annotated[int, Field(ge=0, lt=2**53)]


class Fact(BaseModel):
    """What every fact of the recorder has; unknown members are ignored, so it may say more."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    session_id: Id
    seq: Annotated[int, Field(ge=0, lt=2**31)]
    at_ns: Ns


class RecordingOpened(Fact):
    """A recording begins; ``init`` are its initialisation bytes."""

    kind: Literal["recording_opened"]
    recording_id: Id
    participant_id: Id
    part: Count
    container: Literal["mp4", "webm"]
    tracks: list[dict[str, Any]]
    init: Base64Bytes
    init_sha256: Hex
    t0_ns: Ns


class FragmentFact(BaseModel):
    """One fragment of a sealed segment."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    no: Count
    bytes: Count
    sha256: Hex
    start_ms: Count
    duration_ms: Count
    wall_ns: Ns
    keyframe: bool
    clocks: list[dict[str, Any]]


class SegmentSealed(Fact):
    """A segment is in the store, and was read back."""

    kind: Literal["segment_sealed"]
    recording_id: Id
    segment_no: Count
    object_key: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    version_id: str | None = None
    stored_bytes: Count
    stored_sha256: Hex
    plain_bytes: Count
    key_id: Id
    fragments: list[FragmentFact]
    index: Base64Bytes


class GapFound(Fact):
    """Evidence is missing from ``from_ns`` to ``to_ns``."""

    kind: Literal["gap"]
    participant_id: Id
    recording_id: Id | None = None
    from_ns: Ns
    to_ns: Ns
    cause: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    packets: Count | None = None


class RecordingClosed(Fact):
    """A recording ended; ``root`` is that of its Merkle tree."""

    kind: Literal["recording_closed"]
    recording_id: Id
    fragments: Count
    duration_ms: Count
    root: Hex


class SessionClosed(Fact):
    """The recorder has said everything about the session."""

    kind: Literal["session_closed"]
    cause: Annotated[str, StringConstraints(max_length=40)] = ""


RecorderFactBody = Annotated[
    RecordingOpened | SegmentSealed | GapFound | RecordingClosed | SessionClosed,
    Field(discriminator="kind"),
]
RECORDER_FACT: TypeAdapter[
    RecordingOpened | SegmentSealed | GapFound | RecordingClosed | SessionClosed
] = TypeAdapter(RecorderFactBody)


def _word(value: object) -> object:
    """The media workers grade a connection in words of their own."""
    return {"fair": "weak", "poor": "bad"}.get(value, value) if isinstance(value, str) else value


ConnectionWord = Literal["good", "weak", "bad", "lost"]


class AdviceFact(BaseModel):
    """What a sender's browser is to send at most: a rung of the ladder of media/ladder.py."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    rung: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,16}$")]
    max_bitrate_bps: Annotated[int, Field(ge=10_000, le=50_000_000)]
    max_framerate: Annotated[int, Field(ge=1, le=60)]
    max_height: Annotated[int, Field(ge=90, le=4320)]
    video: bool


class MediaFact(BaseModel):
    """What a media worker says of one peer; not evidence."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    kind: Literal[
        "peer_connected",
        "peer_lost",
        "peer_recovered",
        "peer_closed",
        "peer_unsuited",
        "quality",
        "advice",
    ]
    at_ns: Ns
    session_id: Id
    participant_id: Id
    peer_id: Id
    camera_id: Id | None = None
    setup_ms: float | None = None
    codec: Annotated[str, StringConstraints(max_length=40)] | None = None
    cause: Annotated[str, StringConstraints(max_length=40)] | None = None
    heir: Id | None = None
    """Of a closed peer: another one of the same participant, which goes on."""
    rtt_ms: float | None = None
    loss: float | None = None
    jitter_ms: float | None = None
    word: Annotated[ConnectionWord, BeforeValidator(_word)] | None = None
    up: ConnectionWord | None = None
    down: ConnectionWord | None = None
    picture: Literal["moving", "slow", "stills"] | None = None
    thinned: bool = False
    advice: AdviceFact | None = None
