"""PURE. One track's way in: packets to samples with their place in recording time."""

from __future__ import annotations

from collections.abc import Sequence

from recorder.depacketise import Codec, Depacketiser, Frame, Loss
from recorder.fragments import ClockReading, Sample, usual_picture_ticks, with_durations
from recorder.h264_parameters import ParameterSets, find_parameter_sets, vp8_picture_size
from recorder.sample_index import AUDIO, RATES, VIDEO
from recorder.timeline import SenderClock, TrackTimeline

_USUAL_PICTURE_TICKS = 3_000


class TrackIntake:
    """Takes the packets of one track; ``cut`` gives the samples gathered since the last.

    With ``waits_for_keyframe`` pictures before the first key frame, which nothing could
    decode, are only counted.
    """

    def __init__(
        self, track_id: str, peer_id: str, codec: Codec, *, waits_for_keyframe: bool = True
    ) -> None:
        self.track_id = track_id
        self.peer_id = peer_id
        self.codec = codec
        self.track = AUDIO if codec is Codec.OPUS else VIDEO
        self.live = True
        """Whether it still feeds its recording; what comes later is not taken."""
        self.begun = False
        """Whether it knows its recording's beginning."""
        self.packets_not_handed_over = 0
        self.pictures_before_keyframe = 0
        self.parameters: ParameterSets | None = None
        self.picture_size: tuple[int, int] | None = None
        self.depacketiser = Depacketiser(codec)
        self.push = self.depacketiser.push
        """Orders and assembles; what it gives goes to ``take``."""
        self._timeline: TrackTimeline | None = None
        self._waits_for_keyframe = waits_for_keyframe and self.track == VIDEO
        self._frames: list[tuple[int, int, bool, bytes]] = []
        self._bytes = 0
        self._readings: list[ClockReading] = []
        self._picture_ticks = _USUAL_PICTURE_TICKS

    @property
    def data_bytes(self) -> int:
        """The size of the samples gathered."""
        return self._bytes

    def begin(self, t0_ns: int, sender: SenderClock, *, after_ticks: int = -1) -> None:
        """Set the recording's beginning; samples before it are forgotten by no one."""
        self.begun = True
        self._timeline = TrackTimeline(RATES[self.track], t0_ns, sender, after_ticks=after_ticks)

    @property
    def last_ticks(self) -> int:
        """The last decode time given out, −1 for none."""
        return self._timeline.last_ticks if self._timeline is not None else -1

    def release(self, now_ns: int) -> int | None:
        """Let go of what has waited too long; as ``take``."""
        return self.take(self.depacketiser.release(now_ns))

    def flush(self) -> int | None:
        """Let go of everything; as ``take``."""
        return self.take(self.depacketiser.flush())

    def report(self, ntp: int, rtp_timestamp: int, wall_ns: int) -> None:
        """Take a sender report; of several in one fragment the last is kept."""
        if self._timeline is not None:
            self._timeline.report(ntp, rtp_timestamp)
            self._readings = [ClockReading(self.track_id, ntp, rtp_timestamp, wall_ns)]

    def take_losses(self) -> list[Loss]:
        """Losses since the last call, without those the sender of the tap owned up to."""
        losses = []
        for loss in self.depacketiser.take_losses():
            known = min(loss.packets, self.packets_not_handed_over)
            self.packets_not_handed_over -= known
            if loss.packets > known:
                losses.append(Loss(loss.from_ns, loss.to_ns, loss.packets - known))
        return losses

    def cut(self) -> tuple[list[Sample], Sequence[ClockReading]]:
        """The samples since the last cut, timed, and the sender reports."""
        frames, self._frames = self._frames, []
        readings, self._readings = self._readings, []
        self._bytes = 0
        if not frames or self._timeline is None:
            return [], readings
        times = self._timeline.ticks([frame[0] for frame in frames])
        timed = [
            (time, timestamp, keyframe, data)
            for time, (_, timestamp, keyframe, data) in zip(times, frames, strict=True)
        ]
        samples = with_durations(self.track, timed, self._picture_ticks)
        if self.track == VIDEO:
            self._picture_ticks = usual_picture_ticks(samples, self._picture_ticks)
        return samples, readings

    def take(self, frames: list[Frame]) -> int | None:
        """Take whole frames; gives the oldest arrival among new samples, None without any."""
        oldest: int | None = None
        timeline = self._timeline
        if timeline is None:
            return None
        for frame in frames:
            if self._waits_for_keyframe:
                if not frame.keyframe:
                    self.pictures_before_keyframe += 1
                    continue
                self._waits_for_keyframe = False
                self._read_size(frame.data)
            unwrapped = timeline.observe(frame.rtp_timestamp, frame.arrival_ns)
            self._frames.append((unwrapped, frame.rtp_timestamp, frame.keyframe, frame.data))
            self._bytes += len(frame.data)
            if oldest is None or frame.arrival_ns < oldest:
                oldest = frame.arrival_ns
        return oldest

    def _read_size(self, keyframe: bytes) -> None:
        if self.codec is Codec.VP8:
            self.picture_size = vp8_picture_size(keyframe)
        else:
            self.parameters = find_parameter_sets(keyframe)
