"""Pages of a report: words and pictures put in their places, mirrored where reading is."""

from __future__ import annotations

from io import BytesIO
from typing import Final

import segno

from recorder.pdf_report.clean_text import REPLACEMENT, clean, clean_line
from recorder.pdf_report.font_book import FontBook
from recorder.pdf_report.run_printer import RunPrinter
from recorder.pdf_report.text_runs import lines_of, runs_of

Colour = tuple[int, int, int]

INK: Final[Colour] = (0x14, 0x19, 0x1F)
INK_2: Final[Colour] = (0x4A, 0x53, 0x5D)
LINE: Final[Colour] = (0xDE, 0xDE, 0xD6)
SUNKEN: Final[Colour] = (0xEE, 0xEE, 0xE9)
PROOF: Final[Colour] = (0x0B, 0x6E, 0x5A)
WARN: Final[Colour] = (0x8A, 0x5A, 0x00)
WARN_SOFT: Final[Colour] = (0xFB, 0xF0, 0xD9)

MARGIN: Final = 18.0
WIDTH: Final = 210.0 - 2 * MARGIN
_BOTTOM: Final = 297.0 - 20.0
_MM: Final = 25.4 / 72
_LEADING: Final = 1.42
_KEPT_WIDTHS: Final = 20_000


class Type:
    """A size of type in points, its weight and its colour."""

    def __init__(self, size: float, colour: Colour = INK, *, bold: bool = False) -> None:
        self.size = size
        self.colour = colour
        self.style = "B" if bold else ""
        self.line_height = size * _MM * _LEADING


class Sheet:
    """A4 pages that are filled from top to bottom; ``y`` is where the next thing goes.

    Places are given from the side at which reading begins.
    """

    def __init__(self, pdf: RunPrinter, book: FontBook, *, rtl: bool) -> None:
        self._pdf = pdf
        self._book = book
        self._rtl = rtl
        self._widths: dict[tuple[str, float, str], float] = {}
        self.y = MARGIN
        pdf.add_page()

    @property
    def page(self) -> int:
        """The number of the page that is being filled."""
        return self._pdf.page

    def need(self, height: float) -> None:
        """Go on to a new page unless there is so much room on this one."""
        if self.y + height > _BOTTOM and self.y > MARGIN:
            self._pdf.add_page()
            self.y = MARGIN

    def broken(self, text: str, type_: Type, width: float) -> list[str]:
        """A text's lines in a width."""
        lines: list[str] = []
        for paragraph in clean(text):
            known = "".join(one if self._book.knows(one) else REPLACEMENT for one in paragraph)
            lines += lines_of(known, width, lambda piece: self._width(piece, type_))
        return lines

    def write(
        self,
        line: str,
        type_: Type,
        *,
        at: float = 0.0,
        literal: bool = False,
    ) -> None:
        """Print a line at ``y``; a literal one runs from left to right in every language."""
        runs = runs_of(line, rtl=self._rtl and not literal, family_of=self._book.family_of)
        sizes = [self._run_width(run.text, run.family, type_, rtl=run.is_rtl) for run in runs]
        x = MARGIN + at
        if self._rtl:
            x = MARGIN + WIDTH - at - sum(sizes)
        self._pdf.set_text_color(*type_.colour)
        for run, size in zip(runs, sizes, strict=True):
            self._set(run.family, type_, rtl=run.is_rtl)
            self._pdf.set_xy(x, self.y)
            self._pdf.cell(size, type_.line_height, run.text)
            x += size

    def write_all(
        self,
        lines: list[str],
        type_: Type,
        *,
        at: float = 0.0,
        literal: bool = False,
    ) -> None:
        """Print lines below each other, and go on below them."""
        for line in lines:
            self.need(type_.line_height)
            self.write(line, type_, at=at, literal=literal)
            self.y += type_.line_height

    def rule(self) -> None:
        """A thin line across the page."""
        self._pdf.set_draw_color(*LINE)
        self._pdf.set_line_width(0.2)
        self._pdf.line(MARGIN, self.y, MARGIN + WIDTH, self.y)

    def box(self, height: float, colour: Colour, *, at: float = 0.0, width: float = WIDTH) -> None:
        """A filled rectangle at ``y``."""
        self._pdf.set_fill_color(*colour)
        self._pdf.rect(self._left(at, width), self.y, width, height, style="F")

    def picture(
        self,
        jpeg: bytes,
        size: tuple[int, int],
        *,
        at: float,
        width: float,
        height: float,
        alt: str,
    ) -> None:
        """A photograph in a frame at ``y``, as it is, neither cut nor stretched."""
        scale = min(width / size[0], height / size[1])
        w, h = size[0] * scale, size[1] * scale
        left = self._left(at, width) + (width - w) / 2
        top = self.y + (height - h) / 2
        self._pdf.image(BytesIO(jpeg), x=left, y=top, w=w, h=h, alt_text=clean_line(alt))

    def qr(self, content: str, *, side: float) -> None:
        """A QR code at ``y``, where reading begins."""
        matrix = segno.make_qr(content, error="m").matrix
        module = side / len(matrix)
        left = self._left(0.0, side)
        self._pdf.set_fill_color(*INK)
        for row, modules in enumerate(matrix):
            start = None
            for column, dark in enumerate([*modules, 0]):
                if dark and start is None:
                    start = column
                elif not dark and start is not None:
                    x, wide = left + start * module, (column - start) * module
                    self._pdf.rect(x, self.y + row * module, wide, module, style="F")
                    start = None

    def number_pages(self, template: str, reference: str) -> None:
        """Put the reference and the page's number below every page."""
        small = Type(8, INK_2)
        count = self._pdf.pages_count
        for number in range(1, count + 1):
            self._pdf.page = number
            self._pdf.current_font_is_set_on_page = False
            self.y = _BOTTOM + 4
            self.rule()
            self.y += 1.5
            self.write(clean_line(reference), small, literal=True)
            said = template.replace("{number}", str(number)).replace("{count}", str(count))
            self.write(said, small, at=WIDTH - self._width(said, small), literal=True)

    def _left(self, at: float, width: float) -> float:
        return MARGIN + WIDTH - at - width if self._rtl else MARGIN + at

    def _width(self, text: str, type_: Type) -> float:
        key = (text, type_.size, type_.style)
        if key not in self._widths:
            if len(self._widths) > _KEPT_WIDTHS:
                self._widths.clear()
            runs = runs_of(text, rtl=self._rtl, family_of=self._book.family_of)
            self._widths[key] = sum(
                self._run_width(run.text, run.family, type_, rtl=run.is_rtl) for run in runs
            )
        return self._widths[key]

    def _run_width(self, text: str, family: str, type_: Type, *, rtl: bool) -> float:
        self._set(family, type_, rtl=rtl)
        return self._pdf.get_string_width(text)

    def _set(self, family: str, type_: Type, *, rtl: bool) -> None:
        self._pdf.set_font(family, type_.style, type_.size)
        self._pdf.set_text_shaping(True, direction="rtl" if rtl else "ltr")
