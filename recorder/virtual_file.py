"""PURE. The playable file that a recording's stored bytes appear as, without a copy.

MP4: the 16-byte ``free`` box becomes the head of a 64-bit ``mdat`` that swallows the live
initialisation and every fragment as they are; a full ``moov`` follows. WebM: a new head
with known size, duration and cues in front, then the clusters as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from struct import pack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recorder import ebml, webm
from recorder.h264_parameters import find_parameter_sets, vp8_picture_size
from recorder.mp4_boxes import (
    DEFAULT_SIZE,
    FREE_BYTES,
    box,
    full_box,
    movie_header,
    sample_entry,
    track_box,
)
from recorder.sample_index import (
    AUDIO,
    BLOCK_HEADER_BYTES,
    KEYFRAME,
    RATES,
    VIDEO,
    SampleTable,
    fragment_numbers,
    sample_offsets,
)


class Container(StrEnum):
    """The two forms of a recording."""

    MP4 = "mp4"
    WEBM = "webm"

    @property
    def content_type(self) -> str:
        """What HTTP calls it."""
        return f"video/{self}"

    @property
    def header_bytes(self) -> int:
        """What stands before each sample inside a fragment."""
        return BLOCK_HEADER_BYTES if self is Container.WEBM else 0


@dataclass(frozen=True, slots=True)
class BodyRange:
    """Bytes ``start`` (included) to ``end`` (excluded) of the fragments put end to end."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Layout:
    """New bytes, then the fragments as they are, then new bytes."""

    head: bytes
    body_bytes: int
    tail: bytes

    @property
    def size(self) -> int:
        """The virtual file's length."""
        return len(self.head) + self.body_bytes + len(self.tail)

    def pieces(self, start: int, end: int) -> list[bytes | BodyRange]:
        """What bytes ``start`` (included) to ``end`` (excluded) consist of, in order.

        Raises:
            ValueError: the range is not inside the file.
        """
        if not 0 <= start <= end <= self.size:
            raise ValueError("the range is outside the file")
        found: list[bytes | BodyRange] = []
        body_at = len(self.head)
        tail_at = body_at + self.body_bytes
        if start < min(end, body_at):
            found.append(self.head[start : min(end, body_at)])
        body_from, body_to = max(start, body_at), min(end, tail_at)
        if body_from < body_to:
            found.append(BodyRange(body_from - body_at, body_to - body_at))
        if max(start, tail_at) < end:
            found.append(self.tail[max(start, tail_at) - tail_at : end - tail_at])
        return found


def lay_out(
    container: Container,
    init: bytes,
    fragment_sizes: Sequence[int],
    table: SampleTable,
    *,
    t0_ns: int = 0,
    first_keyframe: bytes | None = None,
) -> Layout:
    """The virtual file of a recording.

    ``first_keyframe`` is the first picture that stands on its own: it tells the size.

    Raises:
        ValueError: the parts do not fit each other.
    """
    offsets = sample_offsets(table, fragment_sizes, container.header_bytes)
    if container is Container.MP4:
        return _mp4(init, sum(fragment_sizes), table, offsets, first_keyframe)
    return _webm(fragment_sizes, table, t0_ns, first_keyframe)


def _mp4(
    init: bytes,
    body_bytes: int,
    table: SampleTable,
    offsets: NDArray[np.int64],
    first_keyframe: bytes | None,
) -> Layout:
    free_at = int.from_bytes(init[:4], "big")
    if init[4:8] != b"ftyp" or init[free_at : free_at + FREE_BYTES] != box(b"free", bytes(8)):
        raise ValueError("the initialisation has no room for the head of an mdat")
    rest = init[free_at + FREE_BYTES :]
    mdat_bytes = FREE_BYTES + len(rest) + body_bytes
    head = init[:free_at] + pack(">I4sQ", 1, b"mdat", mdat_bytes) + rest
    parameters = find_parameter_sets(first_keyframe) if first_keyframe else None
    size = (parameters.width, parameters.height) if parameters else DEFAULT_SIZE
    numbers = fragment_numbers(table)
    traks = []
    duration_ms = 0
    for track in (VIDEO, AUDIO):
        rows = np.flatnonzero(table["track"] == track)
        if not len(rows):
            continue
        times = table["time"][rows].astype(np.int64)
        last = int(table["duration"][rows[-1]])
        durations = np.append(np.clip(np.diff(times), 0, 0xFFFFFFFF), last)
        total = int(durations.sum())
        start_ms = int(times[0]) * 1000 // RATES[track]
        duration_ms = max(duration_ms, start_ms + total * 1000 // RATES[track])
        entry = sample_entry(track, parameters, size)
        description = full_box(b"stsd", 0, 0, pack(">I", 1), entry)
        tables = description + _sample_tables(
            track,
            durations,
            table["size"][rows],
            (table["flags"][rows] & KEYFRAME) != 0,
            numbers[rows],
            offsets[rows] + len(head),
        )
        traks.append(track_box(track, tables, size=size, start_ms=start_ms, duration_ticks=total))
    return Layout(head, body_bytes, box(b"moov", movie_header(duration_ms), *traks))


def _runs(values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Run lengths and values."""
    starts = np.flatnonzero(np.append(True, values[1:] != values[:-1]))
    return np.diff(np.append(starts, len(values))), values[starts]


def _words(*columns: NDArray[Any]) -> bytes:
    """Columns interleaved as big-endian 32-bit words."""
    return np.column_stack(columns).astype(">u4").tobytes()


def _sample_tables(
    track: int,
    durations: NDArray[np.int64],
    sizes: NDArray[Any],
    keyframes: NDArray[np.bool_],
    fragments: NDArray[np.int64],
    offsets: NDArray[np.int64],
) -> bytes:
    """stts, stss, stsc, stsz, co64; a chunk is one track's samples in one fragment."""
    counts, lengths = _runs(durations)
    tables = full_box(b"stts", 0, 0, pack(">I", len(counts)), _words(counts, lengths))
    if track == VIDEO:
        sync = np.flatnonzero(keyframes) + 1
        tables += full_box(b"stss", 0, 0, pack(">I", len(sync)), sync.astype(">u4").tobytes())
    in_chunk, _ = _runs(fragments)
    chunk_runs, samples_each = _runs(in_chunk)
    first_chunk = np.cumsum(np.append(1, chunk_runs[:-1]))
    tables += full_box(
        b"stsc",
        0,
        0,
        pack(">I", len(first_chunk)),
        _words(first_chunk, samples_each, np.ones_like(first_chunk)),
    )
    tables += full_box(b"stsz", 0, 0, pack(">II", 0, len(sizes)), sizes.astype(">u4").tobytes())
    chunk_at = np.cumsum(np.append(0, in_chunk[:-1]))
    return tables + full_box(
        b"co64", 0, 0, pack(">I", len(chunk_at)), offsets[chunk_at].astype(">u8").tobytes()
    )


def _webm(
    fragment_sizes: Sequence[int],
    table: SampleTable,
    t0_ns: int,
    first_keyframe: bytes | None,
) -> Layout:
    size = (vp8_picture_size(first_keyframe) if first_keyframe else None) or DEFAULT_SIZE
    present = [track for track in (VIDEO, AUDIO) if bool((table["track"] == track).any())]
    end_ms = 0.0
    for track in present:
        rows = np.flatnonzero(table["track"] == track)
        end = int(table["time"][rows[-1]]) + int(table["duration"][rows[-1]])
        end_ms = max(end_ms, end * 1000 / RATES[track])
    cluster_at = np.cumsum(np.append(0, np.asarray(fragment_sizes, np.int64)))[:-1]
    before = webm.info(t0_ns, end_ms) + webm.tracks_element(present, size)
    points = _cue_points(table)
    # A cue's position counts the cues themselves; their fields have a fixed width, so the
    # length is known before the positions are.
    cues_bytes = len(_cues(points, cluster_at, 0))
    cues = _cues(points, cluster_at, len(before) + cues_bytes)
    inside = before + cues
    body_bytes = sum(fragment_sizes)
    head = (
        webm.ebml_header()
        + ebml.identifier(ebml.SEGMENT)
        + ebml.size_field(len(inside) + body_bytes, 8)
        + inside
    )
    return Layout(head, body_bytes, b"")


def _cue_points(table: SampleTable) -> list[tuple[int, int, int]]:
    """``(ms, track, fragment)``: the first key picture of each fragment, or its first sound."""
    track = VIDEO if bool((table["track"] == VIDEO).any()) else AUDIO
    rows = np.flatnonzero((table["track"] == track) & ((table["flags"] & KEYFRAME) != 0))
    numbers = fragment_numbers(table)[rows]
    _, first = np.unique(numbers, return_index=True)
    return [
        (webm.milliseconds(track, int(table["time"][rows[at]])), track, int(numbers[at]))
        for at in first
    ]


def _cues(points: list[tuple[int, int, int]], cluster_at: NDArray[np.int64], shift: int) -> bytes:
    if not points:
        return b""
    return ebml.element(
        ebml.CUES,
        *(
            ebml.element(
                0xBB,
                ebml.unsigned(0xB3, ms, 8),
                ebml.element(
                    0xB7,
                    ebml.unsigned(0xF7, track + 1),
                    ebml.unsigned(0xF1, int(cluster_at[fragment]) + shift, 8),
                ),
            )
            for ms, track, fragment in points
        ),
    )
