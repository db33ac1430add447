"""How fast a film of a long call is drawn: two sides of 720p, by the process that draws films."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import AsyncIterator
from fractions import Fraction
from functools import cache
from struct import pack
from typing import Final

import av
import cv2

from recorder.derived.film_plan import FilmPlan, Lane
from recorder.derived.render import END_LANE, RECORD
from recorder.sample_index import AUDIO, VIDEO
from runtime.confined import stream_apart
from tests.support.cameras import draw_frame
from tests.support.frame_code import Camera
from tests.support.tap_feed import encode_audio

_LOOP_S: Final = 10
_PER_S: Final = 20
_SIZE: Final = (1280, 720)
_BPS: Final = 1_200_000
_SIDES: Final = (Camera.BUYER, Camera.HOST)
_T0_NS: Final = 1_790_000_000_000_000_000
_STALL_S: Final = 120.0
_START: Final = re.compile(rb"\x00?\x00\x00\x01")


async def film_speed(seconds: int) -> float:
    """Seconds of film for each second of drawing.

    Raises:
        RuntimeError: it was not drawn.
    """
    plan = FilmPlan(
        from_ns=_T0_NS,
        to_ns=_T0_NS + seconds * 1_000_000_000,
        zone="Europe/Berlin",
        language="de",
        heading="A measured film",
        card=["A measured film"],
        comment="",
        sides=["Buyer", "Inspector"],
        lanes=[Lane("h264", side) for side in range(len(_SIDES))],
        holes=[],
        masks=[],
        mutes=[],
    )
    samples = _loop()

    async def feed() -> AsyncIterator[bytes]:
        yield plan.to_json()
        for begin in range(0, seconds, _LOOP_S):
            for at_ns, lane, track, sample in samples:
                head = RECORD.pack(lane, track, _T0_NS + begin * 10**9 + at_ns, len(sample))
                yield head + sample
        yield RECORD.pack(END_LANE, 0, 0, 0)

    async def tell(_: bytes) -> None:
        """Nobody asks how far it is."""

    with tempfile.TemporaryFile() as file:
        began = time.perf_counter()
        files = [file.fileno()]
        if not await stream_apart(
            "recorder.derived.render", feed(), tell, files=files, stall_s=_STALL_S
        ):
            raise RuntimeError("the film was not drawn")
        return seconds / (time.perf_counter() - began)


@cache
def _loop() -> list[tuple[int, int, int, bytes]]:
    """Nanoseconds, lane, track and sample of ten seconds, in order."""
    found = [
        (round(frame.at_s * 1e9), lane, AUDIO, frame.data)
        for lane in range(len(_SIDES))
        for frame in encode_audio(_LOOP_S)
    ]
    for lane, camera in enumerate(_SIDES):
        found += [(at_ns, lane, VIDEO, sample) for at_ns, sample in _pictures(camera)]
    return sorted(found, key=lambda one: one[0])


def _pictures(camera: Camera) -> list[tuple[int, bytes]]:
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height = _SIZE
    encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, _PER_S)
    encoder.framerate, encoder.gop_size, encoder.bit_rate = Fraction(_PER_S), _PER_S * 5, _BPS
    encoder.options = {"preset": "veryfast", "tune": "zerolatency", "profile": "baseline"}
    found = []
    for number in [*range(_LOOP_S * _PER_S), None]:
        frame = None
        if number is not None:
            drawn = cv2.resize(draw_frame(camera, number), _SIZE)
            frame = av.VideoFrame.from_ndarray(drawn, "bgr24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, encoder.time_base
        for packet in encoder.encode(frame):
            units = [one for one in _START.split(bytes(packet)) if one]
            sample = b"".join(pack("!I", len(one)) + one for one in units)
            found.append(((packet.pts or 0) * 1_000_000_000 // _PER_S, sample))
    return found
