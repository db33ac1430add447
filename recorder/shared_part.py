"""Which fragments of a recording a share of some moments reaches: no byte of any other is given."""

from __future__ import annotations

from recorder.ledger import RecordingSource
from recorder.part_export import key_pictures


def fragments_between(source: RecordingSource, from_ms: int, to_ms: int) -> range | None:
    """The numbers of the fragments that hold these wall-clock moments; None without any.

    The first is the one with the last key picture before them, so that they can be decoded;
    where there are no pictures, the one that was begun then.
    """
    t0_ms = source.t0_ns // 1_000_000
    rows = [row for segment in source.segments for row in segment.fragments]
    held = [
        row.number
        for row in rows
        if t0_ms + row.start_ms + row.duration_ms > from_ms and t0_ms + row.start_ms <= to_ms
    ]
    if not held:
        return None
    keyed = [
        number
        for number, key_ms in key_pictures(source)
        if t0_ms + key_ms <= from_ms and number <= held[0]
    ]
    return range(keyed[-1] if keyed else held[0], held[-1] + 1)
