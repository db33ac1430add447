"""PURE. What a label's file is, as its own bytes say: PDF, PNG or ZPL."""

from __future__ import annotations

from typing import Final

from cases.listing_pictures import look_at
from runtime.errors import CaseError

MAX_LABEL_BYTES: Final = 750_000
PDF: Final = "application/pdf"
PNG: Final = "image/png"
ZPL: Final = "application/zpl"
ENDINGS: Final = {PDF: "pdf", PNG: "png", ZPL: "zpl"}
"""How a file of each type is called."""
_PDF_TAIL_BYTES: Final = 1024


def label_type(content: bytes) -> str:
    """The media type of a label.

    Raises:
        CaseError: ``bad_label`` (422): too large, cut short, or something else.
    """
    if len(content) > MAX_LABEL_BYTES:
        raise _bad(f"it has more than {MAX_LABEL_BYTES // 1000} kB")
    if content.startswith(b"%PDF-") and b"%%EOF" in content[-_PDF_TAIL_BYTES:]:
        return PDF
    if content.startswith(b"\x89PNG"):
        try:
            media_type, _width, _height = look_at(content)
        except CaseError as error:
            raise _bad("it is not a whole PNG") from error
        return media_type
    stripped = content.strip()
    if stripped.startswith(b"^XA") and stripped.endswith(b"^XZ") and stripped.isascii():
        return ZPL
    raise _bad("it is no PDF, PNG or ZPL, or not the whole of one")


def _bad(why: str) -> CaseError:
    return CaseError("bad_label", f"This file cannot be used as a label: {why}.", status=422)
