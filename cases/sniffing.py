"""PURE. What an attachment is, as its own bytes say; names and claimed types do not count."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final

from cases.listing_pictures import look_at
from cases.states import Refusal
from runtime.errors import CaseError

MAX_STILL_BYTES: Final = 20_000_000
MAX_CLIP_BYTES: Final = 100_000_000
HEAD_BYTES: Final = 64
_MAX_PIXELS: Final = 60_000_000
_BRANDS: Final = frozenset({b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1"})
_EBML: Final = b"\x1a\x45\xdf\xa3"
_PDF_BEGINS_WITHIN: Final = 1024
_ZIP_END: Final = struct.Struct("<4s8xI6x")  # APPNOTE.TXT, 4.3.16
_ZIP64_LOCATOR_BYTES: Final = 20
TAIL_BYTES: Final = _ZIP_END.size + 0xFFFF
"""The end of a file in which the end of an archive must lie: its comment has a 16-bit length."""

_WORDS: Final[Mapping[Refusal, str]] = {
    Refusal.TYPE: "it is no JPEG, PNG, WebP, MP4, MOV or WebM",
    Refusal.BROKEN: "it does not open",
    Refusal.TWO_IN_ONE: "it is an archive or a PDF as well",
    Refusal.TOO_LARGE: "it is too large",
    Refusal.TOO_MANY: "there are too many files",
}


def clip_type(head: bytes) -> str | None:
    """The media type of a clip by its first bytes; None for what is none of ours."""
    if head[4:8] == b"ftyp" and 16 <= int.from_bytes(head[:4]) <= 512:
        brand = head[8:12]
        if brand == b"qt  ":
            return "video/quicktime"
        return "video/mp4" if brand in _BRANDS or brand[:3] in (b"3gp", b"M4V") else None
    if head.startswith(_EBML) and b"\x42\x82\x84webm" in head[:HEAD_BYTES]:
        return "video/webm"
    return None


def still_type(content: bytes) -> str:
    """The media type of a whole photograph; its header must name a size that can be decoded.

    Raises:
        CaseError: ``bad_attachment`` (422).
    """
    try:
        media_type, width, height = look_at(content)
    except CaseError as error:
        raise bad(Refusal.TYPE) from error
    if width * height > _MAX_PIXELS or len(content) > MAX_STILL_BYTES:
        raise bad(Refusal.TOO_LARGE)
    return media_type


def refuse_two_in_one(head: bytes, tail: bytes, size: int) -> None:
    """Refuse a file that is an archive or a PDF besides what it seems to be.

    Whatever opens a PDF looks for its mark in the first 1,024 bytes, whatever opens an archive
    for its end in the last ``TAIL_BYTES``; the directory that it names must lie before it.

    Raises:
        CaseError: ``bad_attachment`` (422).
    """
    if b"%PDF-" in head[:_PDF_BEGINS_WITHIN]:
        raise bad(Refusal.TWO_IN_ONE)
    tail = tail[-TAIL_BYTES:]
    at = tail.rfind(b"PK\5\6", 0, max(0, len(tail) - _ZIP_END.size + 4))
    while at >= 0:
        _, directory_bytes = _ZIP_END.unpack_from(tail, at)
        before = tail[max(0, at - _ZIP64_LOCATOR_BYTES) : at]
        if directory_bytes <= size - len(tail) + at or before.startswith(b"PK\6\7"):
            raise bad(Refusal.TWO_IN_ONE)
        at = tail.rfind(b"PK\5\6", 0, at)


def bad(why: Refusal) -> CaseError:
    """The refusal of what was sent."""
    return CaseError(
        "bad_attachment", f"This file cannot be used: {_WORDS[why]}.", status=422, reason=why
    )
