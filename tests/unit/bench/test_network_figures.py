"""What the network bench says about a stretch of a call, from pictures and counters alone."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from bench.network_recording import recorded
from bench.network_viewer import SeenFrame, viewed
from tests.support.cameras import Camera, draw_frame
from tests.support.frame_code import FrameCode
from tests.support.held_code import CODE_PX, MODULES, drawing, held_at

START_MS = 1_795_000_000_000
STILL = {
    "framesDecoded": 0.0,
    "freezeCount": 0.0,
    "totalFreezesDuration": 0.0,
    "concealedSamples": 0.0,
    "silentConcealedSamples": 0.0,
    "totalSamplesReceived": 0.0,
}


def seen(at_ms: float, *, drawn_ms: int | None = None) -> SeenFrame:
    """A presented picture."""
    code = None if drawn_ms is None else FrameCode(Camera.BUYER, 1, drawn_ms, flash=False)
    return SeenFrame(at_ms, 1280, 720, code)


def recording(seconds: float, *, code: bool, silent_from_s: float = 1e9) -> bytes:
    """10 pictures a second and sound, drawn from START_MS on; the sound may stop."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=10, options={"tune": "zerolatency"})
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 1280, 720, "yuv420p"
        sound = container.add_stream("libopus", rate=48_000)
        assert isinstance(sound, av.AudioStream)
        for number in range(round(seconds * 10)):
            clock_ms = START_MS + number * 100
            bgr = draw_frame(Camera.BUYER, number, clock_ms=clock_ms)
            if code:
                dots = [int(dot) for dot in drawing()["codes"][held_at(clock_ms)]]
                small = np.array(dots, np.uint8).reshape(MODULES, MODULES)
                large = cv2.resize(
                    255 - 255 * small, (CODE_PX, CODE_PX), interpolation=cv2.INTER_NEAREST
                )
                bgr[280:440, 100:260] = 240
                bgr[300 : 300 + CODE_PX, 120 : 120 + CODE_PX] = large[..., None]
            picture = av.VideoFrame.from_ndarray(bgr, format="bgr24")
            picture.pts, picture.time_base = number, Fraction(1, 10)
            container.mux(video.encode(picture))
        for number in range(round(min(seconds, silent_from_s) * 50)):
            heard = av.AudioFrame.from_ndarray(
                np.zeros((1, 960 * 2), np.int16), format="s16", layout="stereo"
            )
            heard.sample_rate, heard.pts, heard.time_base = (
                48_000,
                number * 960,
                Fraction(1, 48_000),
            )
            container.mux(sound.encode(heard))
        container.mux(video.encode(None))
        container.mux(sound.encode(None))
    return out.getvalue()


def test_the_longest_gap_counts_the_edges_of_the_stretch() -> None:
    """A picture that stands still at the end is a gap although none came after it."""
    frames = [seen(START_MS + at_ms) for at_ms in (100, 200, 1500, 1600)]
    got = viewed(frames, STILL, STILL, from_ms=START_MS, to_ms=START_MS + 10_000)
    assert got.longest_gap_s == pytest.approx(8.4)
    assert got.frame_rate == pytest.approx(0.4)


def test_a_stretch_without_any_picture_is_one_gap() -> None:
    """Nothing seen is the worst figure, not a missing one."""
    got = viewed([], STILL, STILL, from_ms=START_MS, to_ms=START_MS + 5000)
    assert (got.longest_gap_s, got.frame_rate, got.height) == (5.0, 0.0, 0)


def test_the_delay_is_from_drawing_to_presentation() -> None:
    """Pictures whose clock could not be read have none."""
    frames = [seen(START_MS + 300, drawn_ms=START_MS + 240), seen(START_MS + 400)]
    got = viewed(frames, STILL, STILL, from_ms=START_MS, to_ms=START_MS + 1000)
    assert got.delays_ms == (60.0,)


def test_freezes_and_concealed_sound_are_what_grew_in_the_stretch() -> None:
    """What was counted before it does not count."""
    before = {**STILL, "totalFreezesDuration": 4.0, "totalSamplesReceived": 1000.0}
    after = {
        **STILL,
        "totalFreezesDuration": 5.0,
        "freezeCount": 2.0,
        "concealedSamples": 6000.0,
        "silentConcealedSamples": 1200.0,
        "totalSamplesReceived": 49_000.0,
    }
    got = viewed([], before, after, from_ms=0, to_ms=10_000)
    assert (got.freeze_ratio, got.freezes, got.concealed_ratio) == (0.1, 2, 0.1)


def test_a_recording_with_a_code_in_it_is_legible() -> None:
    """All of it, with whole sound."""
    parts = [(float(START_MS), recording(3, code=True))]
    got = recorded(parts, from_ms=START_MS + 500, to_ms=START_MS + 2500)
    assert got.legibility == 1.0
    assert got.height == 720
    assert got.frame_rate == pytest.approx(10, abs=0.6)
    assert got.audio_gap_ratio < 0.02


def test_a_recording_without_a_code_is_not_legible() -> None:
    """Sharp as it is."""
    parts = [(float(START_MS), recording(2, code=False))]
    assert recorded(parts, from_ms=START_MS, to_ms=START_MS + 2000).legibility == 0.0


def test_a_picture_that_stands_for_more_than_two_seconds_is_none() -> None:
    """A recording of two seconds is judged over six: four are covered, by it and by its last."""
    parts = [(float(START_MS), recording(2, code=True))]
    got = recorded(parts, from_ms=START_MS, to_ms=START_MS + 6000)
    assert got.legibility == pytest.approx(4 / 6, abs=0.05)


def test_missing_sound_is_a_gap() -> None:
    """Sound that stops after one second of two leaves half of them."""
    parts = [(float(START_MS), recording(2, code=False, silent_from_s=1))]
    got = recorded(parts, from_ms=START_MS, to_ms=START_MS + 2000)
    assert got.audio_gap_ratio == pytest.approx(0.5, abs=0.03)


def test_a_picture_that_cannot_be_decoded_costs_only_itself() -> None:
    """Over a bad network a recording holds some; its figures are still wanted."""
    media = bytearray(recording(4, code=True))
    with av.open(io.BytesIO(media)) as container:
        packets = [one for one in container.demux(video=0) if one.size]
    damaged = packets[20]
    assert damaged.pos is not None
    media[damaged.pos : damaged.pos + damaged.size] = b"\xff" * damaged.size
    with av.open(io.BytesIO(media)) as container, pytest.raises(av.error.InvalidDataError):
        list(container.decode(video=0))
    parts = [(float(START_MS), bytes(media))]
    got = recorded(parts, from_ms=START_MS, to_ms=START_MS + 4000)
    assert got.frame_rate == pytest.approx(9.75)
    assert got.audio_gap_ratio < 0.02
