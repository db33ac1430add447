"""The ledger of evidence: what the recorder made durable, and what was made of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from cases.tables.base import Base


class Recording(Base):
    """Initialisation bytes and fragments of one participant, in order: one playable file."""

    __tablename__ = "recordings"
    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    participant_id: Mapped[str] = mapped_column(ForeignKey("participants.id"))
    part: Mapped[int]
    container: Mapped[str]  # mp4, webm
    tracks: Mapped[list[Any]]  # [{track_id, kind, codec, clock_rate}]
    init: Mapped[bytes]
    init_sha256: Mapped[str]
    t0_ns: Mapped[int] = mapped_column(BigInteger)
    duration_ms: Mapped[int | None] = mapped_column(BigInteger)
    root: Mapped[str | None]  # hex, once closed
    closed_at: Mapped[datetime | None]


class Segment(Base):
    """Consecutive fragments: the unit of storage and encryption."""

    __tablename__ = "segments"
    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id"), primary_key=True)
    segment_no: Mapped[int] = mapped_column(primary_key=True)
    object_key: Mapped[str] = mapped_column(unique=True)
    version_id: Mapped[str | None]
    stored_bytes: Mapped[int] = mapped_column(BigInteger)
    stored_sha256: Mapped[str]
    plain_bytes: Mapped[int] = mapped_column(BigInteger)
    key_id: Mapped[str]
    sample_index: Mapped[bytes]
    stored_at: Mapped[datetime]


class Fragment(Base):
    """About a second of a recording: a leaf of the Merkle tree."""

    __tablename__ = "fragments"
    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id"), primary_key=True)
    fragment_no: Mapped[int] = mapped_column(primary_key=True)
    segment_no: Mapped[int]
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    start_ms: Mapped[int] = mapped_column(BigInteger)
    duration_ms: Mapped[int]
    wall_ns: Mapped[int] = mapped_column(BigInteger)
    keyframe: Mapped[bool]
    clocks: Mapped[list[Any]]  # [{track_id, ntp, rtp_timestamp, wall_ns}]


class RecorderFact(Base):
    """Which facts of the recorder have been taken in: each exactly once."""

    __tablename__ = "recorder_facts"
    session_id: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    at_ns: Mapped[int] = mapped_column(BigInteger)


class Gap(Base):
    """A span in which evidence is missing, with its cause."""

    __tablename__ = "gaps"
    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    participant_id: Mapped[str] = mapped_column(ForeignKey("participants.id"))
    recording_id: Mapped[str | None]
    from_ns: Mapped[int] = mapped_column(BigInteger)
    to_ns: Mapped[int] = mapped_column(BigInteger)
    cause: Mapped[str]
    packets: Mapped[int | None]


class Still(Base):
    """A photograph cut from a recording, or sent at full resolution by a device."""

    __tablename__ = "stills"
    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    participant_id: Mapped[str] = mapped_column(ForeignKey("participants.id"))
    state: Mapped[str]  # StillState: wanted, cut, failed
    track_id: Mapped[str | None]
    rtp_timestamp: Mapped[int | None] = mapped_column(BigInteger)
    at_ns: Mapped[int] = mapped_column(BigInteger)
    taken_by: Mapped[str]
    recording_id: Mapped[str | None]
    recording_ms: Mapped[int | None] = mapped_column(BigInteger)
    object_key: Mapped[str | None]
    key_id: Mapped[str | None]
    sha256: Mapped[str | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    failure: Mapped[str | None]
    created_at: Mapped[datetime]


class Preview(Base):
    """What the host's browser showed when a still was taken: shown at once, never evidence."""

    __tablename__ = "previews"
    still_id: Mapped[str] = mapped_column(ForeignKey("stills.id"), primary_key=True)
    sealed: Mapped[bytes]  # JPEG, with the session's key


class Finding(Base):
    """One statement by the host, answered by the buyer; its words stand in the log alone."""

    __tablename__ = "findings"
    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    answer: Mapped[str | None]  # agree, disagree, note
    created_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class Manifest(Base):
    """The sealed statement of a session's evidence; number 0, then supplements."""

    __tablename__ = "manifests"
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[bytes]  # RFC 8785
    root: Mapped[str]
    jws: Mapped[str]
    receipt: Mapped[str | None]  # what both sides are given; NULL: sealed before there were any
    complete: Mapped[bool] = mapped_column(default=True)  # nothing was still on its way
    created_at: Mapped[datetime]
