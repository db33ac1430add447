"""A small reader of the reports that we print, which knows nothing of what printed them."""

from __future__ import annotations

import re
from zlib import decompress, error

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_STREAM = re.compile(rb"stream\n(.*)\nendstream", re.DOTALL)
_FONT = re.compile(rb"/F(\d+) (\d+) 0 R")
_MAPPED = re.compile(rb"<([0-9A-F]{4})> <([0-9A-F]+)>")
_SHOWN = re.compile(rb"/F(\d+) [\d.]+ Tf|\(((?:[^()\\]|\\.)*)\) Tj", re.DOTALL)
_ESCAPED = {b"\\r": b"\r", b"\\n": b"\n", b"\\t": b"\t"}


class Pdf:
    """A PDF by its objects."""

    def __init__(self, content: bytes) -> None:
        assert content.startswith(b"%PDF-")
        assert content.rstrip().endswith(b"%%EOF")
        self.objects = {int(one[1]): one[2] for one in _OBJECT.finditer(content)}

    @property
    def pages(self) -> int:
        """How many there are."""
        return sum(b"/Type /Page\n" in one + b"\n" for one in self.objects.values())

    @property
    def jpegs(self) -> list[bytes]:
        """The photographs, as they are."""
        return [self._stream(one) for one in self.objects.values() if b"/DCTDecode" in one]

    def text(self) -> str:
        """What all pages say, by the fonts' ToUnicode, in the order in which it is drawn."""
        return "".join(self.page_texts())

    def page_texts(self) -> list[str]:
        """The same, page by page."""
        letters = {
            int(font[1]): self._letters(int(font[2]))
            for body in self.objects.values()
            if b"/XObject" in body or b"/Font <<" in body or b"/ProcSet" in body
            for font in _FONT.finditer(body)
        }
        pages = []
        for body in self.objects.values():
            if b"stream" not in body or b"/DCTDecode" in body:
                continue
            known: dict[int, str] = {}
            said = []
            for shown in _SHOWN.finditer(self._stream(body)):
                if shown[1]:
                    known = letters.get(int(shown[1]), {})
                    continue
                raw = re.sub(rb"\\.", lambda one: _ESCAPED.get(one[0], one[0][1:]), shown[2])
                codes = [int.from_bytes(raw[at : at + 2]) for at in range(0, len(raw), 2)]
                said.append("".join(known.get(code, "?") for code in codes))
            if said:
                pages.append("".join(said))
        return pages

    def _letters(self, font: int) -> dict[int, str]:
        found = re.search(rb"/ToUnicode (\d+) 0 R", self.objects[font])
        assert found, "a font without ToUnicode"
        table = self._stream(self.objects[int(found[1])])
        return {
            int(one[1], 16): bytes.fromhex(one[2].decode()).decode("utf-16-be")
            for one in _MAPPED.finditer(table)
        }

    def _stream(self, body: bytes) -> bytes:
        found = _STREAM.search(body)
        if found is None:
            return b""
        try:
            return decompress(found[1]) if b"/FlateDecode" in body else found[1]
        except error:
            return b""
