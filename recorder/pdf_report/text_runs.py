"""A line of text as the runs that are printed one after another, and text as such lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from fpdf.bidi import BidiParagraph
from fpdf.enums import TextDirection

FamilyOf = Callable[[str, str | None], str]
"""The family that prints a character, given that of the character before it."""

# Written without spaces: a line may end between any two, but not before what closes.
_CJK: Final = "\u2e80-\u2fdf\u3001-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff60"
_CLOSING: Final = "、。，．：；？！）」』】》〉”’…％"
_OPENING: Final = "（「『【《〈“‘"
_PIECE: Final = re.compile(
    rf"[{_OPENING}]*[{_CJK}][{_CLOSING}]*|[^\s{_CJK}]+[{_CLOSING}]*|\s+", re.UNICODE
)


@dataclass(frozen=True, slots=True)
class Run:
    """Characters of one font and one direction."""

    text: str
    family: str
    is_rtl: bool


def runs_of(line: str, *, rtl: bool, family_of: FamilyOf) -> list[Run]:
    """A line's runs from left to right as they are seen (Unicode's bidirectional algorithm)."""
    base = TextDirection.RTL if rtl else TextDirection.LTR
    characters = BidiParagraph(line, base, preserve_bn_chars=True).get_characters()
    placed: list[tuple[int, str, str]] = []
    family: str | None = None
    for one in characters:
        family = family_of(one.character, family)
        placed.append((one.embedding_level, family, one.character))
    runs = [
        (level, Run("".join(one[2] for one in group), font, level % 2 == 1))
        for (level, font), group in _grouped(placed)
    ]
    return [run for _, run in _reordered(runs)]


def _grouped(
    placed: Sequence[tuple[int, str, str]],
) -> Iterator[tuple[tuple[int, str], list[tuple[int, str, str]]]]:
    for key, group in groupby(placed, key=lambda one: (one[0], one[1])):
        yield key, list(group)


def _reordered(runs: list[tuple[int, Run]]) -> list[tuple[int, Run]]:
    """Rule L2: from the highest level down to 1, turn round what lies at it or above."""
    for level in range(max((one[0] for one in runs), default=0), 0, -1):
        turned: list[tuple[int, Run]] = []
        for inside, group in groupby(runs, key=lambda one: one[0] >= level):
            together = list(group)
            turned += together[::-1] if inside else together
        runs = turned
    return runs


def lines_of(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """Break a text; what is too long for a line by itself is broken anywhere."""
    lines: list[str] = []
    line, reached, space = "", 0.0, ""
    for piece in _PIECE.findall(text):
        if piece.isspace():
            space = " "
            continue
        gap = space if line else ""
        size = measure(gap + piece)
        if reached + size <= width:
            line, reached, space = line + gap + piece, reached + size, ""
            continue
        if line:
            lines.append(line)
        space = ""
        *full, line = _broken(piece, width, measure)
        lines += full
        reached = measure(line)
    return [*lines, line] if line else lines


def _broken(word: str, width: float, measure: Callable[[str], float]) -> list[str]:
    if measure(word) <= width:
        return [word]
    pieces, piece = [], ""
    for character in word:
        if piece and measure(piece + character) > width:
            pieces.append(piece)
            piece = ""
        piece += character
    return [*pieces, piece]
