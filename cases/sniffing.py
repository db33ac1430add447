"""PURE. What an attachment is, as its own bytes say; names and claimed types do not count."""

from __future__ import annotations

from typing import Final

from cases.listing_pictures import look_at
from runtime.errors import CaseError

MAX_STILL_BYTES: Final = 20_000_000
MAX_CLIP_BYTES: Final = 100_000_000
HEAD_BYTES: Final = 64
_MAX_PIXELS: Final = 60_000_000
_BRANDS: Final = frozenset({b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1"})
_EBML: Final = b"\x1a\x45\xdf\xa3"


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
        raise bad("it is no JPEG, PNG, WebP, MP4, MOV or WebM") from error
    if width * height > _MAX_PIXELS or len(content) > MAX_STILL_BYTES:
        raise bad("the picture is too large")
    return media_type


def bad(why: str) -> CaseError:
    """The refusal of what was uploaded."""
    return CaseError("bad_attachment", f"This file cannot be used: {why}.", status=422)
