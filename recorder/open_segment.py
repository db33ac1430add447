"""The segment of a recording that is still open: its journal, and what is in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from recorder.depacketise import Loss
from recorder.fragment_record import RecordHeader
from recorder.journal import Journal
from recorder.spool_layout import journal_path
from recorder.spool_state import RecordingState


@dataclass(slots=True)
class OpenSegment:
    """``headers`` and ``bodies`` of its fragments, and when the first of them began."""

    journal: Journal
    started_ns: int
    headers: list[RecordHeader] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @classmethod
    def begin(cls, directory: Path, recording: RecordingState, started_ns: int) -> OpenSegment:
        """The recording's next segment; its journal is made with the first fragment."""
        path = journal_path(directory, recording.recording_id, recording.next_segment)
        return cls(Journal(path), started_ns)

    def add(self, header: RecordHeader, body: bytes) -> None:
        """One fragment more."""
        self.headers.append(header)
        self.bodies.append(body)

    def is_due(self, segment_ns: int) -> bool:
        """Whether cutting here comes nearest to the wanted length."""
        last = self.headers[-1]["fact"]
        length_ns: int = last["wall_ns"] + last["duration_ms"] * 1_000_000 - self.started_ns
        # Half a fragment may be missing.
        return length_ns + length_ns // len(self.headers) // 2 >= segment_ns

    def untold(self, recording: RecordingState) -> tuple[Loss, ...]:
        """The losses up to its last fragment, unless a gap has told of them since it was cut."""
        last = self.headers[-1]
        if last.get("tellings", 0) != recording.tellings:
            return ()
        # A journal of an older version says nothing of losses.
        return tuple(Loss(**loss) for loss in last.get("losses", ()))
