"""PURE. Whether a JPEG is one that a page may hold as it is, from its markers alone."""

from __future__ import annotations

from typing import Final

MAX_BYTES: Final = 4 * 1024 * 1024
_MAX_SIDE: Final = 8192
# Baseline, extended and progressive: what every reader of PDF decodes.
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})
_OTHER_FRAMES: Final = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN: Final = 0xDA


def jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Width and height of an 8-bit grey or colour JPEG of bounded size; None for anything else."""
    if len(content) > MAX_BYTES or content[:2] != b"\xff\xd8" or content[-2:] != b"\xff\xd9":
        return None
    at, size = 2, None
    while at + 4 <= len(content):
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4])
        if content[at] != 0xFF or length < 2 or marker in _OTHER_FRAMES:
            return None
        if marker == _SCAN:
            return size
        if marker in _FRAMES:
            if size is not None or length < 8:
                return None
            body = content[at + 4 : at + 2 + length]
            size = _size(body)
            if size is None:
                return None
        at += 2 + length
    return None


def _size(frame: bytes) -> tuple[int, int] | None:
    if len(frame) < 6:
        return None
    depth, components = frame[0], frame[5]
    height, width = int.from_bytes(frame[1:3]), int.from_bytes(frame[3:5])
    is_plain = depth == 8 and components in (1, 3)
    if not is_plain or not 0 < width <= _MAX_SIDE or not 0 < height <= _MAX_SIDE:
        return None
    return width, height
