"""What the database's ledger keeps of a recording, as plain values that can be played."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recorder.virtual_file import Container


@dataclass(frozen=True, slots=True)
class FragmentRow:
    """One fragment: ``number`` counts from 1 and is its leaf in the Merkle tree."""

    number: int
    size_bytes: int
    sha256: str
    start_ms: int
    duration_ms: int
    wall_ns: int
    keyframe: bool


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One stored object: its place, its digest, the fragments in it and their sample table."""

    number: int
    object_key: str
    version_id: str | None
    stored_bytes: int
    stored_sha256: str
    plain_bytes: int
    fragments: Sequence[FragmentRow]
    index: bytes


@dataclass(frozen=True, slots=True)
class RecordingSource:
    """All that is needed to play a recording: ``key`` is the session's, 32 bytes."""

    recording_id: str
    container: Container
    init: bytes
    t0_ns: int
    key: bytes
    segments: Sequence[SegmentRow]
