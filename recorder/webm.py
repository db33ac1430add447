"""PURE. Live WebM (VP8 + Opus): initialisation bytes, and one Cluster per fragment.

The segment's size is unknown, each cluster's is known. A block's header always takes
``BLOCK_HEADER_BYTES``, so that the sample table finds every frame. The server's wall
clock and the sender's travel as JSON in a Void element, which players skip.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from struct import pack
from typing import Final

from recorder import ebml
from recorder.fragments import Fragment, Sample
from recorder.mp4_boxes import DEFAULT_SIZE
from recorder.sample_index import AUDIO, AUDIO_RATE, BLOCK_HEADER_BYTES, RATES, VIDEO

TIMESTAMP_SCALE_NS: Final = 1_000_000
_WEBM_EPOCH_NS = 978_307_200_000_000_000
_OPUS_HEAD = b"OpusHead" + pack("<BBHIhB", 1, 2, 0, AUDIO_RATE, 0, 0)


def ebml_header() -> bytes:
    """The document's head."""
    return ebml.element(
        ebml.EBML,
        ebml.unsigned(0x4286, 1),
        ebml.unsigned(0x42F7, 1),
        ebml.unsigned(0x42F2, 4),
        ebml.unsigned(0x42F3, 8),
        ebml.text(0x4282, "webm"),
        ebml.unsigned(0x4287, 4),
        ebml.unsigned(0x4285, 2),
    )


def info(t0_ns: int, duration_ms: float | None = None) -> bytes:
    """Timestamp scale, wall clock of the beginning and, once known, the duration."""
    parts = [
        ebml.unsigned(0x2AD7B1, TIMESTAMP_SCALE_NS),
        ebml.text(0x4D80, "proofcall"),
        ebml.text(0x5741, "proofcall"),
        ebml.element(0x4461, pack(">q", t0_ns - _WEBM_EPOCH_NS)),
    ]
    if duration_ms is not None:
        parts.append(ebml.float64(0x4489, duration_ms))
    return ebml.element(ebml.INFO, *parts)


def _track_entry(track: int, size: tuple[int, int]) -> bytes:
    common = (
        ebml.unsigned(0xD7, track + 1)
        + ebml.unsigned(0x73C5, track + 1)
        + ebml.unsigned(0x9C, 0)
        + ebml.text(0x22B59C, "und")
    )
    if track == VIDEO:
        return ebml.element(
            0xAE,
            common,
            ebml.unsigned(0x83, 1),
            ebml.text(0x86, "V_VP8"),
            ebml.element(0xE0, ebml.unsigned(0xB0, size[0]), ebml.unsigned(0xBA, size[1])),
        )
    return ebml.element(
        0xAE,
        common,
        ebml.unsigned(0x83, 2),
        ebml.text(0x86, "A_OPUS"),
        ebml.element(0x63A2, _OPUS_HEAD),
        ebml.element(0xE1, ebml.float64(0xB5, float(AUDIO_RATE)), ebml.unsigned(0x9F, 2)),
    )


def tracks_element(tracks: Sequence[int], size: tuple[int, int] = DEFAULT_SIZE) -> bytes:
    """The Tracks element; video is number 1, audio number 2."""
    return ebml.element(ebml.TRACKS, *(_track_entry(track, size) for track in tracks))


def initialisation(
    t0_ns: int,
    tracks: Sequence[int] = (VIDEO, AUDIO),
    *,
    size: tuple[int, int] = DEFAULT_SIZE,
) -> bytes:
    """All bytes before the first cluster."""
    return b"".join(
        (
            ebml_header(),
            ebml.identifier(ebml.SEGMENT),
            ebml.UNKNOWN_SIZE,
            info(t0_ns),
            tracks_element(tracks, size),
        )
    )


def milliseconds(track: int, ticks: int) -> int:
    """Ticks of a track's clock to the file's timestamp scale."""
    return (ticks * 1000 + RATES[track] // 2) // RATES[track]


def in_file_order(fragment: Fragment) -> list[Sample]:
    """The samples as they follow each other in the cluster: by time, sound before picture."""
    return sorted(
        (*fragment.video, *fragment.audio),
        key=lambda sample: (sample.time / RATES[sample.track], -sample.track),
    )


def fragment_bytes(_number: int, fragment: Fragment) -> bytes:
    """The bytes of one fragment: a Cluster."""
    samples = in_file_order(fragment)
    start_ms = milliseconds(samples[0].track, samples[0].time)
    clocks = json.dumps(
        {
            "wall_ns": fragment.wall_ns,
            "clocks": [asdict(reading) for reading in fragment.clocks],
        },
        separators=(",", ":"),
    ).encode()
    parts = [ebml.unsigned(ebml.TIMESTAMP, start_ms, 8), ebml.element(ebml.VOID, clocks)]
    for sample in samples:
        relative_ms = min(max(milliseconds(sample.track, sample.time) - start_ms, 0), 32_767)
        parts.append(
            pack(
                ">BIBhB",
                ebml.SIMPLE_BLOCK,
                0x10000000 | 4 + len(sample.data),
                0x80 | sample.track + 1,
                relative_ms,
                0x80 if sample.keyframe else 0,
            )
        )
        parts.append(sample.data)
    return ebml.element(ebml.CLUSTER, *parts)


__all__ = [
    "AUDIO",
    "BLOCK_HEADER_BYTES",
    "VIDEO",
    "fragment_bytes",
    "in_file_order",
    "initialisation",
    "milliseconds",
]
