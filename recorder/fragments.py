"""PURE. Cutting one participant's samples into fragments, by time.

A fragment is due ``fragment_s`` after the arrival of the oldest byte in it, so that
everything is on disk within a second of its arrival, waits behind a hole included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from recorder.depacketise import Loss
from recorder.sample_index import AUDIO, AUDIO_RATE, RATES, VIDEO

_OPUS_FRAME_TICKS = (480, 960, 1920, 2880)
_CELT_FRAME_TICKS = (120, 240, 480, 960)
_USUAL_PICTURE_TICKS = 3_000
_MAX_PICTURE_TICKS = 90_000
_CLOCK_SET_BACK_NS = 1_000_000_000


class Sample(NamedTuple):
    """One frame with its place in recording time, in ticks of its track's clock."""

    track: int
    time: int
    duration: int
    rtp_timestamp: int
    keyframe: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What a sender report said: the sender's NTP time at an RTP timestamp, and when it came."""

    track_id: str
    ntp: int
    rtp_timestamp: int
    wall_ns: int


@dataclass(frozen=True, slots=True)
class Fragment:
    """About a second of one participant: what is hashed as one.

    Video samples and audio samples are each in order of time. ``last_wall_ns`` is when
    the last of it arrived, ``losses`` what is missing up to then and told in no gap yet,
    ``tellings`` how many gaps had told of losses when the spool took it.
    """

    video: Sequence[Sample]
    audio: Sequence[Sample]
    clocks: Sequence[ClockReading]
    t0_ns: int
    last_wall_ns: int
    losses: Sequence[Loss] = ()
    tellings: int = 0

    @property
    def start_s(self) -> float:
        """Recording time at which it begins."""
        return min(run[0].time / RATES[run[0].track] for run in (self.video, self.audio) if run)

    @property
    def end_s(self) -> float:
        """Recording time at which its last sample ends."""
        return max(
            (run[-1].time + run[-1].duration) / RATES[run[-1].track]
            for run in (self.video, self.audio)
            if run
        )

    @property
    def wall_ns(self) -> int:
        """The server's wall clock at ``start_s``."""
        return self.t0_ns + round(self.start_s * 1e9)

    @property
    def keyframe(self) -> bool:
        """Whether a picture in it stands on its own."""
        return any(sample.keyframe for sample in self.video)

    @property
    def data_bytes(self) -> int:
        """The size of its samples together."""
        return sum(len(sample.data) for run in (self.video, self.audio) for sample in run)


def opus_ticks(packet: bytes) -> int:
    """The length of an Opus packet in 48 kHz ticks (RFC 6716, 3.1); 960 if it is malformed."""
    if not packet:
        return 960
    configuration, code = packet[0] >> 3, packet[0] & 3
    if configuration < 12:
        frame = _OPUS_FRAME_TICKS[configuration & 3]
    elif configuration < 16:
        frame = _OPUS_FRAME_TICKS[configuration & 1]
    else:
        frame = _CELT_FRAME_TICKS[configuration & 3]
    counted = packet[1] & 63 if len(packet) > 1 else 1
    ticks = frame * (1, 2, 2, counted)[code]
    return ticks if 0 < ticks <= AUDIO_RATE * 12 // 100 else 960


def with_durations(
    track: int, timed: Sequence[tuple[int, int, bool, bytes]], last_duration: int
) -> list[Sample]:
    """Samples from ``(time, rtp_timestamp, keyframe, data)``, each lasting until the next.

    The last one of a fragment cannot know its successor: sound says its own length,
    a picture is given ``last_duration``.
    """
    samples = []
    last = len(timed) - 1
    for at, (time, rtp_timestamp, keyframe, data) in enumerate(timed):
        if at < last:
            duration = timed[at + 1][0] - time
        elif track == AUDIO:
            duration = opus_ticks(data)
        else:
            duration = last_duration
        samples.append(Sample(track, time, duration, rtp_timestamp, keyframe, data))
    return samples


def usual_picture_ticks(samples: Sequence[Sample], before: int = _USUAL_PICTURE_TICKS) -> int:
    """A likely duration for the next fragment's last picture."""
    if len(samples) < 2:
        return before
    mean = (samples[-1].time - samples[0].time) // (len(samples) - 1)
    return min(max(mean, 1), _MAX_PICTURE_TICKS)


class FragmentClock:
    """Says when the open fragment is due: ``fragment_s`` after its oldest arrival."""

    def __init__(self, fragment_s: float) -> None:
        self._fragment_ns = round(fragment_s * 1e9)
        self._oldest_ns: int | None = None

    @property
    def oldest_ns(self) -> int | None:
        """The oldest arrival in the open fragment, None when it is empty."""
        return self._oldest_ns

    def add(self, arrival_ns: int) -> None:
        """A sample whose first packet arrived then joins the open fragment."""
        if self._oldest_ns is None or arrival_ns < self._oldest_ns:
            self._oldest_ns = arrival_ns

    def due(self, now_ns: int) -> bool:
        """Whether the fragment must be cut now, also when the clock was set back."""
        if self._oldest_ns is None:
            return False
        waited_ns = now_ns - self._oldest_ns
        return waited_ns >= self._fragment_ns or waited_ns < -_CLOCK_SET_BACK_NS

    def cut(self) -> None:
        """The fragment has been cut: the next is empty."""
        self._oldest_ns = None


__all__ = [
    "AUDIO",
    "VIDEO",
    "ClockReading",
    "Fragment",
    "FragmentClock",
    "Sample",
    "opus_ticks",
    "usual_picture_ticks",
    "with_durations",
]
