"""The film's picture: two sides, a heading with the wall clock, and what each side lacks.

It is drawn straight into the planes that the encoder takes (Y, U, V; 4:2:0), so that nothing
is converted to colours and back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]

SIDE_WIDTH: Final = 960
SIDE_HEIGHT: Final = 540
HEADING_HEIGHT: Final = 72
FOOT_HEIGHT: Final = 36
HEIGHT: Final = HEADING_HEIGHT + SIDE_HEIGHT + FOOT_HEIGHT

CELL_WIDTH: Final = 14
CELL_HEIGHT: Final = 28
_LETTER_SCALE: Final = 0.65
_BLACK: Final = 16
_GREY: Final = 40
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@cache
def letter(character: str) -> Plane:
    """One character, white on black, in a cell of its own: every line of text is such cells."""
    cell = np.full((CELL_HEIGHT, CELL_WIDTH), _BLACK, np.uint8)
    shown = character if " " <= character <= "~" else "?"
    font = cv2.FONT_HERSHEY_SIMPLEX
    (width, _), _ = cv2.getTextSize(shown, font, _LETTER_SCALE, 1)
    at = (max((CELL_WIDTH - width) // 2, 0), CELL_HEIGHT - 8)
    cv2.putText(cell, shown, at, font, _LETTER_SCALE, (235,), 1, cv2.LINE_AA)
    return cell


class Canvas:
    """One picture that is drawn over again and again."""

    def __init__(self, sides: int, zone: str) -> None:
        self.width = sides * SIDE_WIDTH
        self._zone_name = zone
        self._zone = ZoneInfo(zone)
        self.planes = np.full((HEIGHT * 3 // 2, self.width), 128, np.uint8)
        """As ``yuv420p`` has it in one array."""
        self._luma = self.planes[:HEIGHT]
        quarter = HEIGHT // 4
        shape = (HEIGHT // 2, self.width // 2)
        self._chroma = (
            self.planes[HEIGHT : HEIGHT + quarter].reshape(shape),
            self.planes[HEIGHT + quarter :].reshape(shape),
        )
        self._luma[:] = _BLACK

    def card(self, lines: Sequence[str]) -> None:
        """Nothing but these lines."""
        self._luma[:] = _BLACK
        for chroma in self._chroma:
            chroma[:] = 128
        top = max((HEIGHT - len(lines) * (CELL_HEIGHT + 4)) // 2, 0)
        for line in lines:
            self._write(line, 24, top)
            top += CELL_HEIGHT + 4

    def heading(self, words: str, at_ns: int) -> None:
        """Above everything: whose film it is, and the wall clock of this moment."""
        self._luma[:HEADING_HEIGHT] = _BLACK
        self._write(words, 12, 6)
        self._write(self.clock(at_ns), 12, 6 + CELL_HEIGHT + 4)

    def clock(self, at_ns: int) -> str:
        """A moment in UTC and in the case's zone."""
        at = _EPOCH + timedelta(microseconds=at_ns // 1000)
        there = at.astimezone(self._zone)
        offset = there.strftime("%z")
        return f"{_stamp(at)} UTC   {_stamp(there)} {offset[:3]}:{offset[3:5]} {self._zone_name}"

    def foot(self, side: int, words: str) -> None:
        """Below a side."""
        left = side * SIDE_WIDTH
        self._luma[HEIGHT - FOOT_HEIGHT :, left : left + SIDE_WIDTH] = _BLACK
        self._write(words, left + 12, HEIGHT - FOOT_HEIGHT + 4)

    def picture(self, side: int, luma: Plane, chroma: tuple[Plane, Plane]) -> None:
        """A side's picture, already of the size that ``fitted`` says, in its middle."""
        self._blank(side, _BLACK)
        height, width = luma.shape
        left = side * SIDE_WIDTH + (SIDE_WIDTH - width) // 4 * 2
        top = HEADING_HEIGHT + (SIDE_HEIGHT - height) // 4 * 2
        self._luma[top : top + height, left : left + width] = luma
        for plane, part in zip(self._chroma, chroma, strict=True):
            plane[top // 2 : top // 2 + part.shape[0], left // 2 : left // 2 + part.shape[1]] = part

    def notice(self, side: int, lines: Sequence[str]) -> None:
        """Words in the place of a side's picture."""
        self._blank(side, _GREY)
        top = HEADING_HEIGHT + (SIDE_HEIGHT - len(lines) * (CELL_HEIGHT + 4)) // 2
        for line in lines:
            left = side * SIDE_WIDTH + max((SIDE_WIDTH - len(line) * CELL_WIDTH) // 2, 0)
            self._write(line, left, top)
            top += CELL_HEIGHT + 4

    def _blank(self, side: int, luma: int) -> None:
        left, right = side * SIDE_WIDTH, (side + 1) * SIDE_WIDTH
        self._luma[HEADING_HEIGHT : HEIGHT - FOOT_HEIGHT, left:right] = luma
        top, bottom = HEADING_HEIGHT // 2, (HEIGHT - FOOT_HEIGHT) // 2
        for plane in self._chroma:
            plane[top:bottom, left // 2 : right // 2] = 128

    def _write(self, text: str, left: int, top: int) -> None:
        room = min((self.width - left) // CELL_WIDTH, len(text))
        if room <= 0 or top + CELL_HEIGHT > HEIGHT:
            return
        line = np.hstack([letter(character) for character in text[:room]])
        place = self._luma[top : top + CELL_HEIGHT, left : left + line.shape[1]]
        np.maximum(place, line, out=place)


def fitted(width: int, height: int) -> tuple[int, int]:
    """The size of a picture on its side: whole, in its proportions, even numbers."""
    scale = min(SIDE_WIDTH / width, SIDE_HEIGHT / height)
    return max(round(width * scale / 2) * 2, 2), max(round(height * scale / 2) * 2, 2)


def short_clock(at_ns: int) -> str:
    """The time of day in UTC, to the millisecond."""
    return f"{_EPOCH + timedelta(microseconds=at_ns // 1000):%H:%M:%S.%f}"[:-3]


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}"
