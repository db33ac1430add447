"""The letters of reports: of many packed subsets only those that a text needs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from fpdf import FPDF
from fpdf.fonts import HarfBuzzFont, TTFFont
from uharfbuzz import Face

from recorder.pdf_report.clean_text import REPLACEMENT
from runtime.errors import SetupError

_FOLDER: Final = Path(__file__).resolve().parents[2] / "web" / "dist" / "fonts"
_STYLES: Final = {"400": "", "600": "B"}


@dataclass(frozen=True, slots=True)
class _Subset:
    family: str
    spans: tuple[tuple[int, int], ...]
    files: dict[str, str]

    def may_have(self, character: str) -> bool:
        at = ord(character)
        return any(first <= at <= last for first, last in self.spans)


class FontBook:
    """Adds fonts to a document and knows which one has a character."""

    def __init__(self, pdf: FPDF, text: Iterable[str], *, bold: Iterable[str]) -> None:
        """Load what ``text`` needs, of which only ``bold`` is printed so; blocks.

        Raises:
            SetupError: the front end, of which the fonts are a part, was not built.
        """
        self._pdf = pdf
        self._subsets = _listed()
        self._family_of: dict[str, str | None] = {}
        for character in sorted({REPLACEMENT, *text}):
            self._family_of[character] = self._find(character)
        heavy = {self.family_of(character, None) for character in (REPLACEMENT, *bold)}
        for subset in self._subsets:
            if subset.family in heavy:
                self._load(subset, "600")

    def family_of(self, character: str, before: str | None) -> str:
        """The family to print it with: that of what stands ``before`` it, if that can."""
        if before is not None and self._has(before, character):
            return before
        return self._family_of.get(character) or self.family_of(REPLACEMENT, None)

    def knows(self, character: str) -> bool:
        """Whether a character can be printed."""
        return self._family_of.get(character) is not None

    def _find(self, character: str) -> str | None:
        for subset in self._subsets:
            if subset.may_have(character):
                self._load(subset, "400")
                if self._has(subset.family, character):
                    return subset.family
        return None

    def _has(self, family: str, character: str) -> bool:
        font = self._pdf.fonts[family]
        return isinstance(font, TTFFont) and ord(character) in font.cmap

    def _load(self, subset: _Subset, weight: str) -> None:
        key = f"{subset.family}{_STYLES[weight]}"
        if key in self._pdf.fonts:
            return
        self._pdf.add_font(subset.family, _STYLES[weight], _FOLDER / subset.files[weight])
        font = self._pdf.fonts[key]
        assert isinstance(font, TTFFont)
        unpacked = BytesIO()
        font.ttfont.save(unpacked)
        # fpdf2 would write it to a file of its own, which a confined process may not.
        font._hbfont = HarfBuzzFont(Face(unpacked.getvalue()))


def _listed() -> list[_Subset]:
    try:
        listed = json.loads((_FOLDER / "fonts.json").read_bytes())
    except FileNotFoundError as error:
        raise SetupError("The fonts of reports are not built: run `make build`.") from error
    return [
        # fpdf2 reads a capital B or I in a family's name as a style.
        _Subset(f"f{number}", _spans(one["ranges"]), one["files"])
        for number, one in enumerate(listed["subsets"])
    ]


def _spans(ranges: str) -> tuple[tuple[int, int], ...]:
    spans = []
    for span in ranges.upper().split(","):
        first, _, last = span.strip().removeprefix("U+").partition("-")
        spans.append((int(first, 16), int(last or first, 16)))
    return tuple(spans)
