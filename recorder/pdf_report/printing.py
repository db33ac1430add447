"""A report as PDF, made in a confined child process: its words and pictures came from strangers.

``python -m recorder.pdf_report.printing`` reads a document, a line of lengths and photographs
from its standard input and writes the file. The same input gives the same bytes.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import structlog

from recorder.pdf_report.blocks import DOCUMENT, Document, Heading
from recorder.pdf_report.font_book import FontBook
from recorder.pdf_report.layout import Layout
from recorder.pdf_report.run_printer import RunPrinter
from recorder.pdf_report.sheet import Sheet
from recorder.pdf_report.words import RIGHT_TO_LEFT
from runtime.confined import confine, run_apart

log = structlog.get_logger()

_LIMIT_S: Final = 240.0
_CPU_S: Final = 60
_OPEN_FILES: Final = 400
_TRIES: Final = 2
"""A machine out of breath is given a second chance."""


async def print_apart(document: Document, photographs: Sequence[bytes]) -> bytes | None:
    """The PDF of a document; None, and a line in the log, when it cannot be made."""
    lengths = json.dumps([len(one) for one in photographs]).encode()
    content = b"\n".join([DOCUMENT.dump_json(document), lengths, b"".join(photographs)])
    for _ in range(_TRIES):
        pdf = await run_apart(__name__, content=content, limit_s=_LIMIT_S)
        if pdf is not None:
            return pdf
    log.error("report could not be printed", reference=document.reference)
    return None


def print_document(document: Document, photographs: Sequence[bytes]) -> bytes:
    """The PDF of a document; blocks.

    Raises:
        SetupError: the front end, of which the fonts are a part, was not built.
    """
    pdf = RunPrinter(format="A4")
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    pdf.c_margin = 0
    # A stranger's "{nb}" is only text.
    pdf.str_alias_nb_pages = ""
    pdf.set_creation_date(datetime.fromisoformat(document.made_at))
    pdf.set_title(document.title)
    pdf.set_lang(document.language)
    pdf.set_creator("Proofcall")
    headings = [block.text for block in document.blocks if isinstance(block, Heading)]
    book = FontBook(pdf, _characters(document.model_dump()), bold="".join(headings))
    sheet = Sheet(pdf, book, rtl=document.language in RIGHT_TO_LEFT)
    Layout(sheet, photographs).put_all(document.blocks)
    sheet.number_pages(document.page, document.reference)
    return bytes(pdf.output())


def _characters(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _characters(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _characters(one)


def main() -> None:
    """The child process."""
    warnings.simplefilter("ignore")
    confine(open_files=_OPEN_FILES, cpu_s=_CPU_S)
    head, lengths, rest = sys.stdin.buffer.read().split(b"\n", 2)
    photographs, at = [], 0
    for length in json.loads(lengths):
        photographs.append(rest[at : at + length])
        at += length
    sys.stdout.buffer.write(print_document(DOCUMENT.validate_json(head), photographs))


if __name__ == "__main__":
    main()
