"""PURE. When a fragment was, read from the very bytes that were hashed.

MP4 (ISO/IEC 14496-12): ``tfdt`` and ``trun`` of each track in the ``moof``. WebM (RFC 9559):
the Cluster's Timestamp and the relative times of its SimpleBlocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import error as StructError  # noqa: N812 - it is an exception
from struct import unpack_from
from typing import Final

_RATES: Final = {1: 90_000, 2: 48_000}
"""Ticks per second by track number: pictures, sound."""
_RUN_FLAGS: Final = 0x000701
_CLUSTER: Final = 0x1F43B675
_TIMESTAMP: Final = 0xE7
_SIMPLE_BLOCK: Final = 0xA3
_MAX_MS: Final = 2**48


class NoMoment(ValueError):  # noqa: N818 - it says what was found
    """The bytes are not a fragment as the recorder writes them."""


def sample_moments(container: str, content: bytes) -> tuple[int, int]:
    """When the first and the last sample of a fragment begin, in ms of recording time.

    Raises:
        NoMoment: the bytes do not say it.
    """
    try:
        times = list(_mp4_times(content) if container == "mp4" else _webm_times(content))
    except (StructError, IndexError) as error:
        raise NoMoment("cut short") from error
    if not times or max(times) > _MAX_MS:
        raise NoMoment("no sample in it")
    return min(times), max(times)


def _boxes(content: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of the content of each box."""
    while start < end:
        size, kind = unpack_from(">I4s", content, start)
        if size < 8 or start + size > end:
            raise NoMoment("not a box")
        yield kind, start + 8, start + size
        start += size


def _mp4_times(content: bytes) -> Iterator[int]:
    """The first and the last sample's time of every run."""
    for kind, start, end in _boxes(content, 0, len(content)):
        if kind != b"moof":
            continue
        for inner, at, until in _boxes(content, start, end):
            if inner == b"traf":
                yield from _run_times(content, at, until)


def _run_times(content: bytes, start: int, end: int) -> Iterator[int]:
    found = {kind: at for kind, at, _ in _boxes(content, start, end)}
    if not {b"tfhd", b"tfdt", b"trun"} <= found.keys():
        raise NoMoment("not a run")
    (track,) = unpack_from(">I", content, found[b"tfhd"] + 4)
    version, ticks = unpack_from(">B3xQ", content, found[b"tfdt"])
    flags, count = unpack_from(">II", content, found[b"trun"])
    if track not in _RATES or version != 1 or flags != _RUN_FLAGS or not count:
        raise NoMoment("not a run")
    if found[b"trun"] + 12 + 12 * count > end:
        raise NoMoment("not a run")
    yield ticks * 1000 // _RATES[track]
    for at in range(count - 1):
        ticks += unpack_from(">I", content, found[b"trun"] + 12 + 12 * at)[0]
    yield ticks * 1000 // _RATES[track]


def _webm_times(content: bytes) -> Iterator[int]:
    kind, at, end = _element(content, 0)
    if kind != _CLUSTER or end != len(content):
        raise NoMoment("not a cluster")
    cluster_ms = None
    while at < end:
        kind, start, at = _element(content, at)
        if at > end:
            raise NoMoment("not an element")
        if kind == _TIMESTAMP and at - start == 8:
            (cluster_ms,) = unpack_from(">Q", content, start)
        elif kind == _SIMPLE_BLOCK:
            if cluster_ms is None:
                raise NoMoment("a block before the time")
            (relative_ms,) = unpack_from(">h", content, start + 1)
            if relative_ms < 0:
                raise NoMoment("a block before its cluster")
            yield cluster_ms + relative_ms


def _element(content: bytes, at: int) -> tuple[int, int, int]:
    """An element's id, and where its content starts and ends."""
    id_bytes = 9 - content[at].bit_length()
    kind = int.from_bytes(content[at : at + id_bytes])
    at += id_bytes
    size_bytes = 9 - content[at].bit_length()
    if id_bytes > 4 or size_bytes > 8:
        raise NoMoment("not an element")
    marked = int.from_bytes(content[at : at + size_bytes])
    at += size_bytes
    return kind, at, at + (marked ^ 1 << 7 * size_bytes)
