"""The spool of one session on disk: open segments, sealed ones, and the facts about them.

The order that survives a crash at any step: journal (each fragment durable) → encrypted
segment → ``session.json`` with the new state and the fact it intends → the fact → the
journal goes. What waits behind a hole is kept beside it, whole each time, until it is in
the journal. Nothing here touches the event loop; one thread at a time works on a session.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import structlog

from recorder.crypt import Sealer
from recorder.fragment_record import encode_fragment, last_ticks, segment_index
from recorder.fragments import Fragment
from recorder.held import encode_held
from recorder.open_segment import OpenSegment
from recorder.spool_facts import (
    Gap,
    RecordingOpening,
    closing_fields,
    gap_fields,
    opening_fields,
)
from recorder.spool_layout import OUTBOX_NAME, STATE_NAME, acknowledged, kept_path
from recorder.spool_remains import read_remains
from recorder.spool_state import (
    Fact,
    RecordingState,
    SessionState,
    decode_state,
    encode_fact,
    encode_state,
)
from recorder.tree import Frontier
from runtime.durable_files import sync_directory, write_durably

log = structlog.get_logger()


class SpoolSession:
    """One session's part of the spool.

    A method that raises ``OSError`` has changed nothing and may be called again.
    """

    def __init__(
        self, directory: Path, state: SessionState, *, segment_s: float, wake: Callable[[], None]
    ) -> None:
        self._directory = directory
        self._outbox = directory / OUTBOX_NAME
        self._state = state
        self._segment_ns = round(segment_s * 1e9)
        self._wake = wake
        self._sealer = Sealer()
        self._open: dict[str, OpenSegment] = {}
        self._sealed_journals: list[Path] = []
        self._kept: list[Path] = []
        self._untold: list[Gap] = []

    @classmethod
    def create(
        cls, root: Path, state: SessionState, *, segment_s: float, wake: Callable[[], None]
    ) -> SpoolSession:
        """Make the session's directory durable.

        Raises:
            OSError: it could not be written.
        """
        directory = root / state.session_id
        (directory / OUTBOX_NAME).mkdir(mode=0o700, parents=True, exist_ok=True)
        write_durably(directory / STATE_NAME, encode_state(state))
        sync_directory(root)
        return cls(directory, state, segment_s=segment_s, wake=wake)

    @classmethod
    def recover(
        cls, directory: Path, *, segment_s: float, wake: Callable[[], None]
    ) -> SpoolSession:
        """Read a session after a stop or a crash; ``finish_recovery`` must come next.

        Raises:
            ValueError: the directory does not hold a session's state.
            OSError: it could not be read.
        """
        state = decode_state((directory / STATE_NAME).read_bytes())
        spool = cls(directory, state, segment_s=segment_s, wake=wake)
        remains = read_remains(directory, state)
        spool._open = remains.open
        spool._sealed_journals = remains.sealed_journals
        spool._kept = remains.kept
        spool._untold = remains.untold
        return spool

    @property
    def state(self) -> SessionState:
        """The durable state, without the open segments."""
        return self._state

    def recordings(self) -> list[RecordingState]:
        """The recordings as far as anything is durable, open segments included."""
        found = []
        for recording in self._state.recordings.values():
            opened = self._open.get(recording.recording_id)
            if opened is not None and opened.headers:
                recording = replace(
                    recording,
                    last_wall_ns=opened.headers[-1]["last_wall_ns"],
                    last_ticks=last_ticks(recording.last_ticks, segment_index(opened.headers)),
                )
            found.append(recording)
        return found

    @property
    def last_seq(self) -> int:
        """The number of the last fact."""
        return self._state.next_seq - 1

    def finish_recovery(self, at_ns: int) -> None:
        """Write the fact that was decided on and seal what the journals held."""
        self._finish_intent()
        self._remove_sealed_journals()
        while self._untold:
            self.gap(self._untold[-1], at_ns)
            self._untold.pop()
        for recording_id in list(self._open):
            self.seal_due(recording_id, at_ns, force=True)
        for path in self._kept:
            path.unlink(missing_ok=True)

    def open_recording(self, opening: RecordingOpening, at_ns: int) -> None:
        """Begin a recording."""
        if opening.recording_id in self._state.recordings:
            return
        init_digest = sha256(opening.init)
        frontier = Frontier()
        frontier.append(init_digest.digest())
        recording = RecordingState(
            opening.recording_id,
            opening.participant_id,
            opening.part,
            opening.container,
            opening.video_codec,
            opening.t0_ns,
            frontier.size,
            frontier.peaks,
            last_wall_ns=opening.t0_ns,
        )
        self._emit(
            "recording_opened",
            at_ns,
            recording,
            opening_fields(opening, init_digest.hexdigest()),
        )

    def append(self, recording_id: str, fragment: Fragment) -> None:
        """Make one fragment durable in the journal of the open segment."""
        recording = self._state.recordings[recording_id]
        opened = self._open.get(recording_id)
        if opened is None:
            opened = OpenSegment.begin(self._directory, recording, fragment.wall_ns)
        number = recording.next_fragment + len(opened.headers)
        told = replace(fragment, tellings=recording.tellings)
        header, body = encode_fragment(recording.container, number, told)
        opened.journal.append(header, body)
        opened.add(header, body)
        self._open[recording_id] = opened

    def keep(self, recording_id: str, held: Fragment) -> None:
        """Make durable what waits behind a hole, instead of what was kept before."""
        told = replace(held, tellings=self._state.recordings[recording_id].tellings)
        write_durably(kept_path(self._directory, recording_id), encode_held(told))

    def drop_kept(self, recording_id: str) -> None:
        """What was kept is in the journal, or in a segment, by now."""
        kept_path(self._directory, recording_id).unlink(missing_ok=True)

    def seal_due(self, recording_id: str, at_ns: int, *, force: bool = False) -> None:
        """Seal the open segment once it is long enough, or now."""
        self._remove_sealed_journals()
        opened = self._open.get(recording_id)
        if opened is None or not opened.headers:
            return
        if force or opened.is_due(self._segment_ns):
            self._seal(recording_id, opened, at_ns)

    def gap(self, gap: Gap, at_ns: int) -> None:
        """State that something is missing."""
        recording = self._state.recordings.get(gap.recording_id or "")
        if gap.cause == "packet_loss" and recording is not None:
            recording = replace(recording, untold=(), tellings=recording.tellings + 1)
        self._emit("gap", at_ns, recording, gap_fields(gap))

    def close_recording(self, recording_id: str, at_ns: int) -> None:
        """Seal what is open and state the recording's root; may be called twice."""
        self.seal_due(recording_id, at_ns, force=True)
        recording = self._state.recordings.get(recording_id)
        if recording is None or recording.closed:
            return
        self._emit(
            "recording_closed",
            at_ns,
            replace(recording, closed=True),
            closing_fields(recording),
        )

    def stop_participant(self, participant_id: str) -> None:
        """Remember that a participant may no longer be recorded."""
        if participant_id not in self._state.stopped:
            self._save(replace(self._state, stopped=(*self._state.stopped, participant_id)))

    def note_left(self, participant_id: str, left: bool) -> None:
        """Remember that a participant went away on purpose, or is back."""
        others = tuple(one for one in self._state.left if one != participant_id)
        self._save(replace(self._state, left=(*others, participant_id) if left else others))

    def close(self, cause: str, at_ns: int) -> int:
        """Close what is open, then the session; gives the number of the last fact."""
        if not self._state.closed:
            for recording_id in self._state.recordings:
                self.close_recording(recording_id, at_ns)
            self._emit("session_closed", at_ns, None, {"cause": cause}, closed=True)
        return self.last_seq

    def release(self) -> None:
        """Close the files; what is open stays in its journals."""
        for opened in self._open.values():
            opened.journal.close()

    def _seal(self, recording_id: str, opened: OpenSegment, at_ns: int) -> None:
        state = self._state
        recording = state.recordings[recording_id]
        frontier = recording.frontier()
        for header in opened.headers:
            frontier.append(bytes.fromhex(header["fact"]["sha256"]))
        index = segment_index(opened.headers)
        number = recording.next_segment
        # Never the same name twice: a store with versions would accept the second silently.
        object_key = (
            f"{state.object_prefix}/{recording_id}/{number:06d}-{secrets.token_hex(8)}.segment"
        )
        stored = self._sealer.seal(state.key, object_key, opened.bodies)
        write_durably(self._outbox / f"{state.next_seq:08d}.segment", stored)
        last = opened.headers[-1]
        self._emit(
            "segment_sealed",
            at_ns,
            replace(
                recording,
                leaves=frontier.size,
                peaks=frontier.peaks,
                next_segment=number + 1,
                end_ms=last["fact"]["start_ms"] + last["fact"]["duration_ms"],
                last_wall_ns=last["last_wall_ns"],
                last_ticks=last_ticks(recording.last_ticks, index),
                untold=opened.untold(recording),
            ),
            {
                "recording_id": recording_id,
                "segment_no": number,
                "object_key": object_key,
                "stored_bytes": len(stored),
                "stored_sha256": sha256(stored).hexdigest(),
                "plain_bytes": sum(map(len, opened.bodies)),
                "key_id": state.key_id,
                "fragments": [header["fact"] for header in opened.headers],
                "index": b64encode(index).decode(),
            },
        )
        log.info(
            "segment sealed",
            session_id=state.session_id,
            recording_id=recording_id,
            segment_no=number,
            seq=state.next_seq,
            bytes=len(stored),
        )
        del self._open[recording_id]
        opened.journal.close()
        self._sealed_journals.append(opened.journal.path)
        self._remove_sealed_journals()

    def _remove_sealed_journals(self) -> None:
        while self._sealed_journals:
            self._sealed_journals[-1].unlink(missing_ok=True)
            self._sealed_journals.pop()

    def _emit(
        self,
        kind: str,
        at_ns: int,
        recording: RecordingState | None,
        fields: dict[str, Any],
        *,
        closed: bool = False,
    ) -> None:
        state = self._state
        fact: Fact = {
            "session_id": state.session_id,
            "seq": state.next_seq,
            "at_ns": at_ns,
            "kind": kind,
            **fields,
        }
        recordings = dict(state.recordings)
        if recording is not None:
            recordings[recording.recording_id] = recording
        following = replace(
            state,
            next_seq=state.next_seq + 1,
            closed=state.closed or closed,
            recordings=recordings,
            intent=fact,
        )
        write_durably(self._directory / STATE_NAME, encode_state(following))
        self._write_fact(fact)
        self._state = following
        self._wake()

    def _save(self, state: SessionState) -> None:
        write_durably(self._directory / STATE_NAME, encode_state(state))
        self._state = state

    def _write_fact(self, fact: Fact) -> None:
        write_durably(self._outbox / f"{fact['seq']:08d}.json", encode_fact(fact))

    def _finish_intent(self) -> None:
        intent = self._state.intent
        if intent is None or (self._outbox / f"{intent['seq']:08d}.json").exists():
            return
        # The uploader notes what is acknowledged before it unlinks, so look in this order.
        if intent["seq"] > acknowledged(self._outbox):
            self._write_fact(intent)
            self._wake()
