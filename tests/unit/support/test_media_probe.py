"""A media file's pictures, beeps, lip sync and wall clock are measured as they were made."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from tests.support.cameras import TONE_HZ, Camera, draw_frame
from tests.support.media_probe import probe_media

START_MS = 1_795_000_000_400
"""The wall clock of the first picture: whole seconds are at 0.6 s, 1.6 s and so on."""


def make_media(counters: list[int], *, sound_late_s: float, seconds: float = 4) -> bytes:
    """Make a live WebM as the synced source would fill it, the sound late by so much."""
    out = io.BytesIO()
    with av.open(out, "w", format="webm", options={"live": "1"}) as container:
        video = container.add_stream("libvpx", rate=30, options={"deadline": "realtime"})
        audio = container.add_stream("libopus", rate=48_000)
        assert isinstance(video, av.VideoStream)
        assert isinstance(audio, av.AudioStream)
        video.width, video.height, video.pix_fmt = 640, 360, "yuv420p"
        video.bit_rate = 500_000
        at_s = np.arange(int(seconds * 48_000)) / 48_000
        beeping = (START_MS / 1000 + at_s - sound_late_s) % 1 < 0.1
        tone = 0.4 * np.sin(2 * np.pi * TONE_HZ[Camera.BUYER] * at_s) * beeping
        for index, counter in enumerate(counters):
            drawn = draw_frame(Camera.BUYER, counter, clock_ms=START_MS + index * 1000 // 30)
            small = cv2.resize(drawn, (640, 360), interpolation=cv2.INTER_AREA).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(small, format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, 30)
            container.mux(video.encode(frame))
            sound = tone[index * 1600 : (index + 1) * 1600].astype(np.float32)
            block = av.AudioFrame.from_ndarray(sound[None, :], format="flt", layout="mono")
            block.pts, block.rate, block.time_base = index * 1600, 48_000, Fraction(1, 48_000)
            container.mux(audio.encode(block))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return out.getvalue()


@pytest.mark.parametrize("sound_late_s", [0.0, 0.12, -0.06])
def test_lip_sync_and_wall_clock_are_measured(sound_late_s: float) -> None:
    """The offset put in is the offset found, within 15 ms; so is the wall clock of the start."""
    probe = probe_media(make_media(list(range(100)), sound_late_s=sound_late_s))
    assert len(probe.beeps_s) >= 3
    assert probe.lip_sync_s() == pytest.approx([sound_late_s] * len(probe.beeps_s), abs=0.015)
    assert probe.wall_starts_s() == pytest.approx([START_MS / 1000] * 100, abs=0.01)
    assert (probe.video_codec, probe.audio_codec) == ("vp8", "opus")
    assert (probe.frames[0].width, probe.frames[0].height) == (640, 360)


def test_a_missing_picture_is_a_jump_and_the_loop_is_not() -> None:
    """898, 899, 0 is the file starting again; 3 after 1 is a loss."""
    probe = probe_media(make_media([898, 899, 0, 1, 3, 4], sound_late_s=0))
    assert [jump[1:] for jump in probe.counter_jumps()] == [(1, 3)]


def test_a_torn_tail_ends_the_lists() -> None:
    """A file cut anywhere gives what is whole before the cut."""
    whole = make_media(list(range(60)), sound_late_s=0, seconds=2)
    probe = probe_media(whole[: len(whole) * 2 // 3])
    assert 20 < len(probe.frames) < 60
    assert probe.counter_jumps() == []


def test_what_is_no_media_is_an_error() -> None:
    """Garbage raises instead of looking like an empty recording."""
    with pytest.raises(av.FFmpegError):
        probe_media(b"no media at all" * 100)
