"""A package in a file or in memory, as the verifier reads it."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self


class FileBytes:
    """A file on disk; it blocks. Reads past a file that shrinks meanwhile give less."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._size = os.fstat(self._descriptor).st_size

    @property
    def size(self) -> int:
        """Its length when it was opened."""
        return self._size

    def read(self, start: int, end: int) -> bytes:
        """A part of it."""
        return os.pread(self._descriptor, end - start, start)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)


class MemoryBytes:
    """Bytes in memory."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    @property
    def size(self) -> int:
        """Its length."""
        return len(self._content)

    def read(self, start: int, end: int) -> bytes:
        """A part of it."""
        return self._content[start:end]
