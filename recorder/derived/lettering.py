"""Words as grey pictures for films, in the letters and by the shaping of printed reports."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

import cv2
import numpy as np
from fontTools.pens.basePen import BasePen
from fpdf import FPDF
from fpdf.enums import TextDirection
from fpdf.fonts import TTFFont
from numpy.typing import NDArray

from recorder.pdf_report.font_book import FontBook
from recorder.pdf_report.text_runs import runs_of
from recorder.pdf_report.words import LANGUAGES, RIGHT_TO_LEFT

Plane = NDArray[np.uint8]

CELL_WIDTH: Final = 12
CELL_HEIGHT: Final = 28
BLACK: Final = 16
_WHITE: Final = 235
_SIZE_PX: Final = 19.0
_BASELINE_PX: Final = 20
_FINER: Final = 4
"""Outlines are filled so many times larger, then made small again."""
_STEPS: Final = 5
_ASCII: Final = "".join(map(chr, range(0x20, 0x7F)))
_SHOWN: Final = ("film.", "role.", "cause.")


class Lettering:
    """The letters of one film: those of its language's words, and of ``texts``."""

    def __init__(self, language: str, texts: Iterable[str] = ()) -> None:
        """Load the fonts; blocks, and opens files.

        Raises:
            SetupError: the front end, of which the fonts are a part, was not built.
        """
        self.said = LANGUAGES[language]
        self.is_rtl = language in RIGHT_TO_LEFT
        told = [words for name, words in self.said.items() if name.startswith(_SHOWN)]
        self._pdf = FPDF()
        self._book = FontBook(self._pdf, {*_ASCII, *"".join([*told, *texts])}, bold=())
        self._glyphs: dict[tuple[str, int], tuple[Plane, int, int]] = {}
        self.words = lru_cache(maxsize=64)(self._words)
        self._cell = lru_cache(maxsize=256)(self._one_cell)

    def cells(self, text: str) -> Plane:
        """A moment, from left to right: what changes in it has a cell of its own."""
        return np.hstack([self._cell(character) for character in text])

    def _one_cell(self, character: str) -> Plane:
        drawn = self._words(character, literal=True)
        if character.isalpha():
            return drawn
        drawn = fitting(drawn, CELL_WIDTH)
        cell = np.full((CELL_HEIGHT, CELL_WIDTH), BLACK, np.uint8)
        left = (CELL_WIDTH - drawn.shape[1]) // 2
        cell[:, left : left + drawn.shape[1]] = drawn
        return cell

    def _words(self, text: str, *, literal: bool = False) -> Plane:
        """A line as it is read in the language; a literal one runs from left to right.

        White on black, ``CELL_HEIGHT`` high.
        """
        placed: list[tuple[tuple[Plane, int, int], float, float]] = []
        x = 0.0
        for run in runs_of(text, rtl=self.is_rtl and not literal, family_of=self._book.family_of):
            font = self._pdf.fonts[run.family]
            assert isinstance(font, TTFFont)
            direction = TextDirection.RTL if run.is_rtl else TextDirection.LTR
            per_unit = _SIZE_PX / font.ttfont["head"].unitsPerEm
            shaping = {"features": {}, "fragment_direction": direction}
            shaped = font.perform_harfbuzz_shaping(run.text, _SIZE_PX, shaping)
            for info, at in zip(*shaped, strict=True):
                glyph = self._glyph(run.family, font, info.codepoint)
                placed.append((glyph, x + at.x_offset * per_unit, at.y_offset * per_unit))
                x += at.x_advance * per_unit
        line = np.zeros((CELL_HEIGHT, max(round(x + 0.5), 1)), np.uint8)
        for (drawn, left, top), at_x, above in placed:
            _put(line, drawn, round(at_x) + left, _BASELINE_PX + top - round(above))
        return (BLACK + line.astype(np.uint16) * (_WHITE - BLACK) // 255).astype(np.uint8)

    def _glyph(self, family: str, font: TTFFont, number: int) -> tuple[Plane, int, int]:
        """Its coverage (0 to 255), and where its left upper corner is from the pen's place."""
        known = self._glyphs.get((family, number))
        if known is None:
            glyphs: Any = font.ttfont.getGlyphSet()
            pen = _Outline(glyphs)
            glyphs[font.ttfont.getGlyphName(number)].draw(pen)
            scale = _SIZE_PX * _FINER / font.ttfont["head"].unitsPerEm
            known = self._glyphs[family, number] = _filled(pen.contours, scale)
        return known


def fitting(line: Plane, room: int) -> Plane:
    """The same line, made smaller if it is wider than the room."""
    height, width = line.shape
    if width <= room:
        return line
    lower = max(height * room // width, 1)
    small = cv2.resize(line, (room, lower), interpolation=cv2.INTER_AREA)
    whole = np.full((height, room), BLACK, np.uint8)
    top = (height - lower) // 2
    whole[top : top + lower] = small
    return whole


class _Outline(BasePen):  # type: ignore[misc]
    """A glyph's contours as polygons, in the font's units."""

    def __init__(self, glyphs: Any) -> None:
        super().__init__(glyphs)
        self.contours: list[list[tuple[float, float]]] = []

    def _moveTo(self, pt: tuple[float, float]) -> None:  # noqa: N802 - fontTools's name
        self.contours.append([pt])

    def _lineTo(self, pt: tuple[float, float]) -> None:  # noqa: N802
        self.contours[-1].append(pt)

    def _curveToOne(  # noqa: N802
        self, pt1: tuple[float, float], pt2: tuple[float, float], pt3: tuple[float, float]
    ) -> None:
        points = np.array([self.contours[-1][-1], pt1, pt2, pt3])
        for t in np.linspace(0, 1, _STEPS + 1)[1:]:
            weights = np.array([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3])
            x, y = weights @ points
            self.contours[-1].append((float(x), float(y)))


def _filled(contours: list[list[tuple[float, float]]], scale: float) -> tuple[Plane, int, int]:
    polygons = [np.array(one) * (scale, -scale) for one in contours if len(one) > 2]
    if not polygons:
        return np.zeros((0, 0), np.uint8), 0, 0
    every = np.vstack(polygons)
    left, top = (int(np.floor(one / _FINER)) for one in every.min(axis=0))
    right, bottom = (int(np.ceil(one / _FINER)) for one in every.max(axis=0))
    shape = ((bottom - top) * _FINER, (right - left) * _FINER)
    turns = np.zeros(shape, np.int16)
    for one in polygons:
        # Filled where outlines turn round it, as fonts mean them: some parts lie over others.
        inside = np.zeros(shape, np.uint8)
        corners = np.round((one - (left * _FINER, top * _FINER)) * 16).astype(np.int32)
        cv2.fillPoly(inside, [corners], (1,), shift=4)
        area = float(
            np.sum(one[:, 0] * np.roll(one[:, 1], -1) - np.roll(one[:, 0], -1) * one[:, 1])
        )
        turns += inside.astype(np.int16) * (1 if area > 0 else -1)
    large = (turns != 0).astype(np.uint8) * np.uint8(255)
    small = cv2.resize(large, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    return small, left, top


def _put(line: Plane, drawn: Plane, left: int, top: int) -> None:
    """Lay a glyph over the line; what is outside is cut off."""
    height, width = drawn.shape
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + width, line.shape[1]), min(top + height, line.shape[0])
    if x0 < x1 and y0 < y1:
        place = line[y0:y1, x0:x1]
        np.maximum(place, drawn[y0 - top : y1 - top, x0 - left : x1 - left], out=place)
