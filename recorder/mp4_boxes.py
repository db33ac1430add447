"""PURE. The MP4 boxes that the live recording and the virtual file share.

Sources: ISO/IEC 14496-12 (boxes), 14496-15 (avc3, avcC), Opus in ISO base media (dOps).
"""

from __future__ import annotations

from struct import pack
from typing import Final

from recorder.h264_parameters import ParameterSets
from recorder.sample_index import AUDIO, AUDIO_RATE, RATES, VIDEO, VIDEO_RATE

VIDEO_TRACK: Final = 1
AUDIO_TRACK: Final = 2
TRACK_IDS: Final = (VIDEO_TRACK, AUDIO_TRACK)
MOVIE_RATE: Final = 1_000
FREE_BYTES: Final = 16
_MATRIX = pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_UNDETERMINED_LANGUAGE = 0x55C4
DEFAULT_SIZE: Final = (1280, 720)


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box: its size, its four letters and what is in it."""
    return b"".join((pack(">I4s", 8 + sum(map(len, parts)), kind), *parts))


def full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """A box with a version and flags."""
    return box(kind, pack(">I", version << 24 | flags), *parts)


def file_type() -> bytes:
    """The ``ftyp`` box of our files."""
    return box(b"ftyp", b"iso6", pack(">I", 1), b"iso6", b"iso5", b"mp41")


def movie_header(duration_ms: int) -> bytes:
    """``mvhd`` with a 64-bit duration."""
    return full_box(
        b"mvhd",
        1,
        0,
        pack(">QQIQIH", 0, 0, MOVIE_RATE, duration_ms, 0x10000, 0x100),
        bytes(10),
        _MATRIX,
        bytes(24),
        pack(">I", 3),
    )


def sample_entry(
    track: int, parameters: ParameterSets | None, size: tuple[int, int] = DEFAULT_SIZE
) -> bytes:
    """``avc3`` (parameter sets travel in band, so the first may be absent here) or ``Opus``."""
    if track == AUDIO:
        # No pre-skip: what is recorded is the middle of a stream, and each packet keeps its time.
        details = box(b"dOps", pack(">BBHIhB", 0, 2, 0, AUDIO_RATE, 0, 0))
        return box(
            b"Opus", bytes(6), pack(">H", 1), bytes(8), pack(">HHII", 2, 16, 0, AUDIO_RATE << 16),
            details,
        )  # fmt: skip
    if parameters is None:
        width, height = size
        configuration = b"\x01\x42\xe0\x1f\xff\xe0\x00"
    else:
        width, height = parameters.width, parameters.height
        configuration = b"".join(
            (
                b"\x01",
                parameters.sps[1:4],
                b"\xff\xe1",
                pack(">H", len(parameters.sps)),
                parameters.sps,
                b"\x01",
                pack(">H", len(parameters.pps)),
                parameters.pps,
            )
        )
    return box(
        b"avc3",
        bytes(6),
        pack(">H", 1),
        bytes(16),
        pack(">HHIIIH", width, height, 0x480000, 0x480000, 0, 1),
        bytes(32),
        pack(">Hh", 24, -1),
        box(b"avcC", configuration),
    )


def track_box(
    track: int,
    tables: bytes,
    *,
    size: tuple[int, int] = DEFAULT_SIZE,
    start_ms: int = 0,
    duration_ticks: int = 0,
) -> bytes:
    """A ``trak``; ``tables`` are the boxes inside its ``stbl``, sample description first."""
    rate = RATES[track]
    duration_ms = duration_ticks * MOVIE_RATE // rate
    video = track == VIDEO
    width, height = size if video else (0, 0)
    header = full_box(
        b"tkhd",
        1,
        3,
        pack(">QQIIQ", 0, 0, TRACK_IDS[track], 0, start_ms + duration_ms),
        bytes(8),
        pack(">HHHH", 0, 0, 0 if video else 0x100, 0),
        _MATRIX,
        pack(">II", width << 16, height << 16),
    )
    edits = b""
    if start_ms:
        # An empty edit keeps a track that began late in its place.
        edits = box(
            b"edts",
            full_box(
                b"elst",
                1,
                0,
                pack(">I", 2),
                pack(">QqI", start_ms, -1, 0x10000),
                pack(">QqI", duration_ms, 0, 0x10000),
            ),
        )
    media_header = full_box(b"vmhd", 0, 1, bytes(8)) if video else full_box(b"smhd", 0, 0, bytes(4))
    return box(
        b"trak",
        header,
        edits,
        box(
            b"mdia",
            full_box(
                b"mdhd",
                1,
                0,
                pack(">QQIQHH", 0, 0, rate, duration_ticks, _UNDETERMINED_LANGUAGE, 0),
            ),
            full_box(b"hdlr", 0, 0, pack(">I4s", 0, b"vide" if video else b"soun"), bytes(13)),
            box(
                b"minf",
                media_header,
                box(b"dinf", full_box(b"dref", 0, 0, pack(">I", 1), full_box(b"url ", 0, 1))),
                box(b"stbl", tables),
            ),
        ),
    )


__all__ = [
    "AUDIO_TRACK",
    "DEFAULT_SIZE",
    "FREE_BYTES",
    "TRACK_IDS",
    "VIDEO_RATE",
    "VIDEO_TRACK",
    "box",
    "file_type",
    "full_box",
    "movie_header",
    "sample_entry",
    "track_box",
]
