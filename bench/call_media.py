"""The media of a simulated call: real H.264 720p30 at 1.3 Mb/s and Opus, ready as RTP payloads."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import av
import numpy as np

FPS = 30
SECONDS = 5
BITRATE_BPS = 1_300_000
_MAX_PAYLOAD = 1180


@cache
def video_frames() -> tuple[tuple[bytes, ...], ...]:
    """Frames as lists of payloads (RFC 6184); the first is a keyframe, so that it can loop."""
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = 1280, 720, "yuv420p"
    context.framerate = Fraction(FPS)
    context.time_base = Fraction(1, FPS)
    context.bit_rate = BITRATE_BPS
    context.gop_size = FPS * SECONDS
    context.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "profile": "baseline",
        "x264-params": f"keyint={FPS * SECONDS}:scenecut=0:repeat-headers=1:"
        f"vbv-maxrate={BITRATE_BPS // 1000}:vbv-bufsize={BITRATE_BPS // 2000}",
    }
    chance = np.random.default_rng(1)
    base = chance.integers(40, 200, (720 // 8, 1280 // 8), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    frames = []
    for number in range(FPS * SECONDS):
        luma = np.roll(base, (number * 2, number * 3), (0, 1))
        luma[200:400, 300:700] = chance.integers(0, 255, (200, 400), dtype=np.uint8) // 4 + 96
        picture = np.full((1080, 1280), 128, np.uint8)
        picture[:720] = luma
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts = number
        frames += [bytes(packet) for packet in context.encode(frame)]
    frames += [bytes(packet) for packet in context.encode(None)]
    return tuple(_packetise(frame) for frame in frames)


def _packetise(stream: bytes) -> tuple[bytes, ...]:
    payloads: list[bytes] = []
    for unit in stream.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]:
        if len(unit) <= _MAX_PAYLOAD:
            payloads.append(unit)
            continue
        indicator, kind = unit[0] & 0xE0 | 28, unit[0] & 0x1F
        body = unit[1:]
        pieces = [body[at : at + _MAX_PAYLOAD] for at in range(0, len(body), _MAX_PAYLOAD)]
        for index, piece in enumerate(pieces):
            flags = (0x80 if index == 0 else 0) | (0x40 if index == len(pieces) - 1 else 0)
            payloads.append(bytes((indicator, flags | kind)) + piece)
    return tuple(payloads)


@cache
def audio_frames() -> tuple[bytes, ...]:
    """Opus packets of 20 ms: a tone with noise."""
    context = av.CodecContext.create("libopus", "w")
    context.sample_rate, context.layout, context.format = 48_000, "stereo", "s16"
    context.bit_rate = 32_000
    chance = np.random.default_rng(2)
    packets: list[bytes] = []
    for number in range(100):
        time_s = (np.arange(960) + number * 960) / 48_000
        tone = 8_000 * np.sin(2 * np.pi * 440 * time_s) + chance.normal(0, 300, 960)
        samples = np.repeat(tone.astype(np.int16), 2)[None, :]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
        frame.sample_rate, frame.pts = 48_000, number * 960
        packets += [bytes(packet) for packet in context.encode(frame)]
    return tuple(packets)
