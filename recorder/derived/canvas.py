"""The film's picture: two sides, a heading with the wall clock, and what each side lacks.

It is drawn straight into the planes that the encoder takes (Y, U, V; 4:2:0), so that nothing
is converted to colours and back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from recorder.derived.lettering import BLACK, CELL_HEIGHT, Lettering, Plane, fitting

SIDE_WIDTH: Final = 960
SIDE_HEIGHT: Final = 540
HEADING_HEIGHT: Final = 72
FOOT_HEIGHT: Final = 36
HEIGHT: Final = HEADING_HEIGHT + SIDE_HEIGHT + FOOT_HEIGHT

MARGIN: Final = 12
_LINE: Final = CELL_HEIGHT + 4
_BETWEEN: Final = 16
_GREY: Final = 40
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Canvas:
    """One picture that is drawn over again and again."""

    def __init__(self, sides: int, zone: str, lettering: Lettering) -> None:
        self._lettering = lettering
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
        self._luma[:] = BLACK

    def card(self, lines: Sequence[str]) -> None:
        """Nothing but these lines."""
        self._luma[:] = BLACK
        for chroma in self._chroma:
            chroma[:] = 128
        top = max((HEIGHT - len(lines) * _LINE) // 2, 0)
        for line in lines:
            self._lay([self._lettering.words(line)], 0, self.width, top)
            top += _LINE

    def heading(self, words: str, at_ns: int) -> None:
        """Above everything: whose film it is, and the wall clock of this moment.

        The clock is that of UTC, then that of the case's zone.
        """
        self._luma[:HEADING_HEIGHT] = BLACK
        self._lay([self._lettering.words(words)], 0, self.width, 6)
        at = _EPOCH + timedelta(microseconds=at_ns // 1000)
        there = at.astimezone(self._zone)
        offset = there.strftime("%z")
        clock = self._lettering.cells(
            f"{_stamp(at)} UTC   {_stamp(there)} {offset[:3]}:{offset[3:5]}"
        )
        zone = self._lettering.words(self._zone_name, literal=True)
        self._lay([np.hstack([clock, _space(), zone])], 0, self.width, 6 + _LINE)

    def foot(self, side: int, time: str, words: str) -> None:
        """Below a side: the time of its picture, if there is one, and words."""
        left, top = side * SIDE_WIDTH, HEIGHT - FOOT_HEIGHT
        self._luma[top:, left : left + SIDE_WIDTH] = BLACK
        told = [self._lettering.words(words)]
        if time:
            told.insert(0, self._lettering.cells(time))
        self._lay(told, left, SIDE_WIDTH, top + 4)

    def picture(self, side: int, luma: Plane, chroma: tuple[Plane, Plane]) -> None:
        """A side's picture, already of the size that ``fitted`` says, in its middle."""
        self._blank(side, BLACK)
        height, width = luma.shape
        left = side * SIDE_WIDTH + (SIDE_WIDTH - width) // 4 * 2
        top = HEADING_HEIGHT + (SIDE_HEIGHT - height) // 4 * 2
        self._luma[top : top + height, left : left + width] = luma
        for plane, part in zip(self._chroma, chroma, strict=True):
            plane[top // 2 : top // 2 + part.shape[0], left // 2 : left // 2 + part.shape[1]] = part

    def notice(self, side: int, lines: Sequence[str], times: str = "") -> None:
        """Words in the place of a side's picture, and moments below them."""
        self._blank(side, _GREY)
        drawn = [self._lettering.words(line) for line in lines]
        if times:
            drawn.append(self._lettering.cells(times))
        top = HEADING_HEIGHT + (SIDE_HEIGHT - len(drawn) * _LINE) // 2
        for line in drawn:
            shown = fitting(line, SIDE_WIDTH - 2 * MARGIN)
            left = side * SIDE_WIDTH + (SIDE_WIDTH - shown.shape[1]) // 2
            self._put(shown, left, top)
            top += _LINE

    def _blank(self, side: int, luma: int) -> None:
        left, right = side * SIDE_WIDTH, (side + 1) * SIDE_WIDTH
        self._luma[HEADING_HEIGHT : HEIGHT - FOOT_HEIGHT, left:right] = luma
        top, bottom = HEADING_HEIGHT // 2, (HEIGHT - FOOT_HEIGHT) // 2
        for plane in self._chroma:
            plane[top:bottom, left // 2 : right // 2] = 128

    def _lay(self, pieces: Sequence[Plane], left: int, width: int, top: int) -> None:
        """Put pieces of a line one after another as it is read, in a width and its margins."""
        room = width - 2 * MARGIN
        at = left + MARGIN
        if top + CELL_HEIGHT > HEIGHT:
            return
        for piece in pieces:
            shown = fitting(piece, max(room, 1))
            wide = shown.shape[1]
            self._put(shown, at + room - wide if self._lettering.is_rtl else at, top)
            at += 0 if self._lettering.is_rtl else wide + _BETWEEN
            room -= wide + _BETWEEN

    def _put(self, line: Plane, left: int, top: int) -> None:
        place = self._luma[top : top + CELL_HEIGHT, left : left + line.shape[1]]
        np.maximum(place, line, out=place)


def _space() -> Plane:
    return np.full((CELL_HEIGHT, _BETWEEN), BLACK, np.uint8)


def fitted(width: int, height: int) -> tuple[int, int]:
    """The size of a picture on its side: whole, in its proportions, even numbers."""
    scale = min(SIDE_WIDTH / width, SIDE_HEIGHT / height)
    return max(round(width * scale / 2) * 2, 2), max(round(height * scale / 2) * 2, 2)


def short_clock(at_ns: int) -> str:
    """The time of day in UTC, to the millisecond."""
    return f"{_EPOCH + timedelta(microseconds=at_ns // 1000):%H:%M:%S.%f}"[:-3]


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}"
