"""PURE. The sample table of a segment: the only reader and writer of its bytes.

zlib of fixed records ``!BBIIQI``: track (0 video, 1 audio), flags (1 keyframe, 2 first
sample of a fragment), size, duration in ticks, decode time in ticks, RTP timestamp, in
file order. Samples lie one after the other up to the end of their fragment; in WebM each
stands behind a block header of ``BLOCK_HEADER_BYTES``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from struct import Struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

VIDEO: Final = 0
AUDIO: Final = 1
VIDEO_RATE: Final = 90_000
AUDIO_RATE: Final = 48_000
RATES: Final = (VIDEO_RATE, AUDIO_RATE)
BLOCK_HEADER_BYTES: Final = 9
STALE_MS: Final = 1_000
"""A picture that began longer ago no longer says what was before the camera."""

KEYFRAME: Final = 1
BEGINS_FRAGMENT: Final = 2

_RECORD = Struct("!BBIIQI")
_MAX_TABLE_BYTES = 64 * 1024 * 1024

SAMPLE_TYPE: Final = np.dtype(
    [
        ("track", "u1"),
        ("flags", "u1"),
        ("size", ">u4"),
        ("duration", ">u4"),
        ("time", ">u8"),
        ("rtp", ">u4"),
    ]
)
SampleTable = NDArray[Any]
"""Rows of ``SAMPLE_TYPE``."""

SampleRow = tuple[int, bool, int, int, int, int]
"""``track, keyframe, size, duration, time, rtp_timestamp``."""


def pack_fragment(rows: Iterable[SampleRow]) -> bytes:
    """The uncompressed records of one fragment's samples."""
    pack = _RECORD.pack
    records = []
    begins = BEGINS_FRAGMENT
    for track, keyframe, size, duration, time, rtp in rows:
        flags = begins | (KEYFRAME if keyframe else 0)
        records.append(pack(track, flags, size, min(duration, 0xFFFFFFFF), time, rtp))
        begins = 0
    return b"".join(records)


def compress(records: bytes) -> bytes:
    """A segment's ``index`` from the records of its fragments."""
    return zlib.compress(records, 6)


def read_table(index: bytes) -> SampleTable:
    """The samples of one segment.

    Raises:
        ValueError: the bytes are not a sample table.
    """
    decompressor = zlib.decompressobj()
    try:
        records = decompressor.decompress(index, _MAX_TABLE_BYTES)
    except zlib.error as error:
        raise ValueError(f"not a sample table: {error}") from error
    if not decompressor.eof or len(records) % _RECORD.size:
        raise ValueError("not a sample table: torn")
    table = np.frombuffer(records, SAMPLE_TYPE)
    if len(table) and (int(table["track"].max()) > AUDIO or not table["flags"][0] & 2):
        raise ValueError("not a sample table: impossible rows")
    return table


def join_tables(tables: Sequence[SampleTable]) -> SampleTable:
    """The samples of consecutive segments."""
    return np.concatenate(tables) if tables else np.empty(0, SAMPLE_TYPE)


def fragment_numbers(table: SampleTable) -> NDArray[np.int64]:
    """For each sample the index of its fragment, from 0."""
    return np.cumsum((table["flags"] & BEGINS_FRAGMENT) != 0, dtype=np.int64) - 1


def sample_offsets(
    table: SampleTable, fragment_sizes: Sequence[int], header_bytes: int
) -> NDArray[np.int64]:
    """Where each sample's bytes begin, counted from the first fragment's first byte.

    ``header_bytes`` stand before each sample (0 in MP4).

    Raises:
        ValueError: the table does not fit the fragments.
    """
    numbers = fragment_numbers(table)
    if len(numbers) and int(numbers[-1]) + 1 != len(fragment_sizes):
        raise ValueError("the sample table does not fit the fragments")
    ends = np.cumsum(np.asarray(fragment_sizes, np.int64))
    sizes = table["size"].astype(np.int64) + header_bytes
    reached = np.cumsum(sizes)
    last_of_fragment = np.searchsorted(numbers, np.arange(len(fragment_sizes)), "right") - 1
    shift = ends - reached[last_of_fragment] if len(numbers) else ends
    starts: NDArray[np.int64] = reached - sizes + header_bytes + shift[numbers]
    if len(numbers):
        fragment_starts = ends - np.asarray(fragment_sizes, np.int64)
        if bool((starts < fragment_starts[numbers]).any()):
            raise ValueError("the sample table does not fit the fragments")
    return starts


def picture_at(table: SampleTable, milliseconds: float) -> int | None:
    """The row of the picture shown at a moment: the last that began by then, or the first."""
    rows = np.flatnonzero(table["track"] == VIDEO)
    if not len(rows):
        return None
    ticks = round(milliseconds * VIDEO_RATE / 1000)
    at = int(np.searchsorted(table["time"][rows].astype(np.int64), ticks, "right")) - 1
    return int(rows[max(at, 0)])


def picture_shown_at(table: SampleTable, milliseconds: float, *, over: bool) -> int | None:
    """As ``picture_at``, where the table can tell: else None.

    It cannot yet when it ends before the moment while the recording goes on (not ``over``),
    and never can when the picture of then is further than ``STALE_MS`` away: a hole.
    """
    row = picture_at(table, milliseconds)
    if row is None:
        return None
    pictures = table["time"][table["track"] == VIDEO]
    if not over and int(pictures[-1]) * 1000 / VIDEO_RATE <= milliseconds:
        return None
    away_ms = abs(int(table["time"][row]) * 1000 / VIDEO_RATE - milliseconds)
    return row if away_ms <= STALE_MS else None


def picture_with(
    table: SampleTable, rtp_timestamp: int, *, near_ms: float | None = None
) -> int | None:
    """The row of the picture with an RTP timestamp; of several, the one nearest ``near_ms``."""
    rows = np.flatnonzero((table["track"] == VIDEO) & (table["rtp"] == rtp_timestamp))
    if not len(rows):
        return None
    if near_ms is None:
        return int(rows[-1])
    distance = np.abs(table["time"][rows].astype(np.float64) * 1000 / VIDEO_RATE - near_ms)
    return int(rows[int(np.argmin(distance))])


def needed_to_decode(table: SampleTable, row: int) -> list[int]:
    """The rows from the last key frame up to ``row``, in order; from the first if none was."""
    pictures = np.flatnonzero(table["track"][: row + 1] == VIDEO)
    keys = np.flatnonzero(table["flags"][pictures] & KEYFRAME)
    first = int(keys[-1]) if len(keys) else 0
    return [int(at) for at in pictures[first:]]
