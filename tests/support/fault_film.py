"""A film whose every picture and packet of sound is unlike all others, so that each can be named.

The server decodes nothing: what is recorded is, byte for byte, what was sent. So a recording is
read without decoding it, by looking up the digest of each sample.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Final

import av
import numpy as np

from tests.support.fault_account import Item
from tests.support.tap_feed import (
    EncodedFrame,
    encode_video,
    encode_wave,
    h264_payloads,
    nal_units,
)

TICK_NS: Final = 20_000_000
"""One packet of sound."""
TICKS_PER_PICTURE: Final = 5
SECONDS: Final = 100
_SLICES: Final = (1, 5)


@dataclass(frozen=True, slots=True)
class Film:
    """The packets to send, and whose each sample is."""

    pictures: list[list[bytes]]
    sound: list[bytes]
    named: dict[bytes, Item]


@cache
def film() -> Film:
    """A hundred seconds: ten small pictures a second, each decodable alone, and noise."""
    rate = round(1e9 / TICK_NS / TICKS_PER_PICTURE)
    pictures = encode_video("h264", SECONDS * rate, size=(160, 96), rate=rate, keyframe_every=1)
    noise = np.random.default_rng(5).normal(0, 3_000, SECONDS * 48_000)
    sound = encode_wave(noise)
    named: dict[bytes, Item] = {}
    for number, frame in enumerate(pictures):
        named[_digest(_slices(frame))] = ("video", number)
    for number, frame in enumerate(sound):
        named[_digest(frame.data)] = ("audio", number)
    assert len(named) == len(pictures) + len(sound), "each is unlike all others"
    return Film(
        [h264_payloads(frame.data) for frame in pictures], [frame.data for frame in sound], named
    )


def recorded_in(content: bytes, t0_ns: int) -> list[tuple[Item | None, int]]:
    """Every sample of a recording: what it is (None: nothing that was ever filmed), and when."""
    found: list[tuple[Item | None, int]] = []
    named = film().named
    with av.open(io.BytesIO(content)) as container:
        for packet in container.demux():
            if packet.dts is None or packet.pts is None:
                continue
            data = bytes(packet)
            if packet.stream.type == "video":
                data = _length_prefixed_slices(data)
            at_ns = t0_ns + round(packet.pts * packet.time_base * 1_000_000_000)
            found.append((named.get(_digest(data)), at_ns))
    return found


def _slices(frame: EncodedFrame) -> bytes:
    return b"".join(unit for unit in nal_units(frame.data) if unit[0] & 31 in _SLICES)


def _length_prefixed_slices(sample: bytes) -> bytes:
    at, found = 0, b""
    while at + 4 <= len(sample):
        size = int.from_bytes(sample[at : at + 4], "big")
        unit = sample[at + 4 : at + 4 + size]
        if unit and unit[0] & 31 in _SLICES:
            found += unit
        at += 4 + size
    return found


def _digest(data: bytes) -> bytes:
    return sha256(data).digest()[:16]
