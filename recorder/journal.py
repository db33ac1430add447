"""The journal of an open segment: fragments appended and made durable one by one.

A record is u32 length, u32 CRC-32 of what follows, a JSON header, a newline, the
fragment's bytes. Reading stops at the first record that is torn or altered.
"""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import Any

from runtime.durable_files import sync_directory

_PREFIX = Struct("!II")
_MAX_RECORD_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class JournalRecord:
    """One fragment as the journal holds it."""

    header: dict[str, Any]
    body: bytes


class Journal:
    """Appends to one journal file; a failed append leaves what was durable before it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._durable_bytes = 0
        self._descriptor: int | None = None

    def append(self, header: dict[str, Any], body: bytes) -> None:
        """Write one record and wait until it is durable.

        Raises:
            OSError: nothing was added; the same append may be tried again.
        """
        text = json.dumps(header, separators=(",", ":")).encode() + b"\n"
        record = b"".join(
            (
                _PREFIX.pack(len(text) + len(body), zlib.crc32(body, zlib.crc32(text))),
                text,
                body,
            )
        )
        descriptor = self._descriptor
        if descriptor is None:
            fresh = not self.path.exists()
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._descriptor = descriptor
            if fresh:
                sync_directory(self.path.parent)
        try:
            # After a failed fsync the kernel may forget what was dirty, so the whole
            # record is written again at the same place.
            written = 0
            while written < len(record):
                written += os.pwrite(
                    descriptor, record[written:] if written else record,
                    self._durable_bytes + written,
                )  # fmt: skip
            os.fdatasync(descriptor)
        except OSError:
            self.close()
            raise
        self._durable_bytes += len(record)

    def close(self) -> None:
        """Close the file; it stays where it is."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def read_journal(path: Path) -> list[JournalRecord]:
    """The whole records of a journal, up to the first torn or altered one."""
    content = path.read_bytes()
    records = []
    position = 0
    while position + _PREFIX.size <= len(content):
        length, checksum = _PREFIX.unpack_from(content, position)
        position += _PREFIX.size
        payload = content[position : position + length]
        if length > _MAX_RECORD_BYTES or len(payload) < length or zlib.crc32(payload) != checksum:
            break
        position += length
        text, _, body = payload.partition(b"\n")
        try:
            header = json.loads(text)
        except ValueError:
            break
        records.append(JournalRecord(header, body))
    return records
