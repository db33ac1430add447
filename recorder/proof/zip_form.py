"""PURE. The one form in which a package is a ZIP: stored entries, nothing between them, no date.

Since every header follows from names, sizes and checksums, a reader makes the headers again
and compares: no bit of the container is free, and nothing can be hidden in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from struct import pack, unpack_from
from typing import Final

MAX_ENTRIES: Final = 20_000
MAX_NAME_BYTES: Final = 300

_LIMIT: Final = 0xFFFFFFFF
_UTF8: Final = 0x0800
# 1980-01-01 00:00, the earliest that a ZIP can say.
_DATE: Final = 0x0021
_MADE_BY: Final = 0x032D
_FILE_MODE: Final = 0o100644 << 16
_END_BYTES: Final = 22
_END64_BYTES: Final = 76
_CENTRAL_BYTES: Final = 46


class BadZip(ValueError):  # noqa: N818 - it says what was found
    """Not a ZIP of this form; ``at`` is about the byte that shows it."""

    def __init__(self, at: int) -> None:
        super().__init__(f"not in the form of a package at byte {at}")
        self.at = at


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: its bytes are ``size`` from ``start``; ``offset`` is where its header begins."""

    name: str
    size: int
    crc: int
    offset: int

    @property
    def start(self) -> int:
        """Where its bytes begin."""
        return self.offset + len(local_header(self.name, self.size, self.crc))

    @property
    def end(self) -> int:
        """Where its bytes end."""
        return self.start + self.size


def is_plain_name(name: str) -> bool:
    """Whether a name is a relative path of letters, digits, ``_``, ``-`` and inner dots."""
    return 0 < len(name) <= MAX_NAME_BYTES and all(
        part
        and part[0] != "."
        and part.isascii()
        and part.replace("_", "a").replace("-", "a").replace(".", "a").isalnum()
        for part in name.split("/")
    )


def local_header(name: str, size: int, crc: int) -> bytes:
    """What stands before an entry's bytes."""
    encoded = name.encode()
    big = size >= _LIMIT
    extra = pack("<HHQQ", 1, 16, size, size) if big else b""
    shown = _LIMIT if big else size
    return (
        pack(
            "<4sHHHHHIIIHH",
            b"PK\x03\x04",
            45 if big else 20,
            _UTF8,
            0,
            0,
            _DATE,
            crc,
            shown,
            shown,
            len(encoded),
            len(extra),
        )
        + encoded
        + extra
    )


def directory(entries: Sequence[Entry]) -> bytes:
    """What stands behind the last entry's bytes."""
    central = b"".join(_central(entry) for entry in entries)
    start = entries[-1].end if entries else 0
    tail = b""
    if start >= _LIMIT:
        tail = pack(
            "<4sQHHIIQQQQ",
            b"PK\x06\x06",
            44,
            45,
            45,
            0,
            0,
            len(entries),
            len(entries),
            len(central),
            start,
        ) + pack("<4sIQI", b"PK\x06\x07", 0, start + len(central), 1)
    end = pack(
        "<4sHHHHIIH",
        b"PK\x05\x06",
        0,
        0,
        len(entries),
        len(entries),
        len(central),
        min(start, _LIMIT),
        0,
    )
    return central + tail + end


def read_entries(read: Callable[[int, int], bytes], total: int) -> list[Entry]:
    """The entries of a package of ``total`` bytes; ``read(start, end)`` gives a part of it.

    Every header is compared with the one that it must be. Checksums are not computed here.

    Raises:
        BadZip: any byte outside the entries' contents is not what it must be, or a name
            is not plain, or comes twice.
    """
    if total < _END_BYTES:
        raise BadZip(0)
    end = read(total - _END_BYTES, total)
    signature, count, central_bytes = end[:4], *unpack_from("<HI", end, 10)
    (start,) = unpack_from("<I", end, 16)
    if signature != b"PK\x05\x06" or count > MAX_ENTRIES:
        raise BadZip(total - _END_BYTES)
    behind = _END_BYTES
    if start == _LIMIT:
        behind += _END64_BYTES
        if total < behind:
            raise BadZip(0)
        (start,) = unpack_from("<Q", read(total - behind, total), 48)
    if start + central_bytes + behind != total:
        raise BadZip(total - behind)
    if central_bytes > count * (_CENTRAL_BYTES + MAX_NAME_BYTES + 32):
        raise BadZip(total - behind)
    tail = read(start, total)
    entries = _central_entries(tail, count, start)
    names = {entry.name for entry in entries}
    if len(names) != len(entries) or directory(entries) != tail:
        raise BadZip(start)
    at = 0
    for entry in entries:
        head = local_header(entry.name, entry.size, entry.crc)
        if entry.offset != at or entry.end > start or read(at, at + len(head)) != head:
            raise BadZip(at)
        at = entry.end
    if at != start:
        raise BadZip(at)
    return entries


def _central(entry: Entry) -> bytes:
    encoded = entry.name.encode()
    big, far = entry.size >= _LIMIT, entry.offset >= _LIMIT
    fields = [*([entry.size, entry.size] if big else []), *([entry.offset] if far else [])]
    extra = pack(f"<HH{len(fields)}Q", 1, 8 * len(fields), *fields) if fields else b""
    shown = _LIMIT if big else entry.size
    return (
        pack(
            "<4sHHHHHHIIIHHHHHII",
            b"PK\x01\x02",
            _MADE_BY,
            45 if fields else 20,
            _UTF8,
            0,
            0,
            _DATE,
            entry.crc,
            shown,
            shown,
            len(encoded),
            len(extra),
            0,
            0,
            0,
            _FILE_MODE,
            _LIMIT if far else entry.offset,
        )
        + encoded
        + extra
    )


def _central_entries(tail: bytes, count: int, start: int) -> list[Entry]:
    entries, at = [], 0
    for _ in range(count):
        if at + _CENTRAL_BYTES > len(tail):
            raise BadZip(start + at)
        crc, _, size, name_bytes, extra_bytes = unpack_from("<IIIHH", tail, at + 16)
        (offset,) = unpack_from("<I", tail, at + 42)
        name_at = at + _CENTRAL_BYTES
        extra_at = name_at + name_bytes
        fields_at = extra_at + 4
        wanted = [size == _LIMIT, size == _LIMIT, offset == _LIMIT]
        if extra_bytes != (4 + 8 * sum(wanted) if any(wanted) else 0):
            raise BadZip(start + at)
        if extra_at + extra_bytes > len(tail):
            raise BadZip(start + at)
        if size == _LIMIT:
            (size,) = unpack_from("<Q", tail, fields_at)
            fields_at += 16
        if offset == _LIMIT:
            (offset,) = unpack_from("<Q", tail, fields_at)
        try:
            name = tail[name_at:extra_at].decode("ascii")
        except UnicodeDecodeError as error:
            raise BadZip(start + at) from error
        if not is_plain_name(name):
            raise BadZip(start + at)
        entries.append(Entry(name, size, crc, offset))
        at = extra_at + extra_bytes
    return entries
