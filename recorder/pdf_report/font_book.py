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

    def __init__(self, pdf: FPDF, text: Iterable[str]) -> None:
        """Load what ``text`` needs; blocks.

        Raises:
            SetupError: the front end, of which the fonts are a part, was not built.
        """
        self._pdf = pdf
        self._subsets = _listed()
        self._family_of: dict[str, str | None] = {}
        self._loaded: set[str] = set()
        for character in sorted({REPLACEMENT, *text}):
            self._family_of[character] = self._find(character)

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
                self._load(subset)
                if self._has(subset.family, character):
                    return subset.family
        return None

    def _has(self, family: str, character: str) -> bool:
        return all(
            ord(character) in self._pdf.fonts[f"{family}{style}"].cmap  # type: ignore[union-attr]
            for style in _STYLES.values()
        )

    def _load(self, subset: _Subset) -> None:
        if subset.family in self._loaded:
            return
        self._loaded.add(subset.family)
        for weight, style in _STYLES.items():
            self._pdf.add_font(subset.family, style, _FOLDER / subset.files[weight])
            font = self._pdf.fonts[f"{subset.family}{style}"]
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
