"""PURE. Scans as carriers send them in tables: read row by row, told by line, exported safely."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from cases.tracking import Scan, ScanStatus
from cases.tracking_words import status_of
from runtime.errors import CaseError

MAX_CSV_BYTES: Final = 750_000
MAX_ROWS: Final = 5_000
_MAX_CELL_CHARS: Final = 200
_COLUMNS: Final[Mapping[str, str]] = {
    "tracking_number": "number", "tracking number": "number", "tracking": "number",
    "sendungsnummer": "number", "运单号": "number", "单号": "number",
    "número de seguimiento": "number",
    "status": "status", "state": "status", "状态": "status", "estado": "status",
    "at": "at", "time": "at", "date": "at", "timestamp": "at", "zeit": "at", "datum": "at",
    "时间": "at", "日期": "at", "fecha": "at",
    "place": "place", "location": "place", "ort": "place", "地点": "place", "lugar": "place",
}  # fmt: skip
_NEEDED: Final = ("number", "status", "at")
_TIMES: Final = ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class ScanRow:
    """One line that can be read."""

    line: int
    tracking_number: str
    scan: Scan
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BadRow:
    """One line that cannot be used, and why, in a sentence."""

    line: int
    why: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A whole file: every line is in one of the two."""

    head: tuple[str, ...]
    rows: list[ScanRow]
    bad: list[BadRow]


def decode(content: bytes) -> str:
    """The text of a file: UTF-8 or UTF-16 with its mark, UTF-8 without, else GB 18030.

    Raises:
        CaseError: ``bad_csv`` (422).
    """
    if len(content) > MAX_CSV_BYTES:
        raise _bad(f"it has more than {MAX_CSV_BYTES // 1000} kB")
    marked = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return text
    raise _bad("it is no text in UTF-8, UTF-16 or GB 18030")


def read_table(content: bytes, own: Mapping[str, ScanStatus], zone: ZoneInfo) -> Table:
    """Every line of a file; times without a zone are in ``zone``.

    Raises:
        CaseError: ``bad_csv`` (422): no text, no rows, too many, or a column that is missing.
    """
    text = decode(content)
    first = text.lstrip("\r\n").splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    head: tuple[str, ...] | None = None
    places: dict[str, int] = {}
    rows: list[ScanRow] = []
    bad: list[BadRow] = []
    try:
        for raw in reader:
            cells = tuple(cell.strip() for cell in raw)
            if not any(cells):
                continue
            if head is None:
                head, places = cells, _places(cells)
                continue
            if len(rows) + len(bad) >= MAX_ROWS:
                raise _bad(f"it has more than {MAX_ROWS} rows")
            read = _row(reader.line_num, cells, places, own, zone)
            if isinstance(read, BadRow):
                bad.append(read)
            else:
                rows.append(read)
    except csv.Error as error:
        raise _bad(f"line {reader.line_num} cannot be read: {error}") from error
    if head is None or not (rows or bad):
        raise _bad("it has no rows")
    return Table(head, rows, bad)


def write_table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table as text, with no cell that a spreadsheet would take for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([harmless(cell) for cell in head])
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
    return out.getvalue()


def harmless(cell: str) -> str:
    """A cell as text even where a spreadsheet would calculate it."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


def _places(head: tuple[str, ...]) -> dict[str, int]:
    places: dict[str, int] = {}
    for at, name in enumerate(head):
        known = _COLUMNS.get(name.casefold())
        if known is not None:
            if known in places:
                raise _bad(f"two columns say the same: {name}")
            places[known] = at
    missing = [name for name in _NEEDED if name not in places]
    if missing:
        named = {"number": "tracking_number", "status": "status", "at": "at"}
        raise _bad(f"a column is missing: {', '.join(named[one] for one in missing)}")
    return places


def _row(
    line: int,
    cells: tuple[str, ...],
    places: Mapping[str, int],
    own: Mapping[str, ScanStatus],
    zone: ZoneInfo,
) -> ScanRow | BadRow:
    def cell(name: str) -> str:
        at = places.get(name)
        return cells[at] if at is not None and at < len(cells) else ""

    if any(len(one) > _MAX_CELL_CHARS or not one.isprintable() for one in cells):
        return BadRow(line, "A cell is too long or holds what cannot be shown.", cells)
    number, word = cell("number"), cell("status")
    if not 4 <= len(number) <= 64:
        return BadRow(line, "The tracking number has 4 to 64 characters.", cells)
    status = status_of(word, own)
    if status is None:
        return BadRow(line, f"The status {word!r} is not known.", cells)
    at = _time(cell("at"), zone)
    if at is None:
        return BadRow(line, f"The time {cell('at')!r} cannot be read.", cells)
    return ScanRow(line, number, Scan(status, at, cell("place")[:100], word[:100]), cells)


def _time(text: str, zone: ZoneInfo) -> datetime | None:
    found = None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        for shape in _TIMES:
            try:
                found = datetime.strptime(text, shape).replace(tzinfo=zone)
                break
            except ValueError:
                continue
    if found is None or not 2000 <= found.year < 2200:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _bad(why: str) -> CaseError:
    return CaseError("bad_csv", f"This table cannot be used: {why}.", status=422)
