"""One session in the recorder: its spool, its lane, its participants' recordings."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from recorder.depacketise import Codec
from recorder.intake import TrackIntake
from recorder.recording import ParticipantRecording
from recorder.spool import SpoolSession
from recorder.spool_state import RecordingState
from recorder.writer import Lane

_MAX_PARTICIPANTS = 64


class TapTrack:
    """What a track's tap records are handed to."""

    __slots__ = ("_intake", "_recording", "rtp")

    def __init__(self, recording: ParticipantRecording, intake: TrackIntake) -> None:
        self._recording = recording
        self._intake = intake
        self.rtp: Callable[[int, int, bool, bytes, int], None] = partial(recording.rtp, intake)
        """One packet; bound here because it is the hot path."""

    def sender_report(self, ntp: int, rtp_timestamp: int, wall_ns: int) -> None:
        """The sender's clock."""
        self._intake.report(ntp, rtp_timestamp, wall_ns)

    def dropped(self, packets: int, from_ns: int, to_ns: int) -> None:
        """Packets the sender of the tap could not hand over."""
        self._recording.dropped(self._intake, packets, from_ns, to_ns)

    def ended(self, cause: str) -> None:
        """The track ends."""
        self._recording.end_track(self._intake, cause)


class RecorderSession:
    """Owns the recordings of one session; lives on the event loop."""

    def __init__(
        self,
        spool: SpoolSession,
        lane: Lane,
        *,
        fragment_s: float,
        segment_s: float,
        now_ns: Callable[[], int],
    ) -> None:
        self.spool = spool
        self._lane = lane
        self._fragment_s = fragment_s
        self._segment_s = segment_s
        self._now_ns = now_ns
        self._recordings: dict[str, ParticipantRecording] = {}
        self._closing = False
        self._opened_ns = now_ns()
        # What the journals say is read before the lane's thread begins to seal them, and
        # that must come before any other job of the session.
        states = spool.recordings()
        self._lane.submit(partial(spool.finish_recovery, now_ns()))
        self._resume(states)

    def empty_s(self, now_ns: int) -> float | None:
        """For how long it has been open, in seconds, without anybody to record; else None."""
        return None if self._recordings else max(0, now_ns - self._opened_ns) / 1e9

    @property
    def live_recordings(self) -> int:
        """How many participants are being recorded now."""
        return sum(recording.live_tracks > 0 for recording in self._recordings.values())

    @property
    def lost_packets(self) -> int:
        """Packets that never reached the server, of all participants."""
        return sum(recording.lost_packets for recording in self._recordings.values())

    @property
    def dropped_packets(self) -> int:
        """Packets the media processes could not hand over, of all participants."""
        return sum(recording.dropped_packets for recording in self._recordings.values())

    @property
    def oldest_unwritten_ns(self) -> int | None:
        """The arrival of the oldest sample that no job holds yet."""
        return min(
            (
                recording.oldest_unwritten_ns
                for recording in self._recordings.values()
                if recording.oldest_unwritten_ns is not None
            ),
            default=None,
        )

    def open_track(
        self,
        participant_id: str,
        track_id: str,
        peer_id: str,
        codec: Codec,
        opened_ns: int | None = None,
    ) -> TapTrack | None:
        """Begin to record a track; None when this participant must not be recorded.

        ``opened_ns`` is when the track began, if that was before now.
        """
        known = participant_id in self._recordings
        if self._closing or (not known and len(self._recordings) >= _MAX_PARTICIPANTS):
            return None
        recording = self._recording(participant_id)
        if recording.stopped:
            return None
        return TapTrack(recording, recording.open_track(track_id, peer_id, codec, opened_ns))

    def tick(self, now_ns: int) -> None:
        """Cut and seal what is due."""
        for recording in self._recordings.values():
            recording.tick(now_ns)

    async def stop(self, participant_id: str, cause: str) -> None:
        """End the recording of one participant and wait until that is durable."""
        recording = self._recording(participant_id)
        recording.stop(cause)
        await self._lane.run(partial(self.spool.stop_participant, participant_id))

    async def close(self, cause: str) -> int:
        """End everything; gives the number of the last fact once it is durable."""
        if not self._closing:
            self._closing = True
            for recording in self._recordings.values():
                recording.close()
        return await self._lane.run(partial(self.spool.close, cause, self._now_ns()))

    async def suspend(self) -> None:
        """Bring everything into the journals and let go of the files: the process stops."""
        for recording in self._recordings.values():
            recording.flush()
        await self._lane.run(self.spool.release)

    def _recording(self, participant_id: str) -> ParticipantRecording:
        recording = self._recordings.get(participant_id)
        if recording is None:
            recording = self._recordings[participant_id] = ParticipantRecording(
                participant_id,
                self._lane,
                self.spool,
                fragment_s=self._fragment_s,
                segment_s=self._segment_s,
                now_ns=self._now_ns,
            )
        return recording

    def _resume(self, states: list[RecordingState]) -> None:
        for participant_id in {state.participant_id for state in states}:
            recording = self._recording(participant_id)
            recording.resume(
                [one for one in states if one.participant_id == participant_id],
                left=participant_id in self.spool.state.left,
            )
        for participant_id in self.spool.state.stopped:
            recording = self._recording(participant_id)
            recording.stop("stopped", from_ns=recording.last_packet_ns or None)
