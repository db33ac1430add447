"""The counter in the pictures survives what codecs, scaling and pages do to it."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.cameras import Camera, camera_frames, draw_frame, looks_warm
from tests.support.frame_code import Frame, FrameCode, read_clock, read_code, read_counter
from tests.support.media_probe import probe_media

NOW_MS = 1_795_000_000_123


def encode_at_150_kbps(frames: list[Frame], codec: str) -> bytes:
    """Encode BGR pictures as a live call at a poor bitrate would."""
    out = io.BytesIO()
    live = {
        "libx264": {
            "preset": "veryfast",
            "tune": "zerolatency",
            "maxrate": "150k",
            "bufsize": "75k",
        },
        "libvpx": {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"},
    }[codec]
    with av.open(out, "w", format="matroska") as container:
        stream = container.add_stream(codec, rate=30, options=live)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = frames[0].shape[1], frames[0].shape[0]
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 150_000
        stream.codec_context.time_base = Fraction(1, 30)
        for index, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


@given(
    st.sampled_from(list(Camera)),
    st.integers(0, 2**20 - 1),
    st.none() | st.integers(1, 2**42 - 1),
)
@settings(max_examples=20, deadline=None)
def test_a_drawn_picture_says_what_was_drawn(
    camera: Camera, counter: int, clock_ms: int | None
) -> None:
    """Camera, counter, clock and flash come back exactly."""
    code = read_code(draw_frame(camera, counter, clock_ms=clock_ms))
    assert code == FrameCode(camera, counter, clock_ms, counter % 30 < 3)


@pytest.mark.parametrize("codec", ["libx264", "libvpx"])
@pytest.mark.parametrize("downscale", [1, 3])
def test_the_counter_survives_150_kbps(codec: str, downscale: int) -> None:
    """Every decoded picture tells its counter, at full size and at a third of it."""
    size = (1280 // downscale & ~1, 720 // downscale & ~1)
    frames = [
        cv2.resize(frame, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
        for frame in camera_frames(Camera.BUYER, 60, first=870)
    ]
    probe = probe_media(encode_at_150_kbps(frames, codec))
    assert probe.unreadable() == []
    assert [frame.counter for frame in probe.frames] == list(range(870, 930))
    assert probe.counter_jumps() == []
    assert probe.cameras() == {Camera.BUYER}


@pytest.mark.parametrize(
    ("width", "height"), [(390, 844), (700, 500), (1180, 600), (160, 90), (333, 187), (1920, 1080)]
)
@pytest.mark.parametrize("fit", ["cover", "contain"])
def test_the_counter_is_read_however_a_page_fits_the_picture(
    width: int, height: int, fit: str
) -> None:
    """A video element's rectangle is read whether it crops the picture or pads it."""
    whole = draw_frame(Camera.HOST, 4711, clock_ms=NOW_MS)
    choose = max if fit == "cover" else min
    scale = choose(width / 1280, height / 720)
    shown = cv2.resize(whole, (round(1280 * scale), round(720 * scale)))
    if fit == "cover":
        top, left = (shown.shape[0] - height) // 2, (shown.shape[1] - width) // 2
        element = shown[top : top + height, left : left + width].astype(np.uint8)
    else:
        element = np.zeros((height, width, 3), np.uint8)
        top, left = (height - shown.shape[0]) // 2, (width - shown.shape[1]) // 2
        element[top : top + shown.shape[0], left : left + shown.shape[1]] = shown
    assert read_counter(element) == 4711
    assert read_clock(element[:, ::-1]) == NOW_MS, "mirrored, as one's own picture often is"


def test_the_counter_is_found_anywhere_on_a_page() -> None:
    """A rectangle that is much larger than the video still gives the counter."""
    page = np.full((900, 1440, 3), 245, np.uint8)
    page[300:660, 100:740] = cv2.resize(draw_frame(Camera.BUYER, 99), (640, 360))
    assert read_counter(page) == 99


def test_other_pictures_say_nothing() -> None:
    """Noise, plain colours, slivers and a picture blended from two are None, not a number."""
    noise = np.random.default_rng(1)
    for _ in range(20):
        assert read_code(noise.integers(0, 256, (180, 320, 3)).astype(np.uint8)) is None
    for plain in (0, 128, 255):
        assert read_code(np.full((720, 1280, 3), plain, np.uint8)) is None
    assert read_code(np.zeros((2, 2, 3), np.uint8)) is None
    assert read_code(np.zeros((40, 30), np.uint8)) is None


def test_the_two_cameras_differ_in_colour() -> None:
    """The buyer's scene is warm and the host's is cool, so that a person sees who is who."""
    assert looks_warm(draw_frame(Camera.BUYER, 0)[..., ::-1].astype(np.uint8))
    assert not looks_warm(draw_frame(Camera.HOST, 0)[..., ::-1].astype(np.uint8))
