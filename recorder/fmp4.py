"""PURE. Live fragmented MP4: initialisation bytes, and each fragment's bytes.

The initialisation can be written before any picture has come: parameter sets stay in
band (``avc3``). A ``free`` box of 16 bytes after ``ftyp`` is where the virtual file puts
the head of its 64-bit ``mdat``. Each fragment is prft, emsg, moof, mdat; its sample
bytes end it, video first.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from struct import pack

from recorder.fragments import ClockReading, Fragment, Sample
from recorder.h264_parameters import ParameterSets
from recorder.mp4_boxes import (
    DEFAULT_SIZE,
    FREE_BYTES,
    TRACK_IDS,
    box,
    file_type,
    full_box,
    movie_header,
    sample_entry,
    track_box,
)
from recorder.sample_index import AUDIO, RATES, VIDEO, VIDEO_RATE

SENDER_CLOCK_SCHEME = b"urn:proofcall:sender-clock:1"
_NTP_EPOCH_S = 2_208_988_800
_SYNC = 0x02000000
_NOT_SYNC = 0x01010000
_BASE_IS_MOOF = 0x020000
_RUN_FLAGS = 0x000701
_HEADER_BOX_BYTES = 16
_RUN_BYTES = 8 + 16 + 20 + 20
_ROW_BYTES = 12


def initialisation(
    tracks: Sequence[int] = (VIDEO, AUDIO),
    *,
    parameters: ParameterSets | None = None,
    size: tuple[int, int] = DEFAULT_SIZE,
) -> bytes:
    """``ftyp``, ``free`` and a ``moov`` without samples for the given tracks."""
    if parameters is not None:
        size = parameters.width, parameters.height
    empty = (
        full_box(b"stts", 0, 0, bytes(4))
        + full_box(b"stsc", 0, 0, bytes(4))
        + full_box(b"stsz", 0, 0, bytes(8))
        + full_box(b"stco", 0, 0, bytes(4))
    )
    traks = []
    for track in tracks:
        entry = sample_entry(track, parameters, size)
        description = full_box(b"stsd", 0, 0, pack(">I", 1), entry)
        traks.append(track_box(track, description + empty, size=size))
    extends = [
        full_box(b"trex", 0, 0, pack(">IIIII", TRACK_IDS[track], 1, 0, 0, 0)) for track in tracks
    ]
    return (
        file_type()
        + box(b"free", bytes(FREE_BYTES - 8))
        + box(b"moov", movie_header(0), *traks, box(b"mvex", *extends))
    )


def _wall_clock(track: int, wall_ns: int, media_time: int) -> bytes:
    seconds, rest = divmod(wall_ns, 1_000_000_000)
    fraction = (rest << 32) // 1_000_000_000
    return full_box(
        b"prft",
        1,
        24,
        pack(">IIIQ", TRACK_IDS[track], seconds + _NTP_EPOCH_S & 0xFFFFFFFF, fraction, media_time),
    )


def _sender_clock(reading: ClockReading, media_time: int, number: int) -> bytes:
    message = json.dumps(asdict(reading), separators=(",", ":")).encode()
    return full_box(
        b"emsg",
        1,
        0,
        pack(">IQII", VIDEO_RATE, media_time, 0, number),
        SENDER_CLOCK_SCHEME + b"\x00\x00",
        message,
    )


def _run(track: int, samples: Sequence[Sample], data_offset: int) -> bytes:
    values = [
        value
        for sample in samples
        for value in (
            min(sample.duration, 0xFFFFFFFF),
            len(sample.data),
            _SYNC if sample.keyframe else _NOT_SYNC,
        )
    ]
    return box(
        b"traf",
        full_box(b"tfhd", 0, _BASE_IS_MOOF, pack(">I", TRACK_IDS[track])),
        full_box(b"tfdt", 1, 0, pack(">Q", samples[0].time)),
        full_box(
            b"trun",
            0,
            _RUN_FLAGS,
            pack(">Ii", len(samples), data_offset),
            pack(f">{len(values)}I", *values),
        ),
    )


def _movie_fragment(number: int, runs: Sequence[Sequence[Sample]], data_offset: int) -> bytes:
    trafs = []
    for run in runs:
        trafs.append(_run(run[0].track, run, data_offset))
        data_offset += sum(len(sample.data) for sample in run)
    return box(b"moof", full_box(b"mfhd", 0, 0, pack(">I", number)), *trafs)


def in_file_order(fragment: Fragment) -> list[Sample]:
    """The samples as they follow each other in the fragment's bytes."""
    return [*fragment.video, *fragment.audio]


def fragment_bytes(number: int, fragment: Fragment) -> bytes:
    """The bytes of one fragment; ``number`` counts from 1."""
    runs = [run for run in (fragment.video, fragment.audio) if run]
    first = runs[0][0]
    wall_ns = fragment.t0_ns + first.time * 1_000_000_000 // RATES[first.track]
    head_bytes = 8 + _HEADER_BOX_BYTES + sum(_RUN_BYTES + _ROW_BYTES * len(run) for run in runs)
    start_ticks = round(fragment.start_s * VIDEO_RATE)
    data = [sample.data for run in runs for sample in run]
    return b"".join(
        (
            _wall_clock(first.track, wall_ns, first.time),
            *(
                _sender_clock(reading, start_ticks, number * 16 + at)
                for at, reading in enumerate(fragment.clocks)
            ),
            _movie_fragment(number, runs, head_bytes + 8),
            pack(">I4s", 8 + sum(map(len, data)), b"mdat"),
            *data,
        )
    )
