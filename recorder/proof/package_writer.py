"""Writing a package: entries one after another into a file, each digest noted for the statement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, BinaryIO
from zlib import crc32

from recorder.proof.zip_form import Entry, directory, is_plain_name, local_header


class PackageWriter:
    """Writes entries in order; the same entries always give the same bytes. It blocks."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._at = 0
        self._entries: list[Entry] = []
        self.files: list[dict[str, Any]] = []
        """What the package's statement lists of the entries so far, by path."""

    def add(self, path: str, content: bytes) -> None:
        """Write a small file, with its digest in the statement."""
        self._put(path, content)
        self._list({"path": path, "bytes": len(content), "sha256": sha256(content).hexdigest()})

    @contextmanager
    def recording(self, path: str, size: int) -> Iterator[RecordingPart]:
        """Write a recording of ``size`` bytes, given in parts; the manifest has its digests.

        Raises:
            ValueError: other than ``size`` bytes were given.
        """
        # The checksum stands before the bytes that it is of, so the header is written twice.
        self._file.write(local_header(path, size, 0))
        part = RecordingPart(self._file)
        yield part
        if part.size != size:
            raise ValueError(f"{path}: {part.size} bytes instead of {size}")
        self._file.seek(self._at)
        self._file.write(local_header(path, size, part.crc))
        self._file.seek(0, 2)
        self._note(path, size, part.crc)
        self._list({"path": path, "bytes": size})

    def close(self, path: str, statement: bytes) -> None:
        """Write the statement that lists the others, and what ends the file."""
        self._put(path, statement)
        self._file.write(directory(self._entries))

    def _put(self, path: str, content: bytes) -> None:
        crc = crc32(content)
        self._file.write(local_header(path, len(content), crc) + content)
        self._note(path, len(content), crc)

    def _note(self, path: str, size: int, crc: int) -> None:
        assert is_plain_name(path), path
        self._entries.append(Entry(path, size, crc, self._at))
        self._at = self._entries[-1].end

    def _list(self, file: dict[str, Any]) -> None:
        self.files.append(file)
        self.files.sort(key=lambda one: str(one["path"]))


class RecordingPart:
    """Takes a recording's bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = 0
        self.crc = 0

    def write(self, content: bytes) -> None:
        """Append."""
        self._file.write(content)
        self.size += len(content)
        self.crc = crc32(content, self.crc)
