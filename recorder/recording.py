"""One participant's recording: tracks that come and go, parts, gaps, on the event loop.

Packets become samples here; bytes are made, hashed and written in the session's lane.
A participant who comes back goes on in the same recording, unless with another codec.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import structlog

from recorder.depacketise import Codec
from recorder.fragments import ClockReading, Fragment, FragmentClock, Sample
from recorder.held import held_by, waiting_since
from recorder.intake import TrackIntake
from recorder.losses import LossBook
from recorder.recording_part import RecordingPart
from recorder.sample_index import AUDIO, VIDEO
from recorder.spool import SpoolSession
from recorder.spool_facts import Gap
from recorder.spool_state import RecordingState
from recorder.timeline import SenderClock
from recorder.writer import Lane
from runtime.ids import new_id

log = structlog.get_logger()

SILENCE_NS = 2_000_000_000
_CHANGE_NS = 250_000_000
_MAX_FRAGMENT_BYTES = 8 * 1024 * 1024
_GAP_CAUSES = {"lost": "peer_lost", "media_lost": "media_lost", "drained": "media_lost"}


class ParticipantRecording:
    """All that is recorded of one participant of one session.

    ``now_ns`` gives the wall clock. Nothing here blocks or waits.
    """

    def __init__(
        self,
        participant_id: str,
        lane: Lane,
        spool: SpoolSession,
        *,
        fragment_s: float,
        segment_s: float,
        now_ns: Callable[[], int],
    ) -> None:
        self._participant_id = participant_id
        self._lane = lane
        self._spool = spool
        self._fragment_ns = round(fragment_s * 1e9)
        self._segment_ns = round(segment_s * 1e9)
        self._now_ns = now_ns
        self._unseen_ns = 0
        """Since when packets came of which nothing is known; 0: of none."""
        self._clock = FragmentClock(fragment_s)
        self._log = log.bind(session_id=spool.state.session_id, participant_id=participant_id)
        self._intakes: dict[int, TrackIntake] = {}
        self._senders: dict[str, SenderClock] = {}
        self._last_ticks = [-1, -1]
        self._video_track_id: str | None = None
        self._parts = 0
        self._part: RecordingPart | None = None
        self._pending_gap: tuple[int, str] | None = None
        self._last_packet_ns = 0
        self._last_cut_ns = 0
        self._kept_ns = 0
        self._unsealed = False
        self._left = False
        self._losses = LossBook()
        self.stopped = False
        self.lost_packets = 0
        """Packets that never reached the server."""
        self.dropped_packets = 0
        """Packets the media process could not hand over."""

    @property
    def recording_id(self) -> str | None:
        """The recording being written, if one is."""
        return self._part.recording_id if self._part and self._part.opened else None

    @property
    def last_packet_ns(self) -> int:
        """When something of this participant last arrived, 0 for never."""
        return self._last_packet_ns

    @property
    def live_tracks(self) -> int:
        """How many tracks are feeding it."""
        return len(self._intakes)

    @property
    def oldest_unwritten_ns(self) -> int | None:
        """The arrival of the oldest sample not yet handed to the writer."""
        return self._clock.oldest_ns

    def resume(self, states: list[RecordingState], *, left: bool = False) -> None:
        """Go on where the last process stopped; what is missing since becomes a gap.

        A participant who had ``left`` is missing nothing.
        """
        self._left = left
        for state in states:
            self._parts = max(self._parts, state.part)
            self._last_packet_ns = max(self._last_packet_ns, state.last_wall_ns)
            if not state.closed:
                self._part = RecordingPart.resumed(state)
                self._last_ticks = list(state.last_ticks)
                if not left:
                    self._pending_gap = (state.last_wall_ns, "recorder_lost")
        if left:
            self._last_packet_ns = 0

    def open_track(
        self, track_id: str, peer_id: str, codec: Codec, opened_ns: int | None = None
    ) -> TrackIntake:
        """A track begins; one of the same kind that is still there is at its end.

        ``opened_ns`` is when it did, if that was before now.
        """
        late = opened_ns is not None and self._now_ns() - opened_ns > _CHANGE_NS
        if opened_ns is not None and late and not self._last_packet_ns:
            # A recorder before this one was killed with all that it had of this person.
            self._unseen_ns = min(self._unseen_ns or opened_ns, opened_ns)
        # The same track after a restart goes on in the middle of its pictures, as after a loss.
        known = self._video_track_id in (None, track_id) and self._last_ticks[VIDEO] >= 0
        if self._left:
            self._left = False
            self._lane.submit(partial(self._spool.note_left, self._participant_id, False))
        intake = TrackIntake(track_id, peer_id, codec, waits_for_keyframe=not known)
        if intake.track == VIDEO:
            self._video_track_id = track_id
        before = self._intakes.get(intake.track)
        if before is not None:
            self._remove(before)
        if self._part is not None and not self._part.takes(codec):
            self._finish_part()
            # Sound that goes on has begun the next part already, which is this codec's.
            if self._part is not None:
                self._part.takes(codec)
        self._intakes[intake.track] = intake
        return intake

    def rtp(
        self,
        intake: TrackIntake,
        sequence: int,
        timestamp: int,
        marker: bool,
        payload: bytes,
        wall_ns: int,
    ) -> None:
        """Take one packet of a track; the hot path."""
        if not intake.live:
            return
        if self._unseen_ns:
            self._tell_unseen(wall_ns)
        if self._pending_gap is not None or wall_ns - self._last_packet_ns > SILENCE_NS:
            self._end_gap(wall_ns)
        if not intake.begun:
            self._begin(intake, wall_ns)
        self._last_packet_ns = wall_ns
        frames = intake.push(sequence, timestamp, marker, payload, wall_ns)
        if frames:
            oldest_ns = intake.take(frames)
            if oldest_ns is not None:
                self._clock.add(oldest_ns)
            if intake.data_bytes > _MAX_FRAGMENT_BYTES:
                self._cut()

    def dropped(self, intake: TrackIntake, packets: int, from_ns: int, to_ns: int) -> None:
        """The media process could not hand over some packets."""
        intake.packets_not_handed_over += packets
        self.dropped_packets += packets
        self._submit_gap(from_ns, to_ns, "tap_overflow", packets)

    def end_track(self, intake: TrackIntake, cause: str) -> None:
        """A track ends. With the last one, what is open is sealed."""
        if self._intakes.get(intake.track) is not intake:
            return
        self._remove(intake)
        if self._intakes:
            return
        self._seal()
        gap = _GAP_CAUSES.get(cause)
        if gap is not None and self._last_packet_ns and self._pending_gap is None:
            self._pending_gap = (self._last_packet_ns, gap)
        elif cause == "left":
            # A person who left on purpose is not missing evidence when back later.
            self._last_packet_ns = 0
            self._left = True
            self._lane.submit(partial(self._spool.note_left, self._participant_id, True))

    def tick(self, now_ns: int) -> None:
        """Cut the open fragment and seal the open segment when their time has come.

        What waits behind a hole is made durable as it would be if the hole stayed.
        """
        for intake in self._intakes.values():
            if intake.depacketiser.waits:
                oldest_ns = intake.release(now_ns)
                if oldest_ns is not None:
                    self._clock.add(oldest_ns)
        if self._clock.due(now_ns):
            self._cut()
        elif self._unsealed and now_ns - self._last_cut_ns > self._segment_ns:
            self._seal()
        waiting_ns = waiting_since(self._intakes.values(), self._kept_ns)
        if waiting_ns is not None and now_ns - waiting_ns >= self._fragment_ns:
            self._keep()

    def stop(self, cause: str, *, from_ns: int | None = None) -> None:
        """End the recording of this participant for the rest of the session.

        From then on (or ``from_ns``, when it was another process that stopped it) they
        are missing.
        """
        if self.stopped:
            return
        self.stopped = True
        for intake in list(self._intakes.values()):
            self._remove(intake)
        self._finish_part()
        self._pending_gap = (from_ns if from_ns is not None else self._now_ns(), cause)

    def flush(self) -> None:
        """Hand everything to the writer, as at a stop of the process."""
        for intake in self._intakes.values():
            oldest_ns = intake.flush()
            if oldest_ns is not None:
                self._clock.add(oldest_ns)
        self._cut()

    def close(self) -> None:
        """The session ends: everything is cut, gaps are ended, the recording is closed."""
        now_ns = self._now_ns()
        live = bool(self._intakes)
        for intake in list(self._intakes.values()):
            self._remove(intake)
        self._cut()
        if self._unseen_ns:
            self._tell_unseen(now_ns)
        if self._pending_gap is not None or (live and now_ns - self._last_packet_ns > SILENCE_NS):
            self._end_gap(now_ns)
        self._finish_part()

    def _begin(self, intake: TrackIntake, wall_ns: int) -> None:
        part = self._part
        if part is None:
            self._parts += 1
            part = self._part = RecordingPart(new_id("rec"), self._parts, wall_ns)
            self._last_ticks = [-1, -1]
            video = self._intakes.get(VIDEO)
            part.video_codec = video.codec if video else None
        sender = self._senders.get(intake.peer_id)
        if sender is None:
            if self._senders and 0 < self._last_packet_ns < wall_ns - _CHANGE_NS:
                # One peer followed another with a pause that no sequence number tells of.
                self._end_gap(wall_ns)
            self._senders.clear()
            sender = self._senders[intake.peer_id] = SenderClock()
        intake.begin(part.t0_ns, sender, after_ticks=self._last_ticks[intake.track])

    def _remove(self, intake: TrackIntake) -> None:
        oldest_ns = intake.flush()
        if oldest_ns is not None:
            self._clock.add(oldest_ns)
        self._cut()
        intake.live = False
        del self._intakes[intake.track]

    def _keep(self) -> None:
        part = self._part
        if part is None:
            return
        self._kept_ns = self._last_packet_ns
        held, ended = held_by(self._intakes, part.t0_ns, self._last_packet_ns, self._losses.untold)
        if held is None:
            return
        if not part.opened:
            self._open(part, ended)
        self._lane.submit(
            partial(self._spool.keep, part.recording_id, held),
            size_bytes=held.data_bytes,
            # It is all still here: a later one says the same and more.
            given_up=lambda: None,
        )

    def _cut(self) -> None:
        if self._part is None:
            return
        self._cut_samples(self._part)
        if self._kept_ns and not any(one.depacketiser.waits for one in self._intakes.values()):
            self._kept_ns = 0
            self._lane.submit(partial(self._spool.drop_kept, self._part.recording_id))

    def _cut_samples(self, part: RecordingPart) -> None:
        self._take_losses()
        runs: list[list[Sample]] = [[], []]
        readings: list[ClockReading] = []
        size_bytes = 0
        for intake in self._intakes.values():
            size_bytes += intake.data_bytes
            runs[intake.track], heard = intake.cut()
            readings.extend(heard)
            self._last_ticks[intake.track] = max(self._last_ticks[intake.track], intake.last_ticks)
        self._clock.cut()
        if not runs[VIDEO] and not runs[AUDIO]:
            return
        if not part.opened:
            self._open(part, self._intakes)
        fragment = Fragment(
            runs[VIDEO],
            runs[AUDIO],
            readings,
            part.t0_ns,
            self._last_packet_ns,
            self._losses.untold,
        )
        now_ns = self._last_cut_ns = self._now_ns()
        self._unsealed = True
        self._lane.submit(
            partial(self._spool.append, part.recording_id, fragment),
            size_bytes=size_bytes,
            given_up=partial(self._fragment_given_up, fragment),
        )
        self._lane.submit(partial(self._spool.seal_due, part.recording_id, now_ns))

    def _open(self, part: RecordingPart, intakes: Mapping[int, TrackIntake]) -> None:
        opening = part.open(self._participant_id, intakes)
        self._lane.submit(partial(self._spool.open_recording, opening, self._now_ns()))
        self._log.info(
            "recording opened",
            recording_id=opening.recording_id,
            container=opening.container.value,
        )

    def _seal(self) -> None:
        part = self._part
        for span in self._losses.take():
            self._submit_gap(*span)
        self._unsealed = False
        if part is not None and part.opened:
            now_ns = self._now_ns()
            self._lane.submit(partial(self._spool.seal_due, part.recording_id, now_ns, force=True))

    def _finish_part(self) -> None:
        self._cut()
        self._seal()
        part, self._part = self._part, None
        self._senders.clear()
        if part is not None and part.opened:
            self._lane.submit(
                partial(self._spool.close_recording, part.recording_id, self._now_ns())
            )
            self._log.info("recording closed", recording_id=part.recording_id)
        for intake in self._intakes.values():
            # Tracks that go on begin anew in the next part's time.
            self._begin(intake, self._now_ns())

    def _end_gap(self, to_ns: int) -> None:
        if self._pending_gap is not None:
            from_ns, cause = self._pending_gap
            self._pending_gap = None
        elif self._last_packet_ns:
            from_ns, cause = self._last_packet_ns, "peer_lost"
        else:
            return
        self._last_packet_ns = to_ns
        self._submit_gap(from_ns, to_ns, cause, None)

    def _tell_unseen(self, first_ns: int) -> None:
        from_ns, self._unseen_ns = self._unseen_ns, 0
        # What waited in the media process may be all there is.
        if first_ns - from_ns > _CHANGE_NS:
            self._submit_gap(from_ns, first_ns, "recorder_lost", None)

    def _take_losses(self) -> None:
        found = [loss for intake in self._intakes.values() for loss in intake.take_losses()]
        self.lost_packets += sum(loss.packets for loss in found)
        self._losses.add(found)
        for span in self._losses.due(self._now_ns(), quiet=not found):
            self._submit_gap(*span)

    def _fragment_given_up(self, fragment: Fragment) -> None:
        to_ns = fragment.t0_ns + round(fragment.end_s * 1e9)
        self._losses.give_up(fragment.wall_ns, to_ns)

    def _submit_gap(self, from_ns: int, to_ns: int, cause: str, packets: int | None) -> None:
        gap = Gap(self._participant_id, self.recording_id, from_ns, to_ns, cause, packets)
        self._lane.submit(partial(self._spool.gap, gap, self._now_ns()))
        self._log.info("gap", cause=cause, span_ms=(to_ns - from_ns) // 1_000_000, packets=packets)
