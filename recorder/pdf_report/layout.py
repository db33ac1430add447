"""Blocks of a report on its pages, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from recorder.pdf_report.blocks import (
    Block,
    Code,
    Entries,
    Facts,
    Heading,
    Paragraph,
    Picture,
    Pictures,
)
from recorder.pdf_report.jpeg_form import jpeg_size
from recorder.pdf_report.sheet import INK_2, PROOF, SUNKEN, WARN, WARN_SOFT, WIDTH, Sheet, Type

_HEADINGS: Final = {
    1: Type(22, bold=True),
    2: Type(14, PROOF, bold=True),
    3: Type(10.5, bold=True),
}
_SPACE_ABOVE: Final = {1: 0.0, 2: 7.0, 3: 4.0}
_SPACE_BELOW: Final = {1: 0.0, 2: 1.5, 3: 0.8}
_PLAIN: Final = Type(9.5)
_QUIET: Final = Type(8.5, INK_2)
_WARN: Final = Type(9.5, WARN)
_LABEL_WIDTH: Final = 52.0
_CLOCK_WIDTH: Final = 24.0
_GAP: Final = 6.0
_PICTURE_WIDTH: Final = (WIDTH - _GAP) / 2
_PICTURE_HEIGHT: Final = _PICTURE_WIDTH * 9 / 16
_QR_SIDE: Final = 46.0
_CODE_HEIGHT: Final = _QR_SIDE + 2
_PAD: Final = 2.5


class Layout:
    """Puts blocks on a sheet; ``photographs`` are those that pictures name by number."""

    def __init__(self, sheet: Sheet, photographs: Sequence[bytes]) -> None:
        self._sheet = sheet
        self._photographs = photographs

    def put_all(self, blocks: Sequence[Block]) -> None:
        """Put them one below the other; a heading stands above what follows it, on its page."""
        for at, block in enumerate(blocks):
            if isinstance(block, Heading):
                self._sheet.need(self._begin(blocks[at:]))
            self._put(block)

    def _begin(self, blocks: Sequence[Block]) -> float:
        """The height of the first of them, as far as it is not parted."""
        match blocks:
            case [Heading() as heading, *rest]:
                own = _SPACE_ABOVE[heading.level] + _HEADINGS[heading.level].line_height
                return own + _SPACE_BELOW[heading.level] + self._begin(rest)
            case [Pictures() as pictures, *_]:
                return self._row_height([self._lines(one) for one in pictures.shown[:2]])
            case [Code(), *_]:
                return _CODE_HEIGHT
        return 4 * _PLAIN.line_height

    def _put(self, block: Block) -> None:
        match block:
            case Heading():
                self._heading(block)
            case Paragraph():
                self._paragraph(block)
            case Facts():
                self._facts(block)
            case Entries():
                self._entries(block)
            case Pictures():
                for row in range(0, len(block.shown), 2):
                    self._pictures(block.shown[row : row + 2])
            case Code():
                self._code(block)

    def _heading(self, heading: Heading) -> None:
        sheet, type_ = self._sheet, _HEADINGS[heading.level]
        sheet.y += _SPACE_ABOVE[heading.level]
        sheet.write_all(sheet.broken(heading.text, type_, WIDTH), type_)
        if heading.level == 2:
            sheet.rule()
        sheet.y += _SPACE_BELOW[heading.level]

    def _paragraph(self, paragraph: Paragraph) -> None:
        sheet = self._sheet
        if paragraph.tone == "warn":
            lines = sheet.broken(paragraph.text, _WARN, WIDTH - 2 * _PAD)
            height = len(lines) * _WARN.line_height + 2 * _PAD
            sheet.need(height + 2)
            sheet.y += 1
            sheet.box(height, WARN_SOFT)
            sheet.y += _PAD
            sheet.write_all(lines, _WARN, at=_PAD)
            sheet.y += _PAD + 1
            return
        type_ = _QUIET if paragraph.tone == "quiet" else _PLAIN
        lines = sheet.broken(paragraph.text, type_, WIDTH)
        sheet.write_all(lines, type_, literal=paragraph.tone == "literal")
        sheet.y += 1

    def _facts(self, facts: Facts) -> None:
        sheet = self._sheet
        for fact in facts.rows:
            labels = sheet.broken(fact.label, _QUIET, _LABEL_WIDTH - 2)
            type_ = _QUIET if fact.literal else _PLAIN
            values = sheet.broken(fact.value, type_, WIDTH - _LABEL_WIDTH)
            sheet.need(max(len(labels), min(len(values), 3)) * _PLAIN.line_height)
            top, page_before = sheet.y, sheet.page
            sheet.write_all(labels, _QUIET)
            below = sheet.y
            if sheet.page == page_before:
                sheet.y = top
            sheet.write_all(values, type_, at=_LABEL_WIDTH, literal=fact.literal)
            if sheet.page == page_before:
                sheet.y = max(sheet.y, below)
            sheet.y += 0.6
        sheet.y += 1.2

    def _entries(self, entries: Entries) -> None:
        sheet = self._sheet
        for entry in entries.rows:
            type_ = _WARN if entry.warn else _PLAIN
            lines = sheet.broken(entry.text, type_, WIDTH - _CLOCK_WIDTH)
            sheet.need(min(max(len(lines), 1), 3) * type_.line_height)
            sheet.write(entry.at, _QUIET, literal=True)
            if not lines:
                sheet.y += _QUIET.line_height
            sheet.write_all(lines, type_, at=_CLOCK_WIDTH)
            sheet.y += 0.4
        sheet.y += 1.2

    def _pictures(self, row: Sequence[Picture]) -> None:
        sheet = self._sheet
        below = [self._lines(one) for one in row]
        height = self._row_height(below)
        sheet.need(height)
        top = sheet.y
        for column, (picture, lines) in enumerate(zip(row, below, strict=True)):
            at = column * (_PICTURE_WIDTH + _GAP)
            sheet.y = top
            self._picture(picture, at)
            sheet.y = top + _PICTURE_HEIGHT + 1.5
            for number, line in enumerate(lines):
                # The first is the moment.
                sheet.write(line, _QUIET, at=at, literal=number == 0)
                sheet.y += _QUIET.line_height
        sheet.y = top + height

    @staticmethod
    def _row_height(below: Sequence[Sequence[str]]) -> float:
        return _PICTURE_HEIGHT + 4.5 + max(map(len, below), default=0) * _QUIET.line_height

    def _lines(self, picture: Picture) -> list[str]:
        lines = [picture.literal]
        for line in picture.lines:
            lines += self._sheet.broken(line, _QUIET, _PICTURE_WIDTH)[:3]
        return lines

    def _picture(self, picture: Picture, at: float) -> None:
        sheet = self._sheet
        sheet.box(_PICTURE_HEIGHT, SUNKEN, at=at, width=_PICTURE_WIDTH)
        jpeg = self._photographs[picture.number] if picture.number is not None else b""
        size = jpeg_size(jpeg)
        if size is None:
            sheet.y += _PAD
            inside = _PICTURE_WIDTH - 2 * _PAD
            for line in sheet.broken(picture.instead, _WARN, inside)[:4]:
                sheet.write(line, _WARN, at=at + _PAD)
                sheet.y += _WARN.line_height
            return
        alt = f"{picture.lines[0] if picture.lines else ''} {picture.literal}"
        sheet.picture(jpeg, size, at=at, width=_PICTURE_WIDTH, height=_PICTURE_HEIGHT, alt=alt)

    def _code(self, code: Code) -> None:
        sheet = self._sheet
        sheet.need(_CODE_HEIGHT)
        top, at = sheet.y, _QR_SIDE + _GAP
        sheet.qr(code.content, side=_QR_SIDE)
        for line in sheet.broken(code.text, _PLAIN, WIDTH - at):
            sheet.write(line, _PLAIN, at=at)
            sheet.y += _PLAIN.line_height
        sheet.y = max(sheet.y, top + _QR_SIDE) + 3
