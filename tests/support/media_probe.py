"""Reads back what a media file holds: which test pictures, when, and when the beeps sound."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import numpy.typing as npt

from tests.support.cameras import LOOP_FRAMES, TONE_HZ, Camera, find_tone
from tests.support.frame_code import read_code

AUDIO_RATE_HZ = 48_000


class ProbedFrame(NamedTuple):
    """One decoded picture; ``counter`` and ``camera`` are None if its cells cannot be read."""

    pts_s: float
    counter: int | None
    clock_ms: int | None
    width: int
    height: int
    camera: Camera | None
    flash: bool | None


@dataclass(frozen=True, slots=True)
class MediaProbe:
    """What a whole file holds, in the order of decoding; times are presentation seconds."""

    frames: list[ProbedFrame]
    beeps_s: list[float]
    video_codec: str | None
    audio_codec: str | None
    audio_s: float
    """Seconds of sound decoded, holes not counted."""

    def cameras(self) -> set[Camera]:
        """Return who is seen in the pictures."""
        return {frame.camera for frame in self.frames if frame.camera is not None}

    def unreadable(self) -> list[float]:
        """Return the times of pictures whose counter cannot be read."""
        return [frame.pts_s for frame in self.frames if frame.counter is None]

    def counter_jumps(self, *, loop_frames: int = LOOP_FRAMES) -> list[tuple[float, int, int]]:
        """Return (time, counter before, counter after) wherever the counter did not grow by one.

        A counter that starts again at 0 after ``loop_frames`` - 1, as Chromium
        repeats the file, is no jump. Unreadable pictures count as one each.
        """
        jumps = []
        before: int | None = None
        since = 0
        for frame in self.frames:
            since += 1
            if frame.counter is None:
                continue
            expected = None if before is None else before + since
            if expected not in (None, frame.counter, frame.counter + loop_frames):
                assert before is not None
                jumps.append((frame.pts_s, before, frame.counter))
            before, since = frame.counter, 0
        return jumps

    def lip_sync_s(self) -> list[float]:
        """Return for each beep how late the sound is after its flash (negative: early).

        Needs the synced source, whose beeps and flashes begin on whole wall
        seconds: the picture's own clock tells when a second began, even if no
        picture was drawn just then. Beeps further than 0.5 s from a picture
        with a clock are left out.
        """
        clocked = [(f.pts_s, f.clock_ms) for f in self.frames if f.clock_ms is not None]
        if not clocked:
            return []
        pts = np.array([at for at, _ in clocked])
        offsets = []
        for beep_s in self.beeps_s:
            nearest = int(np.argmin(np.abs(pts - beep_s)))
            at_s, clock_ms = clocked[nearest]
            if abs(at_s - beep_s) > 0.5:
                continue
            wall_s = clock_ms / 1000 + (beep_s - at_s)
            offsets.append(wall_s - round(wall_s))
        return offsets

    def wall_starts_s(self) -> list[float]:
        """Return for each clocked picture the Unix time, in seconds, at which pts 0 would be."""
        return [f.clock_ms / 1000 - f.pts_s for f in self.frames if f.clock_ms is not None]


def probe_media(source: Path | bytes, *, hz: float | None = None) -> MediaProbe:
    """Decode a whole media file; it runs for a while, so call it in a thread from async tests.

    ``hz`` is the beep to listen for, by default the one of the camera that is
    seen. Raises ``av.FFmpegError`` for what is no media file; a torn tail ends
    the lists.
    """
    frames: list[ProbedFrame] = []
    sounds: list[tuple[float, int, npt.NDArray[np.float64]]] = []
    opened = av.open(io.BytesIO(source) if isinstance(source, bytes) else str(source), "r")
    with opened as container:
        video_codec = _codec_name(container.streams.video)
        audio_codec = _codec_name(container.streams.audio)
        try:
            for frame in container.decode(*container.streams.video, *container.streams.audio):
                if isinstance(frame, av.VideoFrame):
                    frames.append(_probe_picture(frame))
                elif isinstance(frame, av.AudioFrame):
                    sounds.append((float(frame.time or 0.0), frame.sample_rate, _mono(frame)))
        except av.error.InvalidDataError:
            # A torn tail: what was decoded before it stands.
            if not frames and not sounds:
                raise
    seen = {frame.camera for frame in frames if frame.camera is not None}
    if hz is None and len(seen) == 1:
        hz = TONE_HZ[next(iter(seen))]
    return MediaProbe(
        frames=frames,
        beeps_s=[] if hz is None else _beeps(sounds, hz),
        video_codec=video_codec,
        audio_codec=audio_codec,
        audio_s=sum(samples.size / rate for _, rate, samples in sounds),
    )


def _codec_name(streams: tuple[av.VideoStream, ...] | tuple[av.AudioStream, ...]) -> str | None:
    return streams[0].codec_context.name if streams else None


def _probe_picture(frame: av.VideoFrame) -> ProbedFrame:
    code = read_code(np.asarray(frame.to_ndarray(format="gray"), dtype=np.uint8))
    return ProbedFrame(
        pts_s=float(frame.time or 0.0),
        counter=code.counter if code else None,
        clock_ms=code.clock_ms if code else None,
        width=frame.width,
        height=frame.height,
        camera=code.camera if code else None,
        flash=code.flash if code else None,
    )


def _mono(frame: av.AudioFrame) -> npt.NDArray[np.float64]:
    samples = frame.to_ndarray().astype(np.float64)
    if not frame.format.is_planar:
        samples = samples.reshape(-1, len(frame.layout.channels)).T
    mono: npt.NDArray[np.float64] = samples.mean(axis=0)
    return mono


def _beeps(sounds: list[tuple[float, int, npt.NDArray[np.float64]]], hz: float) -> list[float]:
    """Lay the sound out by its timestamps, holes silent, and listen."""
    if not sounds:
        return []
    rate = sounds[0][1]
    start_s = sounds[0][0]
    end_s = max(at + samples.size / rate for at, _, samples in sounds)
    line = np.zeros(round((end_s - start_s) * rate) + 1)
    for at_s, _, samples in sounds:
        first = round((at_s - start_s) * rate)
        if first < 0:
            continue
        room = line[first : first + samples.size]
        room[:] = samples[: room.size]
    return [start_s + beep_s for beep_s in find_tone(line, rate, hz)]
