"""PURE. Listing pictures that come as ``data:`` URLs: what they are is read from their content.

Only JPEG, PNG and WebP are taken; their header must name a sensible size and their end must
be there. Nothing is decoded: that is the browser's work, behind ``nosniff`` and a sandbox.
"""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from runtime.errors import CaseError

MAX_PICTURE_BYTES: Final = 500_000
_MAX_SIDE_PX: Final = 12_000
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The markers that begin a frame header (ITU-T T.81, table B.1)."""
_JPEG_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
"""The markers without a length."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was looked at: its digest (hex), media type, size and bytes."""

    sha256: str
    media_type: str
    width: int
    height: int
    content: bytes


def decode_picture(url: str) -> Picture:
    """What a ``data:image/…;base64,…`` URL holds; the type it claims does not count.

    Raises:
        CaseError: ``bad_picture`` (422) or ``picture_too_large`` (422).
    """
    head, comma, text = url.partition(",")
    if not comma or not head.startswith("data:image/") or not head.endswith(";base64"):
        raise _bad("a picture is an https:// URL or data:image/…;base64,…")
    if len(text) > (MAX_PICTURE_BYTES + 2) // 3 * 4:
        raise _too_large()
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _bad("its base64 is broken") from error
    if len(content) > MAX_PICTURE_BYTES:
        raise _too_large()
    media_type, width, height = look_at(content)
    return Picture(sha256(content).hexdigest(), media_type, width, height, content)


def look_at(content: bytes) -> tuple[str, int, int]:
    """Media type, width and height in pixels, as the content itself says.

    Raises:
        CaseError: ``bad_picture`` (422).
    """
    try:
        if content.startswith(_PNG):
            found = ("image/png", *_png_size(content))
        elif content.startswith(b"\xff\xd8\xff"):
            found = ("image/jpeg", *_jpeg_size(content))
        elif content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            found = ("image/webp", *_webp_size(content))
        else:
            raise _bad("only JPEG, PNG and WebP are taken")
    except (struct.error, IndexError) as error:
        raise _bad("it is cut short") from error
    if not (1 <= found[1] <= _MAX_SIDE_PX and 1 <= found[2] <= _MAX_SIDE_PX):
        raise _bad("its size in pixels makes no sense")
    return found


def _png_size(content: bytes) -> tuple[int, int]:
    length, kind, width, height = struct.unpack_from("!I4sII", content, 8)
    if length != 13 or kind != b"IHDR" or content[-8:-4] != b"IEND":
        raise _bad("it is not a whole PNG")
    return width, height


def _jpeg_size(content: bytes) -> tuple[int, int]:
    if b"\xff\xd9" not in content:
        raise _bad("it is not a whole JPEG")
    at = 2
    while True:
        if content[at] != 0xFF:
            raise _bad("it is not a JPEG")
        marker = content[at + 1]
        if marker == 0xFF:  # Fill bytes may come before any marker.
            at += 1
        elif marker in _JPEG_ALONE:
            at += 2
        elif marker in _JPEG_FRAMES:
            height, width = struct.unpack_from("!HH", content, at + 5)
            return width, height
        elif marker == 0xDA or marker == 0xD9:
            raise _bad("it is a JPEG without a frame")
        else:
            (length,) = struct.unpack_from("!H", content, at + 2)
            at += 2 + max(2, length)


def _webp_size(content: bytes) -> tuple[int, int]:
    (riff_bytes,) = struct.unpack_from("<I", content, 4)
    if riff_bytes + 8 > len(content):
        raise _bad("it is not a whole WebP")
    kind = content[12:16]
    if kind == b"VP8X":
        # Width and height less one, 24 bits each (RFC 9649, section 2.7).
        width = int.from_bytes(content[24:27], "little") + 1
        height = int.from_bytes(content[27:30], "little") + 1
        return width, height
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", content, 21)
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", content, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise _bad("it is not a WebP")


def _bad(why: str) -> CaseError:
    return CaseError("bad_picture", f"A listing picture cannot be used: {why}.", status=422)


def _too_large() -> CaseError:
    limit_kb = MAX_PICTURE_BYTES // 1000
    return CaseError(
        "picture_too_large", f"A listing picture may have {limit_kb} kB at most.", status=422
    )
