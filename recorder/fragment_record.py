"""PURE. A fragment's bytes and the header that stands before them in the journal."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from recorder import fmp4, webm
from recorder.fragments import Fragment
from recorder.sample_index import compress, pack_fragment, read_table
from recorder.virtual_file import Container

RecordHeader = dict[str, Any]
"""``fact`` as in ``segment_sealed``, ``last_wall_ns``, ``losses``, ``tellings``, ``samples``."""


def encode_fragment(
    container: Container, number: int, fragment: Fragment
) -> tuple[RecordHeader, bytes]:
    """Header and bytes of fragment ``number``, which counts from 1."""
    form = fmp4 if container is Container.MP4 else webm
    body = form.fragment_bytes(number, fragment)
    start_ms = round(fragment.start_s * 1000)
    samples = pack_fragment(
        (
            sample.track,
            sample.keyframe,
            len(sample.data),
            sample.duration,
            sample.time,
            sample.rtp_timestamp,
        )
        for sample in form.in_file_order(fragment)
    )
    header = {
        "fact": {
            "no": number,
            "bytes": len(body),
            "sha256": sha256(body).hexdigest(),
            "start_ms": start_ms,
            "duration_ms": max(round(fragment.end_s * 1000) - start_ms, 0),
            "wall_ns": fragment.wall_ns,
            "keyframe": fragment.keyframe,
            "clocks": [asdict(reading) for reading in fragment.clocks],
        },
        "last_wall_ns": fragment.last_wall_ns,
        "losses": [asdict(loss) for loss in fragment.losses],
        "tellings": fragment.tellings,
        "samples": b64encode(samples).decode(),
    }
    return header, body


def segment_index(headers: Sequence[RecordHeader]) -> bytes:
    """The sample table of the segment that these fragments make."""
    return compress(b"".join(b64decode(header["samples"]) for header in headers))


def last_ticks(before: tuple[int, int], index: bytes) -> tuple[int, int]:
    """The last decode times (video, audio) after a segment with this sample table."""
    table = read_table(index)
    last = list(before)
    for track in (0, 1):
        times = table["time"][table["track"] == track]
        if len(times):
            last[track] = max(last[track], int(times[-1]))
    return last[0], last[1]
