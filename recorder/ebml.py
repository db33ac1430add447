"""PURE. The EBML elements that the live WebM and the virtual file share (RFC 8794, RFC 9559)."""

from __future__ import annotations

from struct import pack
from typing import Final

EBML: Final = 0x1A45DFA3
SEGMENT: Final = 0x18538067
INFO: Final = 0x1549A966
TRACKS: Final = 0x1654AE6B
CLUSTER: Final = 0x1F43B675
CUES: Final = 0x1C53BB6B
SIMPLE_BLOCK: Final = 0xA3
VOID: Final = 0xEC
TIMESTAMP: Final = 0xE7
UNKNOWN_SIZE: Final = b"\x01\xff\xff\xff\xff\xff\xff\xff"


def identifier(value: int) -> bytes:
    """An element's id, which carries its own length marker."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def size_field(size: int, width: int = 0) -> bytes:
    """A variable-length size, in ``width`` bytes or in as few as hold it."""
    if not width:
        width = 1
        while size >= (1 << 7 * width) - 1:
            width += 1
    return (size | 1 << 7 * width).to_bytes(width, "big")


def element(kind: int, *parts: bytes) -> bytes:
    """An element with its size."""
    return b"".join((identifier(kind), size_field(sum(map(len, parts))), *parts))


def unsigned(kind: int, value: int, width: int = 0) -> bytes:
    """An unsigned integer element."""
    return element(kind, value.to_bytes(width or max(1, (value.bit_length() + 7) // 8), "big"))


def float64(kind: int, value: float) -> bytes:
    """A floating-point element."""
    return element(kind, pack(">d", value))


def text(kind: int, value: str) -> bytes:
    """A string element."""
    return element(kind, value.encode())
