"""Keys that lie outside the database, so that erasing one reaches every backup of it.

Each case has one: without it what the database holds of the case's keys opens nothing. A file
each, in a directory that no backup may keep for longer than erased data may live
(docs/operations.md). What was destroyed leaves a mark, so that a directory that is merely not
there is never taken for an erasure.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runtime.durable_files import sync_directory
from runtime.errors import CaseError, SetupError

KEY_BYTES: Final = 32
ID_BYTES: Final = 16


class KeyDestroyed(CaseError):  # noqa: N818 - the name says what was done
    """What was asked for has been erased (410 ``erased``)."""

    def __init__(self) -> None:
        super().__init__("erased", "This has been erased.", status=410)


@dataclass(frozen=True, slots=True)
class ErasureKey:
    """A key and the name by which it is found and destroyed."""

    id: bytes
    key: bytes


class ErasureKeys:
    """A directory of them; every method blocks on the disk."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def make(self) -> ErasureKey:
        """A new key, durable before anything is encrypted with it."""
        made = ErasureKey(os.urandom(ID_BYTES), os.urandom(KEY_BYTES))
        path = self._path(made.id)
        if not path.parent.is_dir():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            sync_directory(self._root)
        _write(path, made.key, os.O_EXCL)
        sync_directory(path.parent)
        return made

    def read(self, key_id: bytes) -> ErasureKey:
        """The key of that name.

        Raises:
            KeyDestroyed: it was destroyed.
            SetupError: it never was here: another directory, or one that is not mounted.
        """
        path = self._path(key_id)
        # The mark first: it is written before the key goes.
        if not _mark(path).exists():
            try:
                key = path.read_bytes()
            except FileNotFoundError:
                key = b""
            if len(key) == KEY_BYTES:
                return ErasureKey(key_id, key)
            if not _mark(path).exists():
                raise SetupError(f"{path} is missing: is this the directory of erasure keys?")
        raise KeyDestroyed

    def destroy(self, key_id: bytes) -> None:
        """Make a key unreadable for good; may be done again, and after a kill in the middle."""
        path = self._path(key_id)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(_mark(path), b"", os.O_TRUNC)
        sync_directory(path.parent)
        if path.exists():
            _write(path, bytes(KEY_BYTES), 0)
            path.unlink()
            sync_directory(path.parent)

    def _path(self, key_id: bytes) -> Path:
        name = key_id.hex()
        return self._root / name[:2] / name[2:]


def _mark(path: Path) -> Path:
    return path.with_suffix(".destroyed")


def _write(path: Path, content: bytes, how: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | how
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
